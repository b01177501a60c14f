"""Small checkpoints in the original layout, and what diffusers makes of them: test/fixtures/pipelines/single/.

    python tools/reference/single_file.py

Random half-precision weights under the names of CompVis' repository (v1) and of Stability AI's with OpenCLIP (v2), among what such files hold besides:
schedules, averages, counters, OpenCLIP's last layer. `from_single_file` reads them with the configurations in `config-v1` and `config-v2`.
A ControlNet for each, in a file of its own: for v1 below `control_model.`, as the authors' are, for v2 without, as others are.
"""

import json
import re
import shutil

import numpy as np
import torch
from diffusers import (
    AutoencoderKL,
    ControlNetModel,
    StableDiffusionControlNetPipeline,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from images import picture
from pipelines import END, V1_SCHEDULER, byte_pairs, predict_noise, random_text_encoder, randomise, write_tokenizer_files
from reference import FIXTURES, generators, report, run, write_json, write_tensors
from safetensors.torch import save_file

FOLDER = FIXTURES / "single"
PROMPT = "photograph of a vintage car"
V2_SCHEDULER = {
    **{key: V1_SCHEDULER[key] for key in V1_SCHEDULER if key not in ("_class_name", "skip_prk_steps")},
    "_class_name": "DDIMScheduler",
    "prediction_type": "v_prediction",
}


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    tensors = {}
    for version, layers in ((1, 1), (2, 2)):
        torch.manual_seed(10 + version)
        config = FOLDER / f"config-v{version}"
        text_encoder, unet, vae = parts(config, version, layers)
        file = FOLDER / f"v{version}.safetensors"
        save_file(original(text_encoder, unet, vae, version, layers), file, metadata={"format": "pt"})
        pipe = StableDiffusionPipeline.from_single_file(str(file), config=str(config), torch_dtype=torch.float32)
        pipe.set_progress_bar_config(disable=True)
        seen = run(pipe, PROMPT, {"num_inference_steps": 3, "generator": generators(7)})
        assert torch.isfinite(seen["latents"]).all() and seen["pictures"].float().std() > 10
        tensors[f"v{version}.latents"] = seen["latents"][-1]
        tensors[f"v{version}.pictures"] = seen["pictures"]
        moments = pipe.vae.encode(seen["pictures"].permute(0, 3, 1, 2).float() / 127.5 - 1).latent_dist
        tensors[f"v{version}.encoded"] = moments.mode().detach()
        tensors |= controlled(pipe, config, version, layers)
        print(f"v{version}: latents std {seen['latents'][-1].std():.3f}, {pipe.scheduler.__class__.__name__}")
    write_tensors(FOLDER / "expected.safetensors", tensors)
    report(FOLDER)


def controlled(pipe, config, version, layers):
    """What the pipeline draws with a ControlNet that `from_single_file` has read."""
    torch.manual_seed(20 + version)
    net = ControlNetModel.from_unet(pipe.unet, conditioning_embedding_out_channels=(4, 4, 8, 12))
    randomise(net)
    net.half().save_config(config / "controlnet")
    prefix = "control_model." if version == 1 else ""
    state = {prefix + controlnet_name(key, layers): value.contiguous() for key, value in net.state_dict().items()}
    file = FOLDER / f"controlnet-v{version}.safetensors"
    save_file(state, file)
    read = ControlNetModel.from_single_file(str(file), config=str(config / "controlnet"), torch_dtype=torch.float32)
    assert all(torch.equal(value.float(), read.state_dict()[key]) for key, value in net.state_dict().items())
    steered = StableDiffusionControlNetPipeline(**pipe.components, controlnet=read, requires_safety_checker=False)
    steered.set_progress_bar_config(disable=True)
    image = picture(64, 64, 1)
    call = {"image": image, "num_inference_steps": 3, "generator": generators(7), "output_type": "latent"}
    with torch.no_grad():
        latents = steered(PROMPT, **call).images
    return {f"v{version}.controlled": latents, "picture": torch.from_numpy(np.asarray(image).copy())}


def parts(config, version, layers):
    vocabulary, merges = byte_pairs()
    pad = END if version == 1 else "!"
    write_tokenizer_files(config / "tokenizer", vocabulary, merges, length=77, pad=pad)
    text_encoder = random_text_encoder(vocabulary, length=77, act="quick_gelu" if version == 1 else "gelu", pad=pad)
    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(8, 8, 16),
        layers_per_block=layers,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=32,
        attention_head_dim=2 if version == 1 else (2, 4, 4),
        use_linear_projection=version == 2,
        norm_num_groups=4,
    )
    vae = AutoencoderKL(
        block_out_channels=(4, 8, 8, 8),
        layers_per_block=layers,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        norm_num_groups=4,
        sample_size=64,
    ).eval()
    randomise(vae)
    scheduler = V1_SCHEDULER if version == 1 else V2_SCHEDULER
    predict_noise(unet, scheduler)
    for name, part in (("text_encoder", text_encoder), ("unet", unet), ("vae", vae)):
        part.half().save_config(config / name) if name != "text_encoder" else part.config.save_pretrained(config / name)
    write_json(config / "scheduler" / "scheduler_config.json", scheduler)
    write_json(
        config / "model_index.json",
        {
            "_class_name": "StableDiffusionPipeline",
            "_diffusers_version": "0.42.1",
            "feature_extractor": [None, None],
            "requires_safety_checker": False,
            "safety_checker": [None, None],
            "scheduler": ["diffusers", scheduler["_class_name"]],
            "text_encoder": ["transformers", "CLIPTextModel"],
            "tokenizer": ["transformers", "CLIPTokenizer"],
            "unet": ["diffusers", "UNet2DConditionModel"],
            "vae": ["diffusers", "AutoencoderKL"],
        },
    )
    return text_encoder.half(), unet, vae


