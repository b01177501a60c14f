"""Writes test/fixtures/images: what Pillow and diffusers make of small pictures (LANCZOS resizing, decoded samples, PNG text).

    python tools/reference/images.py
"""

import json
from pathlib import Path

import numpy as np
import PIL
import torch
from diffusers.image_processor import VaeImageProcessor
from PIL import Image, ImageDraw, ImageFilter
from PIL.PngImagePlugin import PngInfo

TARGET = Path(__file__).resolve().parents[2] / "test/fixtures/images"


def picture(width, height, seed):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    smooth = np.stack([127 + 120 * np.sin(x / 3 + c) * np.cos(y / 4 - c) for c in range(3)], -1)
    edges = np.where(((x // 5 + y // 7) % 2)[..., None] == 1, smooth, 255 - smooth)
    noisy = edges + rng.integers(-20, 20, edges.shape)
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def grid(images, rows=1, cols=3, scale=1):
    if len(images) != rows * cols:
        rows = (len(images) + cols - 1) // cols
    width, height = (int(scale * side) for side in images[0].size)
    whole = Image.new("RGB", size=(cols * width, rows * height))
    for i, image in enumerate(images):
        whole.paste(image.resize((width, height), Image.LANCZOS), box=(i % cols * width, i // cols * height))
    return whole


def crops(source):
    """What inpainting with padding_mask_crop cuts out of the source, and how it puts other pictures back in."""
    processor = VaeImageProcessor()
    told = []
    for i, (rectangle, blur, pad, width, height) in enumerate(
        [
            ((5, 6, 12, 9), 0, 3, 32, 32),
            ((30, 2, 36, 28), 0, 4, 48, 32),
            ((2, 24, 38, 29), 1.5, 0, 24, 40),
            ((17, 15, 18, 15), 0, 100, 24, 24),
        ]
    ):
        mask = Image.new("RGB", source.size)
        ImageDraw.Draw(mask).rectangle(rectangle, fill=(255, 255, 255))
        mask = mask.filter(ImageFilter.GaussianBlur(blur))
        region = processor.get_crop_region(mask, width, height, pad=pad)
        filled = processor._resize_and_fill(source.crop(region), width, height)
        filled.save(TARGET / f"crop-{i}-filled.png")
        painted = picture(width, height, 10 + i)
        painted.save(TARGET / f"crop-{i}-painted.png")
        processor.apply_overlay(mask, source, painted, region).save(TARGET / f"crop-{i}-overlaid.png")
        mask.save(TARGET / f"crop-{i}-mask.png")
        told.append({"pad": pad, "width": width, "height": height, "region": [int(side) for side in region]})
    (TARGET / "crops.json").write_text(json.dumps(told) + "\n")


def main():
    TARGET.mkdir(parents=True, exist_ok=True)
    source = picture(40, 32, 1)
    source.save(TARGET / "source.png")
    sizes = [(30, 24), (80, 64), (40, 17), (13, 32), (7, 5), (1, 1), (97, 11), (41, 33), (400, 8), (38, 28), (38, 27)]
    for width, height in sizes:
        source.resize((width, height), Image.LANCZOS).save(TARGET / f"resized-{width}x{height}.png")
    noise = Image.fromarray(np.random.default_rng(3).integers(0, 2, (33, 29, 3), dtype=np.uint8) * 255)
    noise.save(TARGET / "noise.png")
    noise.resize((50, 50), Image.LANCZOS).save(TARGET / "noise-50x50.png")
    cells = [picture(40, 32, 1), picture(24, 50, 2), picture(41, 31, 3), picture(8, 8, 4)]
    for i, cell in enumerate(cells):
        cell.save(TARGET / f"cell-{i}.png")
    grid(cells, rows=2, cols=3, scale=0.77).save(TARGET / "grid-2x3-0.77.png")
    grid(cells, rows=1, cols=1, scale=0.5).save(TARGET / "grid-1x1-0.5.png")

    for radius in (0.3, 1, 2.5, 9):
        source.filter(ImageFilter.GaussianBlur(radius)).save(TARGET / f"blurred-{radius}.png")
    crops(source)

    torch.manual_seed(5)
    sample = torch.cat([torch.randn(1, 3, 6, 7), torch.linspace(-1.1, 1.1, 3 * 6 * 7).reshape(1, 3, 6, 7)])
    sample[1, 0, 0, :5] = torch.tensor([float("nan"), float("inf"), -float("inf"), 0.0, 2 * 127.5 / 255 - 1])
    finite = torch.nan_to_num(sample, nan=-1)  # numpy leaves the byte of a NaN to the machine; here it is 0
    images = VaeImageProcessor().postprocess(finite, output_type="pil")
    decoded = {
        "dims": list(sample.shape),
        "sample": [repr(v) if v != v or abs(v) == float("inf") else v for v in sample.flatten().tolist()],
        "images": [np.asarray(image).flatten().tolist() for image in images],
    }
    (TARGET / "decoded.json").write_text(json.dumps(decoded) + "\n")

    text = "a cat\nSteps: 4, Sampler: Euler, CFG scale: 7.5, Seed: 0, Size: 2x1"
    unicode_text = text.replace("cat", "猫")
    two = Image.fromarray(np.array([[[255, 0, 0], [0, 0, 255]]], np.uint8))
    for name, value, zipped in [("text", text, False), ("ztxt", text, True), ("itxt", unicode_text, False), ("itxt-zipped", unicode_text, True)]:
        info = PngInfo()
        info.add_text("parameters", value, zip=zipped)
        two.save(TARGET / f"{name}.png", pnginfo=info)
    two.convert("L").save(TARGET / "grey.png")
    two.convert("P").save(TARGET / "palette.png")
    two.convert("RGBA").save(TARGET / "alpha.png")
    Image.fromarray(np.array([[[255, 0, 0, 255], [0, 0, 255, 0]]], np.uint8)).save(TARGET / "transparent.png")
    Image.fromarray(np.array([[65535, 32768]], np.uint16)).save(TARGET / "grey16.png")
    print("Pillow", PIL.__version__, sum(f.stat().st_size for f in TARGET.iterdir()), "bytes")


if __name__ == "__main__":
    main()
