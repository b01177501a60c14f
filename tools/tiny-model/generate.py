"""Pictures from a model folder, with diffusers' own StableDiffusionPipeline in float32."""

import numpy as np
import torch
from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

SIDE = 128


def load_pipeline(folder):
    pipeline = StableDiffusionPipeline(vae=AutoencoderKL.from_pretrained(folder + "/vae"), text_encoder=CLIPTextModel.from_pretrained(folder + "/text_encoder"),
                                       tokenizer=CLIPTokenizer.from_pretrained(folder + "/tokenizer"), unet=UNet2DConditionModel.from_pretrained(folder + "/unet"),
                                       scheduler=PNDMScheduler.from_pretrained(folder + "/scheduler"), safety_checker=None, feature_extractor=None,
                                       requires_safety_checker=False)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(torch.float32)


def generate(pipeline, prompts, seeds, steps, guidance, batch=14):
    """Returns [n, 128, 128, 3] from 0 to 1; each picture depends on its own seed alone."""
    pictures = []
    for k in range(0, len(prompts), batch):
        generators = [torch.Generator().manual_seed(seed) for seed in seeds[k:k + batch]]
        result = pipeline(prompts[k:k + batch], num_inference_steps=steps, guidance_scale=guidance, generator=generators, output_type="np", height=SIDE, width=SIDE)
        pictures.extend(result.images)
    return np.stack(pictures)
