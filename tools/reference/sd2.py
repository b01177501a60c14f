"""A small random-weight Stable Diffusion 2, and what diffusers makes of it: test/fixtures/pipelines/sd2*.

    python tools/reference/sd2.py

The same bytes at every run. `sd2` is laid out as the hub's Stable Diffusion 2.1: the files' keys are those of its files, and
no value that a network is built from is that of the folders which pipelines.py makes.
"""

import json
import shutil

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from pipelines import END, START, byte_pairs, normalise, randomise, write_expected, write_pipeline, write_tokenizer_files
from reference import FIXTURES, report, versions, write_json
from transformers import CLIPTextConfig, CLIPTextModel

# stabilityai/stable-diffusion-2-1/scheduler/scheduler_config.json
SCHEDULER = {
    "_class_name": "DDIMScheduler",
    "_diffusers_version": "0.8.0",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "clip_sample": False,
    "num_train_timesteps": 1000,
    "prediction_type": "v_prediction",
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "trained_betas": None,
}


def main():
    pinned = versions()
    folder = FIXTURES / "sd2"
    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(3)
    vocabulary, merges = byte_pairs()
    write_tokenizer_files(folder / "tokenizer", vocabulary, merges, length=33, pad="!")
    write_pipeline(folder, open_clip(vocabulary), unet(), vae(), SCHEDULER)
    as_on_the_hub(folder)
    write_expected(("sd2",), "sd2-", pinned)
    report(FIXTURES)


def open_clip(vocabulary):
    model = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(vocabulary),
            hidden_size=40,
            intermediate_size=112,
            num_hidden_layers=3,
            num_attention_heads=5,
            max_position_embeddings=33,
            hidden_act="gelu",
            bos_token_id=vocabulary[START],
            eos_token_id=vocabulary[END],
            pad_token_id=vocabulary["!"],
            projection_dim=24,
        )
    )
    randomise(model)
    return model


def unet():
    return UNet2DConditionModel(
        sample_size=12,
        in_channels=5,
        out_channels=5,
        block_out_channels=(8, 12, 20),
        layers_per_block=2,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=40,
        attention_head_dim=(2, 3, 4),
        use_linear_projection=True,
        upcast_attention=True,
        norm_num_groups=4,
    )


@torch.no_grad()
def vae():
    """Scaled as pipelines.random_vae: pixels of mean 0 and deviation 0.5, latents of the deviation that the factor undoes."""
    model = AutoencoderKL(
        block_out_channels=(6, 12, 12),
        layers_per_block=2,
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        norm_num_groups=3,
        latent_channels=5,
        sample_size=48,
        scaling_factor=0.31,
    )
    randomise(model)
    scale = model.config.scaling_factor
    pixels = model.decode(torch.randn((4, 5, 12, 12)) / scale).sample
    normalise(model.decoder.conv_out, pixels.mean((0, 2, 3)), pixels.std((0, 2, 3)) / 0.5)
    moments = model._encode(torch.rand((4, 3, 48, 48)) * 2 - 1)
    wanted = torch.tensor([1 / scale] * 5 + [0.5] * 5)
    normalise(model.quant_conv, moments.mean((0, 2, 3)), moments.std((0, 2, 3)) / wanted)
    return model


def as_on_the_hub(folder):
    """What the hub's files say and today's libraries do not write: the end token as 2, a feature extractor without a checker."""
    path = folder / "text_encoder" / "config.json"
    config = json.loads(path.read_text())
    config.update({"bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1, "torch_dtype": "float32"})
    config.pop("dtype", None)
    write_json(path, config)
    path = folder / "model_index.json"
    write_json(path, json.loads(path.read_text()) | {"feature_extractor": ["transformers", "CLIPImageProcessor"]})
    write_json(
        folder / "feature_extractor" / "preprocessor_config.json",
        {
            "crop_size": 224,
            "do_center_crop": True,
            "do_convert_rgb": True,
            "do_normalize": True,
            "do_resize": True,
            "feature_extractor_type": "CLIPFeatureExtractor",
            "image_mean": [0.48145466, 0.4578275, 0.40821073],
            "image_std": [0.26862954, 0.26130258, 0.27577711],
            "resample": 3,
            "size": 224,
        },
    )


if __name__ == "__main__":
    main()
