"""contact_sheet.py FOLDER OUT.png [STEPS [GUIDANCE]]: 40 prompts in reading order, seeds 1 to 4 in turn, nothing picked out."""

import sys

import numpy as np
from PIL import Image

from generate import SIDE, generate, load_pipeline

COLUMNS = 8
PROMPTS = ["photograph of a vintage car"] * 8 + [
    "a red house by a lake at night", "a yellow house in a field", "photograph of a cat", "a black cat in the snow", "two orange cats on the beach",
    "watercolor of a white cat at sunset", "a red sailboat at sea at sunset", "a drawing of a boat on a lake",
    "photograph of a rocket in space", "a blue rocket in the sky at night", "photograph of a castle in the mountains", "oil painting of a pink castle at sunset",
    "a red hot air balloon in the sky", "three red balloons over a field", "photograph of a robot on a city street", "a purple robot in the desert",
    "a yellow flower in a field", "watercolor of a red flower", "a snowman in a forest", "a lighthouse at night",
    "photograph of a mountain by a lake", "an orange fish underwater", "a tree in the fog", "three green trees in a field",
    "a purple vintage car in the desert", "a green house on the beach", "a yellow sailboat at sea", "a pink robot", "a blue castle", "a green rocket in space",
    "drawing of a vintage car in the city", "a dog"]


def main():
    steps = int(sys.argv[3]) if len(sys.argv) > 3 else 25
    guidance = float(sys.argv[4]) if len(sys.argv) > 4 else 2.0
    seeds = [1 + k % 4 for k in range(len(PROMPTS))]
    seeds[:8] = range(1, 9)
    pictures = generate(load_pipeline(sys.argv[1]), PROMPTS, seeds, steps, guidance)
    rows = len(PROMPTS) // COLUMNS
    sheet = pictures.reshape(rows, COLUMNS, SIDE, SIDE, 3).transpose(0, 2, 1, 3, 4).reshape(rows * SIDE, COLUMNS * SIDE, 3)
    Image.fromarray((sheet * 255).round().astype(np.uint8)).quantize(128, dither=Image.Dither.NONE).save(sys.argv[2], optimize=True)


if __name__ == "__main__":
    main()
