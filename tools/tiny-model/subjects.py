"""What each subject looks like: one function a subject, drawn in its own unit square (x to the right, y up from the ground)."""

import math

WINDOW = (176, 214, 236)
LIT_WINDOW = (255, 226, 120)
CHROME = (198, 202, 210)
RUBBER = (30, 30, 36)
CREAM = (250, 248, 238)


def mix(a, b, t):
    return tuple(int(x + (y - x) * t) for x, y in zip(a, b))


def lighter(colour, t=0.35):
    return mix(colour, (255, 255, 255), t)


def darker(colour, t=0.35):
    return mix(colour, (0, 0, 0), t)


def is_pale(colour):
    return sum(colour) > 690


class Pen:
    """Draws in a subject's own units; `size` is the pixels of one unit, (`centre`, `ground`) the pixel of its origin.

    Nothing is mirrored: learnt both ways round, a car often came out with two rears and looked like a bus.
    """

    def __init__(self, draw, centre, ground, size, tone, outline, lamps_lit):
        self.draw = draw
        self.centre = centre
        self.ground = ground
        self.size = size
        self.tone = tone
        self.outline = outline
        self.lamps_lit = lamps_lit

    def point(self, x, y):
        return (self.centre + x * self.size, self.ground - y * self.size)

    def bounds(self, x0, y0, x1, y1):
        return (*self.point(x0, y1), *self.point(x1, y0))

    def edge(self, bare):
        """`bare` leaves out a drawing's outline, for parts too small to carry one."""
        if self.outline is None or bare:
            return {}
        return dict(outline=self.outline, width=4)

    def polygon(self, colour, *points, bare=False, raw=False):
        fill = colour if raw else self.tone(colour)
        self.draw.polygon([self.point(*p) for p in points], fill=fill, **self.edge(bare))

    def box(self, colour, x0, y0, x1, y1, radius=0, bare=False, raw=False):
        fill = colour if raw else self.tone(colour)
        self.draw.rounded_rectangle(self.bounds(x0, y0, x1, y1), radius * self.size, fill=fill, **self.edge(bare))

    def ellipse(self, colour, x, y, rx, ry=None, bare=False, raw=False):
        ry = ry or rx
        fill = colour if raw else self.tone(colour)
        self.draw.ellipse(self.bounds(x - rx, y - ry, x + rx, y + ry), fill=fill, **self.edge(bare))

    def dome(self, colour, x, y, rx, ry):
        self.draw.chord(self.bounds(x - rx, y - ry, x + rx, y + ry), 180, 360, fill=self.tone(colour), **self.edge(False))

    def line(self, colour, width, *points):
        self.draw.line([self.point(*p) for p in points], fill=self.tone(colour), width=max(3, int(width * self.size)), joint="curve")

    def lamp(self, colour, lit):
        """Arguments for a part that shines at night: its own light is not dimmed with the scene."""
        return dict(colour=lit, raw=True) if self.lamps_lit else dict(colour=colour)


def car(pen, colour, random):
    """A closed tourer of about 1930, from the side: high cabin, long bonnet, round fenders, running board, spoked wheels."""
    shade = darker(colour, 0.3)
    if random.random() < 0.7:
        pen.ellipse(RUBBER, -0.49, 0.34, 0.045, 0.13)  # the spare wheel at the back
    pen.box(darker(colour, 0.55), -0.3, 0.1, 0.34, 0.2, bare=True)
    pen.box(colour, -0.46, 0.15, 0.08, 0.62, 0.05)
    pen.polygon(colour, (0.04, 0.15), (0.04, 0.44), (0.4, 0.41), (0.4, 0.15))
    pen.box(shade, -0.49, 0.6, 0.1, 0.68, 0.035)
    pen.box(x0=-0.41, y0=0.42, x1=-0.22, y1=0.58, radius=0.02, **pen.lamp(WINDOW, LIT_WINDOW))
    pen.box(x0=-0.17, y0=0.42, x1=0.03, y1=0.58, radius=0.02, **pen.lamp(WINDOW, LIT_WINDOW))
    for x in (0.15, 0.22, 0.29):
        pen.line(shade, 0.022, (x, 0.23), (x, 0.36))
    pen.box(CHROME, 0.38, 0.14, 0.44, 0.45, 0.02)
    for x in (-0.3, 0.3):
        pen.dome(shade, x, 0.13, 0.2, 0.2)
    pen.box(shade, -0.2, 0.09, 0.2, 0.14, bare=True)
    pen.box(CHROME, 0.42, 0.09, 0.52, 0.14, 0.02, bare=True)
    pen.ellipse(CHROME, 0.45, 0.35, 0.066)
    pen.ellipse(x=0.46, y=0.35, rx=0.046, bare=True, **pen.lamp((255, 246, 196), (255, 246, 180)))
    for x in (-0.3, 0.3):
        pen.ellipse(RUBBER, x, 0.14, 0.145, bare=True)
        pen.ellipse(CREAM, x, 0.14, 0.1, bare=True)
        pen.ellipse((96, 96, 104), x, 0.14, 0.075, bare=True)
        for k in range(3):
            dx = 0.08 * math.cos(k * math.pi / 3)
            dy = 0.08 * math.sin(k * math.pi / 3)
            pen.line(CREAM, 0.026, (x - dx, 0.14 - dy), (x + dx, 0.14 + dy))


