"""Draws captioned scenes: `scenes.py COUNT NAME [SEED]` writes NAME.u8 (COUNT pictures, [128, 128, 3] bytes) and NAME.json (their labels).

A name that ends in "held" may hold the subject-colour pairs of HELD, which the training data never show.
"""

import json
import multiprocessing
import random
import sys

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from backgrounds import Canvas, background
from subjects import DRAW, Pen, mix

SIDE = 128
OVERSAMPLING = 3
WIDTH = SIDE * OVERSAMPLING

SUBJECTS = "car house tree boat mountain cat fish flower rocket castle balloon robot lighthouse snowman".split()
COLOURS = dict(red=(214, 30, 34), orange=(246, 132, 16), yellow=(252, 224, 44), green=(40, 160, 62), blue=(34, 88, 222), purple=(132, 48, 184),
               pink=(252, 142, 190), white=(247, 247, 243), black=(36, 36, 42), brown=(122, 74, 40))
COLOUR_NAMES = list(COLOURS)
STYLES = "photo drawing watercolor painting".split()
TIMES = "day sunset night".split()
WEATHERS = "clear cloudy rain snow fog".split()
PLACES = "field beach lake street forest mountains desert space underwater sky sea".split()
SIZES = ["", "small", "big"]
LAND = "field beach lake street forest mountains desert".split()
LABELS = [SUBJECTS, COLOUR_NAMES, STYLES, PLACES, TIMES, WEATHERS, [1, 2, 3], SIZES]

PLACES_OF = dict(boat=["lake", "sea"], fish=["underwater"], rocket=["space", "sky", "field", "desert"], balloon=["sky", "field", "lake", "mountains"],
                 mountain=["field", "lake", "forest", "desert"], flower=["field", "lake", "forest", "mountains"], lighthouse=["beach", "sea", "beach", "lake"],
                 snowman=["field", "forest", "mountains", "street"], castle=["field", "lake", "forest", "mountains"],
                 house=["field", "beach", "lake", "street", "forest", "mountains"], robot=LAND + ["space"])
COLOURS_OF = dict(mountain=["blue", "purple", "brown", "white", "green", "black"], tree=["green", "green", "green", "orange", "red", "pink", "yellow"],
                  cat=["orange", "black", "white", "brown"] * 2 + ["blue", "pink", "yellow"], snowman=["red", "blue", "green", "purple", "yellow", "orange"])
HELD = {("car", "purple"), ("house", "green"), ("boat", "yellow"), ("robot", "pink"), ("castle", "blue"), ("balloon", "orange"), ("fish", "purple"),
        ("rocket", "green"), ("flower", "blue"), ("lighthouse", "green")}
MULTIPLE = {"tree", "boat", "cat", "fish", "flower", "balloon", "robot", "snowman", "rocket"}
DRAWN_MORE_OFTEN = ["car", "car", "house", "cat", "robot", "rocket"]

SCALE_OF = dict(car=0.86, house=0.78, boat=0.76, mountain=0.72, tree=0.84, castle=0.82, flower=0.86, lighthouse=0.84, rocket=0.74, balloon=0.76, cat=0.78,
                fish=0.76, robot=0.8, snowman=0.8)
SCALE_OF_SIZE = {"small": 0.7, "": 1.0, "big": 1.12}
SCALE_OF_COUNT = {1: 1.0, 2: 0.62, 3: 0.45}
TINT = dict(day=(1, 1, 1), sunset=(1.02, 0.86, 0.8), night=(0.56, 0.6, 0.84))
SUBJECT_TINT = dict(day=(1, 1, 1), sunset=(1.0, 0.92, 0.88), night=(0.88, 0.89, 1.0))
Y, X = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) / SIDE


def toning(style, time, weather, tint):
    """The rule that turns a thing's own colour into its colour in this style, light and weather."""

    def tone(colour, is_sky=False):
        if not is_sky:
            colour = tuple(min(255, int(v * t)) for v, t in zip(colour, tint))
            if weather == "fog":
                colour = mix(colour, (200, 205, 210) if time != "night" else (84, 90, 112), 0.25)
        return colour

    return tone


