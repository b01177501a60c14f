"""
Pictures by diffusers' pipeline on the first card in half precision, as it is, or with its U-Net and decoder compiled.
Arguments: EXCHANGE FOLDER eager|compiled. A request is {prompt, steps, guidance, seed, size, batch}.
"""

import json
import sys
import time
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from serve import answer

exchange, folder, form = sys.argv[1:]
torch.set_grad_enabled(False)
started = time.perf_counter()
pipeline = StableDiffusionPipeline.from_pretrained(folder, dtype=torch.float16, safety_checker=None).to('cuda')
pipeline.set_progress_bar_config(disable=True)
if form == 'compiled':
    for part in [pipeline.unet, pipeline.vae]:
        part.to(memory_format=torch.channels_last)
    pipeline.unet.compile(mode='max-autotune-no-cudagraphs', fullgraph=True)
    pipeline.vae.decoder.compile(mode='max-autotune-no-cudagraphs', fullgraph=True)
answer(loaded=time.perf_counter() - started)


def pictures(prompt, steps, guidance, seed, size, batch):
    generators = [torch.Generator().manual_seed(seed + i) for i in range(batch)]
    return pipeline(
        prompt,
        num_inference_steps=steps,
        guidance_scale=guidance,
        generator=generators,
        num_images_per_prompt=batch,
        width=size,
        height=size,
        output_type='np',
    ).images


for request in sys.stdin:
    started = time.perf_counter()
    images = pictures(**json.loads(request))
    seconds = time.perf_counter() - started
    (images[0] * 255).round().astype('uint8').tofile(Path(exchange) / 'picture')
    answer(seconds=seconds)