def house(pen, colour, random):
    roof = random.choice([(124, 60, 46), (92, 92, 106)]) if sum(colour) > 290 else (196, 150, 120)
    wall = random.uniform(0.42, 0.48)
    if random.random() < 0.6:
        pen.box((136, 84, 70), 0.18, wall, 0.29, wall + 0.36)
    pen.box(colour, -0.42, 0, 0.42, wall)
    pen.polygon(roof, (-0.5, wall), (0, wall + 0.38), (0.5, wall))
    door = (96, 60, 38) if sum(colour) > 290 else (206, 170, 120)
    pen.box(door, -0.09, 0, 0.09, 0.29)
    for x in (-0.34, 0.14):
        pen.box(CREAM, x - 0.025, 0.125, x + 0.225, 0.355, bare=True)
        pen.box(x0=x, y0=0.15, x1=x + 0.2, y1=0.33, **pen.lamp(WINDOW, LIT_WINDOW))
    pen.ellipse(x=0, y=wall + 0.15, rx=0.07, **pen.lamp(WINDOW, LIT_WINDOW))


def tree(pen, colour, random):
    pen.polygon((112, 76, 46), (-0.09, 0), (-0.06, 0.45), (0.06, 0.45), (0.09, 0))
    if random.random() < 0.3:
        for i in range(3):
            pen.polygon(mix(darker(colour, 0.25), colour, i / 2), (-0.38 + i * 0.08, 0.24 + i * 0.22), (0, 0.62 + i * 0.2), (0.38 - i * 0.08, 0.24 + i * 0.22))
        return
    for x, y, radius, shade in ((-0.2, 0.5, 0.21, 0.22), (0.2, 0.5, 0.21, 0.22), (-0.13, 0.69, 0.22, 0.08), (0.14, 0.7, 0.21, 0.08), (0, 0.58, 0.24, 0)):
        pen.ellipse(darker(colour, shade), x, y, radius, bare=radius == 0.24)


def boat(pen, colour, random):
    pen.line((116, 84, 60), 0.04, (0, 0.2), (0, 1.0))
    sail = random.choice([(252, 250, 244), (252, 250, 244), (248, 230, 196)])
    pen.polygon(sail, (0.04, 0.32), (0.04, 0.98), (0.42, 0.32))
    pen.polygon(darker(sail, 0.12), (-0.04, 0.32), (-0.04, 0.88), (-0.34, 0.32))
    pen.polygon(colour, (-0.48, 0.27), (0.5, 0.27), (0.34, 0.0), (-0.34, 0.0))
    pen.polygon(lighter(colour, 0.35), (-0.48, 0.27), (0.5, 0.27), (0.47, 0.21), (-0.45, 0.21), bare=True)


def mountain(pen, colour, random):
    peak = random.uniform(-0.12, 0.12)
    pen.polygon(darker(colour, 0.3), (-0.78, 0), (-0.42, 0.46), (-0.05, 0))
    pen.polygon(darker(colour, 0.38), (0.02, 0), (0.42, 0.5), (0.78, 0))
    pen.polygon(colour, (-0.6, 0), (peak, 0.84), (0.6, 0))
    pen.polygon(darker(colour, 0.25), (peak, 0.84), (0.6, 0), (0.12, 0), (peak + 0.07, 0.42), bare=True)
    snow = [(peak, 0.84), (peak * 0.62 - 0.22, 0.52), (peak - 0.07, 0.6), (peak, 0.5), (peak + 0.09, 0.6), (peak * 0.62 + 0.22, 0.52)]
    pen.polygon((252, 252, 255), *snow)


