"""
A picture of diffusers' pipeline whose networks OpenVINO runs: its tokenizer and scheduler, guidance, 8-bit pixels.
Arguments: EXCHANGE EXPORTED FOLDER f32|bf16. A request is {prompt, steps, guidance, seed}.
"""

import json
import sys
import time
from pathlib import Path

import numpy
import torch
from diffusers import DiffusionPipeline
from openvino_networks import compiled
from serve import answer

exchange, exported, folder, precision = sys.argv[1:]
started = time.perf_counter()
unet = compiled(exported, 'unet', precision, 2)
decoder = compiled(exported, 'vae_decoder', precision, 1)
text_encoder = compiled(exported, 'text_encoder', precision, 2)
parts = DiffusionPipeline.from_pretrained(folder, unet=None, vae=None, text_encoder=None, safety_checker=None)
scaling = json.loads((Path(folder) / 'vae/config.json').read_text()).get('scaling_factor', 0.18215)
shape = unet.input('sample').partial_shape
answer(loaded=time.perf_counter() - started)


def picture(prompt, steps, guidance, seed):
    tokenizer, scheduler = parts.tokenizer, parts.scheduler
    ids = tokenizer(['', prompt], padding='max_length', max_length=tokenizer.model_max_length, truncation=True)
    text = text_encoder(numpy.array(ids.input_ids))[0]
    scheduler.set_timesteps(steps)
    latents = torch.randn(1, *(d.get_length() for d in shape[1:]), generator=torch.Generator().manual_seed(seed))
    latents = latents * scheduler.init_noise_sigma
    for timestep in scheduler.timesteps:
        sample = scheduler.scale_model_input(torch.cat([latents] * 2), timestep).numpy()
        noise = torch.from_numpy(unet([sample, numpy.array([timestep], dtype=numpy.float32), text])[0])
        negative, positive = noise.chunk(2)
        latents = scheduler.step(negative + guidance * (positive - negative), timestep, latents).prev_sample
    pixels = decoder((latents / scaling).numpy())[0][0]
    return (numpy.clip(pixels / 2 + 0.5, 0, 1) * 255).round().astype(numpy.uint8).transpose(1, 2, 0), len(scheduler.timesteps)


for request in sys.stdin:
    started = time.perf_counter()
    pixels, calls = picture(**json.loads(request))
    seconds = time.perf_counter() - started
    numpy.ascontiguousarray(pixels).tofile(Path(exchange) / 'picture')
    answer(seconds=seconds, calls=calls)
