"""What a scene is called in words. Attributes are left out at random, so that a short prompt gets variety."""

NAMES = dict(car=["vintage car"] * 4 + ["car", "old car", "classic car"], house=["house", "house", "cottage"], tree=["tree"], boat=["sailboat", "boat"],
             mountain=["mountain"], cat=["cat"], fish=["fish"], flower=["flower"], rocket=["rocket", "space rocket"], castle=["castle"],
             balloon=["hot air balloon", "balloon"], robot=["robot"], lighthouse=["lighthouse"], snowman=["snowman"])
PRAISE = ["beautiful", "highly detailed", "4k", "nice", "lovely", "best quality", "sharp", "masterpiece", "cute", "pretty"]
BEFORE = dict(photo=["photograph of", "photo of", "a photograph of", "a photo of"], drawing=["drawing of", "a drawing of", "sketch of"],
              watercolor=["watercolor of", "a watercolor of", "a watercolor painting of"], painting=["oil painting of", "painting of", "an oil painting of"])
AFTER = dict(photo="photograph", drawing="drawing", watercolor="watercolor", painting="oil painting")
PLACES = dict(field=["in a field", "on the grass", "in a green field", "in a meadow"], beach=["on the beach", "on a sandy beach", "at the beach"],
              lake=["by a lake", "near a lake", "by the lake"], street=["on a city street", "in the city", "in a street"],
              forest=["in a forest", "in the woods", "near a forest"], mountains=["in the mountains", "in front of mountains", "near the mountains"],
              desert=["in the desert", "in a desert"], space=["in space", "in outer space"], underwater=["underwater", "under the sea", "in the ocean"],
              sky=["in the sky", "flying in the sky"], sea=["at sea", "on the sea", "in the sea"])
TIMES = dict(day=["during the day", "in daylight", "at noon"], sunset=["at sunset", "at dusk", "in the evening"], night=["at night", "at night", "by moonlight"])
WEATHERS = dict(clear=["under a clear sky", "on a sunny day"], cloudy=["under a cloudy sky", "on a cloudy day"], rain=["in the rain", "on a rainy day"],
                snow=["in the snow", "on a snowy day"], fog=["in the fog", "in fog"])
SIZES = dict(small=["small", "little", "tiny"], big=["big", "large", "huge"])


def caption(random, subject, colour, style, place, time, weather, count, size, colour_said=0.8):
    chance = lambda p: random.random() < p
    name = random.choice(NAMES[subject])
    adjectives = []
    if size and chance(0.7):
        adjectives.append(random.choice(SIZES[size]))
    tail = ""
    if chance(colour_said):
        if subject == "snowman":
            tail = " with a " + colour + " " + random.choice(["scarf", "hat"])
        else:
            adjectives.append(colour)
    if chance(0.06):
        adjectives.insert(0, random.choice(PRAISE))
    if count > 1:
        plural = name if name.endswith("fish") else "snowmen" if name == "snowman" else name + "s"
        text = {2: "two", 3: "three"}[count] + " " + " ".join(adjectives + [plural])
    else:
        words = " ".join(adjectives + [name])
        article = "an " if words[0] in "aeiou" else "a "
        text = (article if chance(0.85) else random.choice(["the ", "one ", ""])) + words
    text += tail
    parts = []
    outdoors = place not in ("space", "underwater")
    if chance(0.7):
        parts.append(random.choice(PLACES[place]))
    if outdoors and chance(0.3 if time == "day" else 0.88):
        parts.append(random.choice(TIMES[time]))
    if outdoors and chance(0.2 if weather == "clear" else 0.88):
        parts.append(random.choice(WEATHERS[weather]))
    if chance(0.25):
        random.shuffle(parts)
    joint = random.choice([" ", " ", " ", ", "])
    text += "".join(joint + part for part in parts)
    if chance(0.55 if style == "photo" else 0.85):
        text = random.choice(BEFORE[style]) + " " + text if chance(0.85) else text + ", " + AFTER[style]
    if chance(0.06):
        text += ", " + random.choice(PRAISE)
    return text