def cat(pen, colour, random):
    """Sitting, from the front, the tail round to the side."""
    shade = darker(colour, 0.2) if sum(colour) > 200 else lighter(colour, 0.16)
    bib = lighter(colour, 0.5) if not is_pale(colour) else (226, 214, 206)
    pen.line(shade, 0.1, (0.16, 0.07), (0.36, 0.08), (0.42, 0.2), (0.4, 0.36))
    pen.ellipse(shade, 0.4, 0.38, 0.055, bare=True)
    pen.ellipse(colour, 0, 0.25, 0.27, 0.27)
    pen.ellipse(bib, 0, 0.22, 0.13, 0.19, bare=True)
    for side in (-1, 1):
        pen.ellipse(shade, side * 0.13, 0.05, 0.11, 0.06)
        pen.polygon(colour, (side * 0.28, 0.62), (side * 0.27, 0.99), (side * 0.04, 0.8))
        pen.polygon((244, 160, 172), (side * 0.23, 0.7), (side * 0.23, 0.9), (side * 0.11, 0.8), bare=True)
    pen.ellipse(colour, 0, 0.62, 0.3, 0.24)
    eyes = (150, 220, 80) if sum(colour) != 260 else (250, 220, 80)
    for side in (-1, 1):
        pen.ellipse(eyes, side * 0.125, 0.66, 0.072, 0.082, bare=True)
        pen.ellipse((16, 16, 20), side * 0.125, 0.66, 0.032, 0.075, bare=True)
    pen.ellipse(bib, 0, 0.53, 0.12, 0.075, bare=True)
    pen.polygon((226, 100, 116), (-0.05, 0.57), (0.05, 0.57), (0, 0.51), bare=True)
    whisker = (40, 40, 44) if sum(colour) > 330 else (236, 236, 236)
    for side in (-1, 1):
        pen.line(whisker, 0.018, (side * 0.15, 0.53), (side * 0.38, 0.57))
        pen.line(whisker, 0.018, (side * 0.15, 0.5), (side * 0.37, 0.46))


def fish(pen, colour, random):
    pen.polygon(darker(colour, 0.18), (-0.26, 0.36), (-0.52, 0.62), (-0.45, 0.36), (-0.52, 0.1))
    pen.polygon(darker(colour, 0.25), (-0.16, 0.52), (0.0, 0.76), (0.18, 0.55))
    pen.polygon(darker(colour, 0.25), (-0.06, 0.2), (-0.04, 0.0), (0.14, 0.18))
    pen.ellipse(colour, 0.06, 0.36, 0.4, 0.25)
    if random.random() < 0.5:
        for x in (-0.16, 0.04):
            pen.box(lighter(colour, 0.6), x, 0.19, x + 0.08, 0.53, 0.03, bare=True)
    pen.polygon(darker(colour, 0.3), (0.16, 0.36), (-0.06, 0.44), (-0.03, 0.24), bare=True)
    pen.ellipse((252, 252, 252), 0.29, 0.43, 0.07, bare=True)
    pen.ellipse((16, 16, 20), 0.305, 0.43, 0.038, bare=True)
    pen.line(darker(colour, 0.55), 0.025, (0.43, 0.28), (0.33, 0.25))


def flower(pen, colour, random):
    leaf = (58, 140, 56)
    pen.line(leaf, 0.06, (0, 0), (0.02, 0.3), (0, 0.6))
    pen.polygon(leaf, (0, 0.1), (0.14, 0.28), (0.34, 0.3), (0.2, 0.14))
    pen.polygon(darker(leaf, 0.15), (0, 0.06), (-0.14, 0.22), (-0.34, 0.24), (-0.2, 0.08))
    petals = 6
    for i in range(petals):
        angle = i * math.tau / petals
        shade = colour if i % 2 else darker(colour, 0.1)
        pen.ellipse(shade, 0.22 * math.cos(angle), 0.68 + 0.22 * math.sin(angle), 0.15)
    heart = (250, 206, 60) if not (colour[0] > 220 and 190 < colour[1] < 238 and colour[2] < 120) else (124, 76, 38)
    pen.ellipse(heart, 0, 0.68, 0.12)