def in_style(tone, style, time, paper):
    """`paper` is how much of the sheet shines through, from 0 to 1."""

    def styled(colour, is_sky=False):
        colour = tone(colour, is_sky)
        if style == "watercolor":
            return mix(colour, (255, 252, 244), 0.75 * paper)
        if style == "drawing":
            return mix(colour, (255, 253, 244), paper if time != "night" else 0.5 * paper)
        if style == "painting":
            grey = sum(colour) / 3
            return tuple(max(0, min(255, int(grey * 0.97 + (v - grey) * 1.25))) for v in colour)
        return colour

    return styled


def smooth_noise(random, columns, rows):
    noise = np.random.RandomState(random.randrange(1 << 30)).rand(rows, columns) * 255
    large = Image.fromarray(noise.astype(np.uint8)).resize((SIDE, SIDE), Image.BICUBIC)
    return np.asarray(large, np.float32)[..., None] / 255 - 0.5


def render(random, subject, colour, style, place, time, weather, count, size):
    """The scene as [128, 128, 3] bytes."""
    outdoors = place not in ("space", "underwater")
    day = (1, 1, 1)
    outline = (44, 40, 46) if style == "drawing" else None
    ground_tone = in_style(toning(style, time, weather, TINT[time] if outdoors else day), style, time, 0.5)
    subject_tone = in_style(toning(style, time, weather, SUBJECT_TINT[time] if outdoors else day), style, time, 0.12)

    picture = Image.new("RGB", (WIDTH, WIDTH))
    canvas = Canvas(ImageDraw.Draw(picture), WIDTH, random, ground_tone, outline, 6 if style == "painting" else 32)
    horizon = background(canvas, place, time, weather, subject)
    behind = picture.reduce(OVERSAMPLING)
    if style in ("photo", "watercolor"):
        behind = behind.filter(ImageFilter.GaussianBlur(0.8))

    layer = Image.new("RGBA", (WIDTH, WIDTH), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    shade = [max(0, min(255, int(v * random.uniform(0.96, 1.04)))) for v in COLOURS[colour]]
    for x, y, scale in places_of_subjects(random, subject, place, horizon, count, size):
        if subject not in ("mountain", "balloon", "fish", "boat", "rocket") and outdoors:
            draw.ellipse((x - scale * 0.44, y - scale * 0.05, x + scale * 0.44, y + scale * 0.05), fill=(20, 24, 30, 100))
        pen = Pen(draw, x, y, scale, subject_tone, outline, time == "night" and outdoors)
        DRAW[subject](pen, tuple(shade), random)
    front = np.asarray(layer.reduce(OVERSAMPLING), np.float32)
    alpha = front[..., 3:] / 255
    front = front[..., :3]
    if style in ("photo", "painting"):
        from_left = X if random.random() < 0.5 else 1 - X
        front = front * (1.1 - 0.16 * Y - 0.08 * from_left)[..., None] + 4
    pixels = np.asarray(behind, np.float32) * (1 - alpha) + front * alpha
    pixels = falling(random, pixels, weather)
    return np.clip(medium(random, pixels, style), 0, 255).astype(np.uint8)


def places_of_subjects(random, subject, place, horizon, count, size):
    """For each of the subjects the pixel of its foot and the pixels of its unit."""
    columns = {1: [random.uniform(0.46, 0.54)], 2: [0.27, 0.73], 3: [0.185, 0.5, 0.815]}[count]
    for column in columns:
        scale = WIDTH * SCALE_OF[subject] * SCALE_OF_SIZE[size] * SCALE_OF_COUNT[count] * random.uniform(0.96, 1.04)
        jitter = WIDTH * random.uniform(-0.02, 0.02)
        if subject == "mountain":
            y = horizon + WIDTH * 0.02
        elif subject == "fish":
            y = WIDTH * 0.47 + scale * 0.38 + jitter
        elif subject == "balloon":
            y = WIDTH * 0.42 + scale * 0.5 + jitter
        elif subject == "rocket":
            y = WIDTH * 0.5 + scale * 0.46 + jitter
        elif subject == "boat":
            y = max(horizon + WIDTH * 0.1, WIDTH * 0.8) + jitter
        else:
            y = WIDTH * 0.9 + jitter
        yield column * WIDTH + jitter, y, scale


def falling(random, pixels, weather):
    """Rain or snow in front of everything, in few bold strokes."""
    if weather not in ("rain", "snow"):
        return pixels
    mask = Image.new("L", (WIDTH, WIDTH))
    draw = ImageDraw.Draw(mask)
    for _ in range(18 if weather == "rain" else 22):
        x = random.random() * WIDTH
        y = random.random() * WIDTH
        if weather == "rain":
            draw.line((x, y, x - 12, y + 48), fill=150, width=5)
        else:
            radius = random.choice([6, 7, 9])
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=240)
    mask = np.asarray(mask.reduce(OVERSAMPLING), np.float32)[..., None] / 255
    drop = (214, 222, 234) if weather == "rain" else (250, 252, 255)
    return pixels * (1 - mask) + np.array(drop) * mask


