"""What lies behind the subject: sky, weather and place, in bold shapes without fine grain."""

from subjects import darker, lighter, mix

SKY = dict(day=((64, 142, 228), (196, 226, 246)), sunset=((104, 76, 156), (255, 172, 96)), night=((20, 28, 78), (66, 80, 146)))
OVERCAST = dict(day=(178, 186, 198), sunset=(196, 154, 144), night=(56, 62, 84))
CLOUD = dict(day=(250, 252, 254), sunset=(255, 210, 186), night=(104, 112, 148))
WATER = dict(day=(48, 126, 196), sunset=(150, 108, 146), night=(28, 48, 108))


class Canvas:
    """The picture under the subject: PIL's draw, its width in pixels, and the scene's colour rules."""

    def __init__(self, draw, width, random, tone, outline, bands):
        self.draw = draw
        self.width = width
        self.random = random
        self.tone = tone
        self.edge = dict(outline=outline, width=4) if outline else {}
        self.bands = bands

    def across(self, low, high):
        return self.random.uniform(low, high) * self.width

    def disc(self, x, y, radius, fill, flat=1.0, edge=None):
        self.draw.ellipse((x - radius, y - radius * flat, x + radius, y + radius * flat), fill=fill, **(edge or {}))

    def gradient(self, top, bottom, height):
        """An oil painting's sky has few broad bands; every other style's is smooth to the eye."""
        for i in range(self.bands):
            y = height * i / self.bands
            self.draw.rectangle((0, y, self.width, height * (i + 1) / self.bands + 1), fill=mix(top, bottom, i / (self.bands - 1)))


def background(canvas, place, time, weather, subject):
    """Returns the horizon's y in pixels."""
    horizon = int(canvas.across(0.56, 0.66))
    if place == "underwater":
        underwater(canvas)
        return horizon
    if place == "space":
        space(canvas, subject)
        return horizon
    sky(canvas, time, weather, canvas.width if place == "sky" else horizon)
    if place == "sky":
        return canvas.width
    land(canvas, place, time, weather, subject, horizon)
    return horizon


def underwater(canvas):
    width = canvas.width
    canvas.gradient(canvas.tone((66, 180, 214)), canvas.tone((18, 74, 142)), width)
    y = canvas.across(0.83, 0.9)
    sand = [(0, width), (0, y), (width / 3, y - canvas.across(0, 0.03)), (2 * width / 3, y + canvas.across(0, 0.03)), (width, y), (width, width)]
    canvas.draw.polygon(sand, fill=canvas.tone((212, 190, 140)), **canvas.edge)
    for _ in range(canvas.random.randint(1, 3)):
        x = canvas.random.choice([canvas.across(0.03, 0.25), canvas.across(0.75, 0.97)])
        height = canvas.across(0.14, 0.3)
        weed = [(x, y + 20), (x + 9, y - height / 3), (x - 9, y - 2 * height / 3), (x + 6, y - height)]
        canvas.draw.line(weed, fill=canvas.tone((44, 142, 88)), width=13, joint="curve")
    for _ in range(canvas.random.randint(1, 4)):
        canvas.disc(canvas.across(0, 1), canvas.across(0.05, 0.6), canvas.across(0.014, 0.026), canvas.tone((160, 220, 236)))


def space(canvas, subject):
    width = canvas.width
    canvas.gradient((18, 18, 50), (44, 30, 82), width)
    stars(canvas, 14, 1.0)
    planet = canvas.random.choice([(220, 156, 96), (126, 166, 224), (196, 116, 126), (204, 200, 190)])
    x = canvas.random.choice([canvas.across(0.08, 0.25), canvas.across(0.75, 0.92)])
    canvas.disc(x, canvas.across(0.08, 0.35), canvas.across(0.07, 0.13), planet)
    if subject != "rocket":
        canvas.draw.ellipse((-width * 0.4, width * 0.74, width * 1.4, width * 2), fill=(146, 144, 152))
        for _ in range(3):
            canvas.disc(canvas.across(0, 1), canvas.across(0.86, 0.97), 22, (122, 120, 128), 0.35)