def rocket(pen, colour, random):
    trim = (240, 242, 246) if not is_pale(colour) else (110, 120, 140)
    if random.random() < 0.8:
        pen.polygon((255, 140, 24), (-0.11, 0.2), (-0.06, 0.02), (0, -0.1), (0.06, 0.02), (0.11, 0.2), raw=True, bare=True)
        pen.polygon((255, 236, 120), (-0.055, 0.2), (0, 0.03), (0.055, 0.2), raw=True, bare=True)
    pen.polygon(trim, (-0.13, 0.46), (-0.36, 0.12), (-0.12, 0.2))
    pen.polygon(darker(trim, 0.15), (0.13, 0.46), (0.36, 0.12), (0.12, 0.2))
    pen.box((84, 88, 98), -0.09, 0.14, 0.09, 0.22)
    pen.polygon(colour, (-0.13, 0.19), (-0.2, 0.44), (-0.18, 0.7), (0.18, 0.7), (0.2, 0.44), (0.13, 0.19))
    pen.polygon(darker(colour, 0.2), (0.05, 0.19), (0.09, 0.44), (0.08, 0.7), (0.18, 0.7), (0.2, 0.44), (0.13, 0.19), bare=True)
    pen.polygon(trim, (-0.18, 0.69), (-0.12, 0.87), (0, 1.03), (0.12, 0.87), (0.18, 0.69))
    pen.ellipse(trim, 0, 0.53, 0.105)
    pen.ellipse(x=0, y=0.53, rx=0.07, bare=True, **pen.lamp(WINDOW, LIT_WINDOW))


def castle(pen, colour, random):
    wall = mix((190, 184, 176), colour, 0.82)
    roof = darker(colour, 0.42) if not is_pale(colour) else (120, 124, 140)
    if sum(colour) < 180:
        roof = (96, 96, 110)
    pen.box(darker(wall, 0.08), -0.15, 0.3, 0.15, 0.68)
    pen.polygon(roof, (-0.2, 0.67), (0, 1.0), (0.2, 0.67))
    for i in range(4):
        pen.box(wall, -0.3 + i * 0.17, 0.36, -0.21 + i * 0.17, 0.46, bare=True)
    pen.box(wall, -0.34, 0, 0.34, 0.4)
    for side in (-1, 1):
        x = side * 0.38
        pen.box(darker(wall, 0.1), x - 0.12, 0, x + 0.12, 0.56)
        pen.polygon(roof, (x - 0.17, 0.55), (x, 0.86), (x + 0.17, 0.55))
        pen.box(x0=x - 0.04, y0=0.34, x1=x + 0.04, y1=0.46, bare=True, **pen.lamp((54, 58, 80), LIT_WINDOW))
    pen.box(x0=-0.04, y0=0.5, x1=0.04, y1=0.62, bare=True, **pen.lamp((54, 58, 80), LIT_WINDOW))
    gate = (78, 52, 36)
    pen.box(gate, -0.1, 0, 0.1, 0.15, bare=True)
    pen.dome(gate, 0, 0.145, 0.1, 0.1)


def balloon(pen, colour, random):
    stripe = lighter(colour, 0.62) if not is_pale(colour) else (196, 200, 212)
    for side in (-1, 1):
        pen.line((96, 76, 56), 0.02, (side * 0.22, 0.4), (side * 0.085, 0.14))
    pen.box((156, 104, 58), -0.1, 0.0, 0.1, 0.15, 0.02)
    pen.polygon(colour, (-0.33, 0.5), (-0.09, 0.24), (0.09, 0.24), (0.33, 0.5))
    pen.ellipse(colour, 0, 0.65, 0.36, 0.36)
    pen.polygon(colour, (-0.31, 0.5), (-0.09, 0.25), (0.09, 0.25), (0.31, 0.5), bare=True)
    if random.random() < 0.7:
        for side in (-1, 1):
            pen.polygon(stripe, (0, 1.0), *[(side * (0.23 * math.cos(a)), 0.65 + 0.35 * math.sin(a)) for a in (1.2, 0.8, 0.4, 0, -0.4)], (side * 0.055, 0.25), (side * 0.02, 0.25), *[(side * (0.1 * math.cos(a)), 0.65 + 0.35 * math.sin(a)) for a in (-0.4, 0, 0.4, 0.8, 1.2)], bare=True)


