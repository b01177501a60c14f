"""A small random-weight AutoencoderTiny, and what diffusers makes of it: test/fixtures/pipelines/taesd*.

    python tools/reference/taesd.py

The same bytes at every run. No value of its configuration is diffusers' default, but that latents are an eighth of a picture's
side and have four channels: so it fits `sd1`, whose pictures it decodes in one call.
"""

import shutil

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny, StableDiffusionImg2ImgPipeline
from PIL import Image
from pipelines import load, normalise, randomise
from reference import FIXTURES, generators, report, run, versions, write_json, write_tensors

PROMPTS = ["photograph of a vintage car", "a small house by the lake, painting"]
OPTIONS = {"num_inference_steps": 4, "guidance_scale": 5.0}


@torch.no_grad()
def main():
    pinned = versions()
    folder = FIXTURES / "taesd"
    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(5)
    vae = random_tiny()
    vae.save_pretrained(folder)

    generator = generators(5)
    pixels = torch.randint(0, 256, (1, 7, 5, 3), generator=generator, dtype=torch.uint8)
    picture = F.interpolate(pixels.permute(0, 3, 1, 2).float(), scale_factor=8, mode="bilinear").round()
    latents = torch.randn((2, 4, 5, 7), generator=generator) * torch.tensor([1.0, 6.0]).view(2, 1, 1, 1)
    pipe = load("sd1")
    pipe.vae = vae
    drawn = run(pipe, PROMPTS, OPTIONS | {"generator": generators(12)})
    img2img = StableDiffusionImg2ImgPipeline(**pipe.components, requires_safety_checker=False)
    img2img.set_progress_bar_config(disable=True)
    begun = Image.fromarray(picture[0].permute(1, 2, 0).to(torch.uint8).numpy())
    options = OPTIONS | {"generator": generators(12), "strength": 0.6, "output_type": "pil"}
    changed = img2img(PROMPTS, image=begun, **options).images
    write_tensors(
        FIXTURES / "taesd-expected.safetensors",
        {
            "picture": picture.permute(0, 2, 3, 1).to(torch.uint8),
            "encoded": vae.encode(picture / 127.5 - 1).latents,
            "latents": latents,
            "decoded": vae.decode(latents).sample,
            "scaled": vae.scale_latents(latents),
            "unscaled": vae.unscale_latents(vae.scale_latents(latents)),
            "pictures": drawn["pictures"],
            "changed": torch.from_numpy(np.stack([np.asarray(image) for image in changed])),
        },
    )
    write_json(FIXTURES / "taesd.json", {"made_with": pinned, "prompts": PROMPTS})
    print("pictures std", drawn["pictures"].float().std())
    report(folder)


def random_tiny():
    vae = AutoencoderTiny(
        encoder_block_out_channels=(6, 6, 6, 6),
        decoder_block_out_channels=(10, 10, 10, 10),
        num_encoder_blocks=(1, 2, 1, 1),
        num_decoder_blocks=(2, 1, 2, 1),
        act_fn="silu",
        latent_magnitude=2.5,
        latent_shift=0.4,
        scaling_factor=0.8,
    )
    randomise(vae)
    sample = vae.decode(torch.randn((4, 4, 8, 8))).sample
    normalise(vae.decoder.layers[-1], (sample.mean((0, 2, 3)) + 1) / 2 - 0.5, sample.std((0, 2, 3)) / 0.5)
    latents = vae.encode(torch.rand((4, 3, 64, 64)) * 2 - 1).latents
    normalise(vae.encoder.layers[-1], latents.mean((0, 2, 3)), latents.std((0, 2, 3)))
    return vae


if __name__ == "__main__":
    main()
