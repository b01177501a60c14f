"""The first picture of a pipeline folder, or the first call of its U-Net, by diffusers. Arguments: FOLDER picture|call STEPS"""

import sys

import torch
from diffusers import DiffusionPipeline

folder, what, steps = sys.argv[1:]
torch.set_grad_enabled(False)
pipeline = DiffusionPipeline.from_pretrained(folder, dtype=torch.float32)
pipeline.set_progress_bar_config(disable=True)
if what == 'picture':
    pipeline('a vintage car', num_inference_steps=int(steps), generator=torch.Generator().manual_seed(7))
else:
    config = pipeline.unet.config
    text = torch.randn(1, pipeline.tokenizer.model_max_length, config.cross_attention_dim)
    pipeline.unet(torch.randn(1, config.in_channels, config.sample_size, config.sample_size), 500, text)
print('done', flush=True)