def robot(pen, colour, random):
    metal = (140, 146, 158) if sum(colour) > 180 else (170, 176, 188)
    for side in (-1, 1):
        pen.box(metal, side * 0.13 - 0.065, 0.03, side * 0.13 + 0.065, 0.24)
        pen.box(darker(colour, 0.3), side * 0.145 - 0.115, 0, side * 0.145 + 0.115, 0.08, 0.02)
        pen.line(metal, 0.09, (side * 0.26, 0.5), (side * 0.38, 0.4), (side * 0.38, 0.3))
        pen.ellipse(darker(colour, 0.2), side * 0.38, 0.27, 0.075)
    pen.box(metal, -0.08, 0.52, 0.08, 0.64, bare=True)
    pen.box(colour, -0.27, 0.19, 0.27, 0.57, 0.04)
    pen.box(lighter(colour, 0.5) if not is_pale(colour) else (190, 196, 206), -0.15, 0.27, 0.15, 0.48, 0.02, bare=True)
    pen.ellipse((230, 56, 48), -0.07, 0.375, 0.045, bare=True)
    pen.ellipse((60, 180, 90), 0.07, 0.375, 0.045, bare=True)
    pen.line(metal, 0.04, (0, 0.88), (0, 0.98))
    pen.ellipse((244, 70, 60), 0, 0.99, 0.055)
    pen.box(colour, -0.25, 0.61, 0.25, 0.92, 0.05)
    for side in (-1, 1):
        pen.ellipse((36, 40, 52), side * 0.115, 0.79, 0.088, bare=True)
        pen.ellipse(x=side * 0.115, y=0.79, rx=0.055, bare=True, **pen.lamp((252, 252, 220), (255, 240, 140)))
    pen.box((36, 40, 52), -0.12, 0.655, 0.12, 0.7, bare=True)


def lighthouse(pen, colour, random):
    pale = (248, 248, 244) if not is_pale(colour) else (150, 158, 174)
    pen.ellipse((128, 120, 112), 0, 0.02, 0.32, 0.08)
    bands = 5
    for i in range(bands):
        low = i / bands
        high = (i + 1) / bands
        left = 0.19 - 0.06 * low
        top = 0.19 - 0.06 * high
        pen.polygon(colour if i % 2 == 0 else pale, (-left, 0.04 + 0.66 * low), (left, 0.04 + 0.66 * low), (top, 0.04 + 0.66 * high), (-top, 0.04 + 0.66 * high))
    pen.box((62, 66, 80), -0.18, 0.7, 0.18, 0.74, bare=True)
    pen.box(x0=-0.1, y0=0.74, x1=0.1, y1=0.87, **pen.lamp((240, 240, 190), (255, 244, 150)))
    pen.dome(darker(colour, 0.2), 0, 0.865, 0.14, 0.14)
    pen.box((74, 52, 42), -0.05, 0.05, 0.05, 0.17, bare=True)


def snowman(pen, colour, random):
    snow = (247, 249, 253)
    coal = (38, 38, 44)
    for side in (-1, 1):
        pen.line((100, 70, 46), 0.035, (side * 0.18, 0.44), (side * 0.42, 0.58))
    pen.ellipse(darker(snow, 0.05), 0, 0.2, 0.28, 0.22)
    pen.ellipse(snow, 0, 0.49, 0.21, 0.18)
    pen.ellipse(snow, 0, 0.74, 0.16)
    pen.box(colour, 0.05, 0.4, 0.14, 0.62, bare=True)
    pen.box(colour, -0.17, 0.57, 0.17, 0.65, 0.03)
    pen.box(darker(colour, 0.25), -0.19, 0.84, 0.19, 0.885, bare=True)
    pen.box(colour, -0.13, 0.87, 0.13, 1.03)
    for side in (-1, 1):
        pen.ellipse(coal, side * 0.06, 0.78, 0.026, bare=True)
    pen.polygon((242, 130, 36), (0, 0.76), (0.18, 0.71), (0, 0.69), bare=True)
    for y in (0.5, 0.36, 0.22):
        pen.ellipse(coal, 0, y, 0.028, bare=True)


DRAW = dict(car=car, house=house, tree=tree, boat=boat, mountain=mountain, cat=cat, fish=fish, flower=flower, rocket=rocket,
            castle=castle, balloon=balloon, robot=robot, lighthouse=lighthouse, snowman=snowman)