def original(text_encoder, unet, vae, version, layers):
    """The state dicts of the three parts under their original names, and what else such a file holds."""
    state = {}
    for key, value in unet.state_dict().items():
        state["model.diffusion_model." + unet_name(key, layers)] = value.contiguous()
    for key, value in vae.state_dict().items():
        is_conv = ".attentions." in key and key.endswith("weight") and value.ndim == 2
        state["first_stage_model." + vae_name(key)] = (value[:, :, None, None] if is_conv else value).contiguous()
    text = {key.removeprefix("text_model."): value for key, value in text_encoder.state_dict().items()}
    state.update(clip(text) if version == 1 else open_clip(text))

    names = [name for name in state if name.startswith("model.diffusion_model.")]
    for name in names[:110] if version == 1 else []:
        state["model_ema." + name.removeprefix("model.").replace(".", "")] = torch.zeros(1)
    for name in ("betas", "alphas_cumprod", "sqrt_alphas_cumprod", "posterior_mean_coef1", "log_one_minus_alphas_cumprod"):
        state[name] = torch.zeros(8)
    state["model_ema.num_updates"] = torch.tensor(5, dtype=torch.int32)
    state["global_step"] = torch.tensor(470000)
    return state


def unet_name(key, layers):
    """A U-Net's key as CompVis' repository has it."""
    stems = {
        "time_embedding.linear_1": "time_embed.0",
        "time_embedding.linear_2": "time_embed.2",
        "conv_in": "input_blocks.0.0",
        "conv_norm_out": "out.0",
        "conv_out": "out.2",
        "mid_block.resnets.0": "middle_block.0",
        "mid_block.attentions.0": "middle_block.1",
        "mid_block.resnets.1": "middle_block.2",
    }
    for block in range(3):
        for layer in range(layers):
            place = 1 + block * (layers + 1) + layer
            stems[f"down_blocks.{block}.resnets.{layer}"] = f"input_blocks.{place}.0"
            stems[f"down_blocks.{block}.attentions.{layer}"] = f"input_blocks.{place}.1"
        stems[f"down_blocks.{block}.downsamplers.0.conv"] = f"input_blocks.{(block + 1) * (layers + 1)}.0.op"
        for layer in range(layers + 1):
            place = block * (layers + 1) + layer
            stems[f"up_blocks.{block}.resnets.{layer}"] = f"output_blocks.{place}.0"
            stems[f"up_blocks.{block}.attentions.{layer}"] = f"output_blocks.{place}.1"
        stems[f"up_blocks.{block}.upsamplers.0.conv"] = f"output_blocks.{block * (layers + 1) + layers}.{1 if block == 0 else 2}.conv"
    stem = next(stem for stem in stems if key.startswith(stem + "."))
    rest = key.removeprefix(stem)
    if ".resnets." in stem:
        for new, old in (
            (".norm1", ".in_layers.0"),
            (".conv1", ".in_layers.2"),
            (".norm2", ".out_layers.0"),
            (".conv2", ".out_layers.3"),
            (".time_emb_proj", ".emb_layers.1"),
            (".conv_shortcut", ".skip_connection"),
        ):
            rest = rest.replace(new, old)
    return stems[stem] + rest


