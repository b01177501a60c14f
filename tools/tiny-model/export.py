"""export.py FROM TO: the trained folder in float16, complete for diffusers, put in TO's place in one rename."""

import json
import os
import shutil
import sys

import torch
from diffusers import AutoencoderKL, PNDMScheduler, UNet2DConditionModel
from transformers import CLIPTextModel

LARGEST = 12_000_000  # bytes of the whole folder
KEPT = ("README.md", "contact-sheet.png")
INDEX = dict(_class_name="StableDiffusionPipeline", _diffusers_version="0.42.1", feature_extractor=[None, None], image_encoder=[None, None],
             requires_safety_checker=False, safety_checker=[None, None], scheduler=["diffusers", "PNDMScheduler"],
             text_encoder=["transformers", "CLIPTextModel"], tokenizer=["transformers", "CLIPTokenizer"],
             unet=["diffusers", "UNet2DConditionModel"], vae=["diffusers", "AutoencoderKL"])


def edit(path, **changes):
    with open(path) as file:
        config = json.load(file) | changes
    config.pop("_name_or_path", None)  # the path of the training folder says nothing to a reader of the model
    with open(path, "w") as file:
        json.dump(dict(sorted(config.items())), file, indent=2)
        file.write("\n")


def main():
    source, target = sys.argv[1:3]
    fresh = target.rstrip("/") + ".new"
    shutil.rmtree(fresh, ignore_errors=True)
    os.makedirs(fresh)
    for part, kind in (("unet", UNet2DConditionModel), ("vae", AutoencoderKL)):
        kind.from_pretrained(f"{source}/{part}", torch_dtype=torch.float16).save_pretrained(f"{fresh}/{part}")
        edit(f"{fresh}/{part}/config.json")
    CLIPTextModel.from_pretrained(source + "/text_encoder", dtype=torch.float16).save_pretrained(fresh + "/text_encoder")
    PNDMScheduler.from_pretrained(source + "/scheduler").save_pretrained(fresh + "/scheduler")
    # as Stable Diffusion's own file says: DDIM made from this configuration would clip latents otherwise
    edit(fresh + "/scheduler/scheduler_config.json", clip_sample=False)
    shutil.copytree(source + "/tokenizer", fresh + "/tokenizer")
    with open(fresh + "/model_index.json", "w") as file:
        json.dump(INDEX, file, indent=2)
        file.write("\n")
    for name in KEPT:
        if os.path.exists(f"{target}/{name}"):
            shutil.copy(f"{target}/{name}", fresh)
    size = sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(fresh) for name in names)
    if size > LARGEST:
        raise SystemExit(f"Expected at most {LARGEST} bytes but the folder has {size}")
    old = target.rstrip("/") + ".old"
    shutil.rmtree(old, ignore_errors=True)
    if os.path.exists(target):
        os.rename(target, old)
    os.rename(fresh, target)
    shutil.rmtree(old, ignore_errors=True)
    print(f"{target}: {size} bytes")


if __name__ == "__main__":
    main()
