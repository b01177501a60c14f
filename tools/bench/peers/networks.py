"""diffusers' networks of a folder as modules of positional inputs and one output, which exporters want, and example inputs."""

import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextModel

torch.set_grad_enabled(False)
inputs = ['sample', 'timestep', 'encoder_hidden_states']


class UNet(torch.nn.Module):
    def __init__(self, folder):
        super().__init__()
        self.tokens = json.loads((Path(folder) / 'text_encoder/config.json').read_text())['max_position_embeddings']
        self.unet = UNet2DConditionModel.from_pretrained(folder, subfolder='unet')

    def forward(self, sample, timestep, encoder_hidden_states):
        return self.unet(sample, timestep, encoder_hidden_states, return_dict=False)[0]

    def example(self):
        config = self.unet.config
        size = config.sample_size
        return (
            torch.randn(2, config.in_channels, size, size),
            torch.tensor([500.0]),
            torch.randn(2, self.tokens, config.cross_attention_dim),
        )


class Decoder(torch.nn.Module):
    def __init__(self, folder):
        super().__init__()
        self.vae = AutoencoderKL.from_pretrained(folder, subfolder='vae')

    def forward(self, latents):
        return self.vae.decode(latents, return_dict=False)[0]

    def example(self, size):
        return (torch.randn(1, self.vae.config.latent_channels, size, size),)


class TextEncoder(torch.nn.Module):
    def __init__(self, folder):
        super().__init__()
        self.text_encoder = CLIPTextModel.from_pretrained(folder, subfolder='text_encoder', dtype=torch.float32)

    def forward(self, input_ids):
        return self.text_encoder(input_ids, return_dict=False)[0]

    def example(self):
        return (torch.zeros(2, self.text_encoder.config.max_position_embeddings, dtype=torch.int64),)