def controlnet_name(key, layers):
    for new, old in (
        ("controlnet_cond_embedding.conv_in", "input_hint_block.0"),
        ("controlnet_cond_embedding.conv_out", "input_hint_block.14"),
        ("controlnet_mid_block", "middle_block_out.0"),
    ):
        key = key.replace(new, old)
    key = re.sub(r"controlnet_cond_embedding\.blocks\.(\d)", lambda match: f"input_hint_block.{2 * int(match[1]) + 2}", key)
    key = re.sub(r"controlnet_down_blocks\.(\d+)", r"zero_convs.\1.0", key)
    return key if key.startswith(("input_hint", "middle_block_out", "zero_convs")) else unet_name(key, layers)


def vae_name(key):
    key = re.sub(r"encoder\.down_blocks\.(\d)\.resnets\.", r"encoder.down.\1.block.", key)
    key = re.sub(r"encoder\.down_blocks\.(\d)\.downsamplers\.0\.", r"encoder.down.\1.downsample.", key)
    key = re.sub(r"decoder\.up_blocks\.(\d)\.resnets\.", lambda match: f"decoder.up.{3 - int(match[1])}.block.", key)
    key = re.sub(r"decoder\.up_blocks\.(\d)\.upsamplers\.0\.", lambda match: f"decoder.up.{3 - int(match[1])}.upsample.", key)
    key = re.sub(r"mid_block\.resnets\.(\d)", lambda match: f"mid.block_{int(match[1]) + 1}", key)
    for new, old in (
        ("mid_block.attentions.0.group_norm", "mid.attn_1.norm"),
        ("mid_block.attentions.0.to_out.0", "mid.attn_1.proj_out"),
        ("mid_block.attentions.0.to_", "mid.attn_1."),
        ("conv_shortcut", "nin_shortcut"),
        ("conv_norm_out", "norm_out"),
    ):
        key = key.replace(new, old)
    return key


def clip(text):
    state = {f"cond_stage_model.transformer.text_model.{key}": value for key, value in text.items()}
    state["cond_stage_model.transformer.text_model.embeddings.position_ids"] = torch.arange(77)[None]
    return state


def open_clip(text):
    prefix = "cond_stage_model.model."
    state = {
        prefix + "token_embedding.weight": text["embeddings.token_embedding.weight"],
        prefix + "positional_embedding": text["embeddings.position_embedding.weight"],
        prefix + "ln_final.weight": text["final_layer_norm.weight"],
        prefix + "ln_final.bias": text["final_layer_norm.bias"],
        prefix + "text_projection": torch.randn(32, 16).half(),
        prefix + "logit_scale": torch.tensor(4.6),
        prefix + "transformer.resblocks.23.ln_1.weight": torch.ones(32),
        prefix + "transformer.resblocks.23.attn.in_proj_weight": torch.ones(96, 32),
    }
    for layer in range(2):
        old, new = f"{prefix}transformer.resblocks.{layer}.", f"encoder.layers.{layer}."
        for kind in ("weight", "bias"):
            state[old + f"attn.in_proj_{kind}"] = torch.cat([text[f"{new}self_attn.{name}_proj.{kind}"] for name in "qkv"])
            state[old + f"attn.out_proj.{kind}"] = text[f"{new}self_attn.out_proj.{kind}"]
            state[old + f"ln_1.{kind}"] = text[f"{new}layer_norm1.{kind}"]
            state[old + f"ln_2.{kind}"] = text[f"{new}layer_norm2.{kind}"]
            state[old + f"mlp.c_fc.{kind}"] = text[f"{new}mlp.fc1.{kind}"]
            state[old + f"mlp.c_proj.{kind}"] = text[f"{new}mlp.fc2.{kind}"]
    return {name: value.contiguous() for name, value in state.items()}


if __name__ == "__main__":
    main()
