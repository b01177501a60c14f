"""What diffusers makes of a picture and of latents in tiles: test/fixtures/models/vae-sd1/tiled.safetensors.

    python tools/reference/tiling.py

The autoencoder is the fixture's own, its tiles 8 latents a side; the picture's last tiles are narrower, and lower, than the others.
"""

from pathlib import Path

import torch
from diffusers import AutoencoderKL
from safetensors.torch import save_file

folder = Path(__file__).parents[2] / "test/fixtures/models/vae-sd1"
with torch.no_grad():
    vae = AutoencoderKL.from_pretrained(folder).eval()
    factor = 2 ** (len(vae.config.block_out_channels) - 1)
    vae.enable_tiling()
    vae.tile_sample_min_size = 8 * factor
    vae.tile_latent_min_size = 8
    torch.manual_seed(0)
    latents = torch.randn(1, vae.config.latent_channels, 10, 13)
    sample = torch.rand(1, 3, 10 * factor, 13 * factor) * 2 - 1
    save_file(
        {
            "latents": latents,
            "sample": sample,
            "decoded": vae.decode(latents).sample,
            "moments": vae.encode(sample).latent_dist.parameters,
        },
        folder / "tiled.safetensors",
    )
    print(factor, vae.tile_sample_min_size, vae.config.sample_size)