def stars(canvas, count, lowest):
    for _ in range(count):
        canvas.disc(canvas.across(0, 1), canvas.across(0, lowest), canvas.random.choice([3, 4, 5]), (244, 244, 230))


def sky(canvas, time, weather, height):
    top, bottom = SKY[time]
    if weather != "clear":
        top = mix(top, OVERCAST[time], 0.7)
        bottom = mix(bottom, OVERCAST[time], 0.7)
    tint = lambda colour: canvas.tone(colour, True)
    canvas.gradient(tint(top), tint(bottom), height)
    open_sky = weather in ("clear", "cloudy")
    side = canvas.random.choice([canvas.across(0.08, 0.28), canvas.across(0.72, 0.92)])
    if time == "night":
        if weather == "clear":
            stars(canvas, 9, 0.5)
        if open_sky and canvas.random.random() < 0.85:
            canvas.disc(side, canvas.across(0.09, 0.22), canvas.across(0.055, 0.075), (248, 244, 218))
    elif time == "sunset" and open_sky:
        canvas.disc(side, height - canvas.across(-0.02, 0.1), canvas.across(0.08, 0.11), tint((255, 232, 140)))
    elif time == "day" and weather == "clear" and canvas.random.random() < 0.5:
        canvas.disc(side, canvas.across(0.09, 0.2), canvas.across(0.06, 0.08), tint((255, 240, 150)))
    clouds = dict(clear=canvas.random.randint(0, 2), cloudy=canvas.random.randint(3, 5), rain=3, snow=2, fog=0)[weather]
    fill = CLOUD[time]
    if weather in ("rain", "cloudy"):
        fill = darker(fill, 0.16)
    for _ in range(clouds):
        x = canvas.across(0, 1)
        y = canvas.across(0.05, 0.3)
        radius = canvas.across(0.055, 0.085)
        for dx, dy, part in ((-1.2, 0.25, 0.75), (1.2, 0.25, 0.75), (0, 0, 1)):
            canvas.disc(x + dx * radius, y + dy * radius, radius * part, tint(fill), 0.7)


def land(canvas, place, time, weather, subject, horizon):
    draw = canvas.draw
    width = canvas.width
    tone = canvas.tone
    snowy = weather == "snow"
    grass = (238, 242, 250) if snowy else mix((84, 166, 70), (138, 180, 76), canvas.random.random())
    water = tone(WATER[time], True)
    if place == "mountains":
        far_mountains(canvas, horizon)
    if place in ("lake", "field"):
        hills(canvas, (208, 216, 228) if snowy else (96, 146, 120), 0.13, horizon)
    if place == "forest":
        firs(canvas, snowy, horizon)
    if place == "street":
        buildings(canvas, time, horizon)
    draw.rectangle((0, horizon, width, width), fill=tone(grass))
    if place == "sea":
        draw.rectangle((0, horizon, width, width), fill=water)
        glints(canvas, water, horizon + 16, width, 5)
    elif place == "lake":
        shore = width if subject == "boat" else horizon + width * 0.14
        draw.rectangle((0, horizon, width, shore), fill=water)
        glints(canvas, water, horizon + 12, shore - 8, 4)
    elif place == "beach":
        draw.rectangle((0, horizon, width, horizon + width * 0.14), fill=water)
        sand = [(0, width), (0, horizon + width * 0.11), (width / 2, horizon + width * 0.14), (width, horizon + width * 0.1), (width, width)]
        draw.polygon(sand, fill=tone((242, 218, 160) if not snowy else (240, 240, 246)), **canvas.edge)
    elif place == "desert":
        sand = (232, 188, 116) if not snowy else (240, 238, 234)
        draw.rectangle((0, horizon, width, width), fill=tone(sand))
        draw.ellipse((-width * 0.3, horizon - width * 0.06, width * canvas.random.uniform(0.5, 0.8), horizon + width * 0.3), fill=tone(lighter(sand, 0.14)))
        if canvas.random.random() < 0.6:
            x = canvas.random.choice([canvas.across(0.05, 0.14), canvas.across(0.86, 0.95)])
            green = tone((66, 138, 72))
            draw.line((x, horizon + 34, x, horizon - 48), fill=green, width=20)
            draw.line((x, horizon, x + 30, horizon, x + 30, horizon - 30), fill=green, width=13)
    elif place == "street":
        draw.rectangle((0, horizon, width, horizon + width * 0.06), fill=tone((184, 180, 176)))
        draw.rectangle((0, horizon + width * 0.06, width, width), fill=tone((94, 96, 106) if not snowy else (216, 220, 228)))
        for i in range(3):
            draw.rectangle((width * (0.08 + i * 0.33), width * 0.935, width * (0.25 + i * 0.33), width * 0.96), fill=tone((240, 230, 176)))


