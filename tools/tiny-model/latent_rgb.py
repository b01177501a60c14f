"""latent_rgb.py SCENES FOLDER: how latents look as colours, fitted on drawn scenes and written into FOLDER/vae/config.json.

`_latent_rgb_factors` is a row of red, green, blue a latent channel, `_latent_rgb_factors_bias` a constant: scaled latents times the one, plus the
other, are colours from -1 to 1. Least squares against the scenes, averaged over each latent's 8 x 8 pixels. The names are ComfyUI's; diffusers passes
over what begins with an underscore.
"""

import json
import sys

import torch
from diffusers import AutoencoderKL

from pictures import HELD_BACK, as_tensor, load_pictures

COUNT = 2000  # pictures, before those held back


def main():
    name, folder = sys.argv[1:3]
    vae = AutoencoderKL.from_pretrained(folder + "/vae", torch_dtype=torch.float32)
    pictures = load_pictures(name)
    seen, unseen = pictures[:-HELD_BACK][:COUNT], pictures[-HELD_BACK:]
    fit = torch.linalg.lstsq(with_constant(latents_of(vae, seen)), colours_of(vae, seen)).solution
    left = (with_constant(latents_of(vae, unseen)) @ fit - colours_of(vae, unseen)).square().mean()
    spread = colours_of(vae, unseen).var()
    print(f"explained on {len(unseen)} scenes it was not fitted on: {1 - left / spread:.3f} of the variance")
    path = folder + "/vae/config.json"
    with open(path) as file:
        config = json.load(file)
    *factors, bias = [[round(value, 4) for value in row] for row in fit.tolist()]
    config["_latent_rgb_factors"], config["_latent_rgb_factors_bias"] = factors, bias
    with open(path, "w") as file:
        json.dump(dict(sorted(config.items())), file, indent=2)
        file.write("\n")


def latents_of(vae, pictures):
    """[n, 128, 128, 3] bytes to the scaled latents, [n * 16 * 16, channels]."""
    with torch.no_grad():
        means = torch.cat([vae.encode(as_tensor(part)).latent_dist.mean for part in batches(pictures)])
    return (means * vae.config.scaling_factor).permute(0, 2, 3, 1).flatten(0, 2)


def colours_of(vae, pictures):
    """The mean colour behind each latent, [n * 16 * 16, 3]."""
    side = 2 ** (len(vae.config.block_out_channels) - 1)
    return torch.nn.functional.avg_pool2d(as_tensor(pictures), side).permute(0, 2, 3, 1).flatten(0, 2)


def with_constant(latents):
    return torch.cat([latents, torch.ones(len(latents), 1)], 1)


def batches(pictures):
    return [pictures[i:i + 50] for i in range(0, len(pictures), 50)]


if __name__ == "__main__":
    main()