def medium(random, pixels, style):
    """What the paper, the brush or the lens adds."""
    if style == "watercolor":
        wash = smooth_noise(random, 6, 6)
        margin = np.minimum(np.minimum(X, 1 - X), np.minimum(Y, 1 - Y))[..., None]
        inside = np.clip(margin * 11 + wash, 0, 1)
        return (pixels + wash * 26) * inside + np.array((252, 249, 240)) * (1 - inside)
    if style == "photo":
        return pixels * (1.05 - 0.3 * ((X - 0.5) ** 2 + (Y - 0.5) ** 2))[..., None]
    if style == "painting":
        return pixels + smooth_noise(random, 9, 5) * 22
    return pixels


def draw_scene(random, held):
    """One picture and its labels, each label the index in LABELS."""
    subject = random.choice(SUBJECTS + DRAWN_MORE_OFTEN)
    while True:
        colour = random.choice(COLOURS_OF.get(subject, COLOUR_NAMES))
        if held or (subject, colour) not in HELD:
            break
    place = random.choice(PLACES_OF.get(subject, LAND))
    time = random.choice(["day"] * 6 + ["sunset"] * 2 + ["night"] * 2)
    weather = random.choice(["clear"] * 8 + ["cloudy", "rain", "snow", "fog"])
    style = random.choice(["photo"] * 5 + ["drawing"] * 2 + ["watercolor"] * 2 + ["painting"])
    count = random.choice([1] * 5 + [2, 2, 3, 3]) if subject in MULTIPLE else 1
    size = random.choice(["", "", "", "", "small", "big"]) if count == 1 else ""
    if place in ("space", "underwater"):
        weather = "clear"
        time = "night" if place == "space" else "day"
    attributes = (subject, colour, style, place, time, weather, count, size)
    labels = [names.index(value) for names, value in zip(LABELS, attributes)]
    return render(random, *attributes), labels


def draw_part(count, name, seed, part, parts, queue):
    pictures = np.memmap(name + ".u8", np.uint8, "r+", shape=(count, SIDE, SIDE, 3))
    labels = []
    for i in range(count * part // parts, count * (part + 1) // parts):
        pictures[i], label = draw_scene(random.Random(seed + i), name.endswith("held"))
        labels.append(label)
    queue.put((part, labels))


def main():
    count = int(sys.argv[1])
    name = sys.argv[2]
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    np.memmap(name + ".u8", np.uint8, "w+", shape=(count, SIDE, SIDE, 3))
    queue = multiprocessing.Queue()
    workers = [multiprocessing.Process(target=draw_part, args=(count, name, seed, part, 2, queue)) for part in range(2)]
    for worker in workers:
        worker.start()
    labels = dict(queue.get() for _ in workers)
    for worker in workers:
        worker.join()
    with open(name + ".json", "w") as file:
        json.dump(labels[0] + labels[1], file)


if __name__ == "__main__":
    main()