def hills(canvas, colour, height, horizon):
    x = -canvas.width * 0.2
    for _ in range(3):
        span = canvas.across(0.55, 0.9)
        rise = height * canvas.across(0.6, 1.0)
        canvas.draw.ellipse((x, horizon - rise, x + span, horizon + rise), fill=canvas.tone(colour), **canvas.edge)
        x += canvas.across(0.3, 0.5)


def far_mountains(canvas, horizon):
    x = -canvas.width * 0.1
    for _ in range(3):
        half = canvas.across(0.24, 0.32)
        rise = canvas.across(0.24, 0.38)
        top = x + half
        canvas.draw.polygon([(top - half, horizon), (top, horizon - rise), (top + half, horizon)], fill=canvas.tone((116, 128, 158)), **canvas.edge)
        cap = 0.32
        canvas.draw.polygon([(top - half * cap, horizon - rise * (1 - cap)), (top, horizon - rise), (top + half * cap, horizon - rise * (1 - cap))], fill=canvas.tone((248, 250, 253)))
        x += half * 1.25


def firs(canvas, snowy, horizon):
    for row in (0, 1):
        x = canvas.across(-0.1, 0.0)
        while x < canvas.width * 1.05:
            rise = canvas.across(0.24, 0.36)
            half = canvas.across(0.08, 0.11)
            colour = (152, 180, 176) if snowy else mix((46, 108, 66), (34, 88, 58), canvas.random.random())
            top = horizon - rise + row * 36
            canvas.draw.polygon([(x - half, horizon + row * 10), (x, top), (x + half, horizon + row * 10)], fill=canvas.tone(darker(colour, 0.22 * (1 - row))), **canvas.edge)
            x += half * canvas.random.uniform(1.3, 1.8)


def buildings(canvas, time, horizon):
    x = 0
    while x < canvas.width:
        span = canvas.across(0.18, 0.26)
        rise = canvas.across(0.22, 0.46)
        wall = canvas.random.choice([(164, 132, 120), (138, 150, 168), (182, 170, 148), (120, 120, 134)])
        canvas.draw.rectangle((x, horizon - rise, x + span, horizon), fill=canvas.tone(wall), **canvas.edge)
        for column in range(2):
            for row in range(int(rise / 46)):
                lit = time == "night" and canvas.random.random() < 0.6
                left = x + span * (0.16 + 0.4 * column)
                top = horizon - rise + 16 + row * 46
                fill = (255, 222, 124) if lit else canvas.tone(darker(wall, 0.3))
                canvas.draw.rectangle((left, top, left + span * 0.26, top + 22), fill=fill)
        x += span


def glints(canvas, water, top, bottom, count):
    for _ in range(count):
        x = canvas.across(0, 1)
        y = canvas.random.uniform(top, bottom)
        half = canvas.across(0.05, 0.12)
        canvas.draw.line((x - half, y, x + half, y), fill=lighter(water, 0.28), width=6)
