"""Small random-weight networks and what diffusers and transformers compute with them: test/fixtures/models.

    python tools/reference/models.py test/fixtures/models

Each folder holds config.json, the weights, and expected.safetensors with inputs and outputs by name. signatures.json lists
every key of each configuration class with its default. Written with diffusers 0.42.1, transformers 5.23, torch on the CPU.
"""

import inspect
import json
import pathlib
import shutil
import sys

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, ControlNetModel, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPVisionConfig

UNET = {
    "block_out_channels": [8, 16],
    "layers_per_block": 1,
    "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
    "cross_attention_dim": 12,
    "attention_head_dim": 2,
    "norm_num_groups": 4,
    "sample_size": 8,
}
THREE_LEVELS = {
    **UNET,
    "block_out_channels": [8, 16, 16],
    "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
}
# name: (config, [(batch, height, width, tokens, timestep)])
UNETS = {
    "unet-sd1": ({**THREE_LEVELS, "layers_per_block": 2}, [(2, 8, 8, 7, 981), (1, 8, 12, 5, 1), (1, 7, 9, 7, 500.5)]),
    "unet-sd2": (
        {
            **THREE_LEVELS,
            "use_linear_projection": True,
            "attention_head_dim": [1, 2, 4],
            "upcast_attention": True,
            "sample_size": [8, 12],
        },
        [(2, 8, 12, 7, 999)],
    ),
    "unet-one-block": (
        {
            **UNET,
            "block_out_channels": [8],
            "down_block_types": ["CrossAttnDownBlock2D"],
            "up_block_types": ["CrossAttnUpBlock2D"],
            "mid_block_type": None,
        },
        [(1, 5, 3, 4, 12)],
    ),
    "unet-scale-shift": (
        {
            **UNET,
            "resnet_time_scale_shift": "scale_shift",
            "time_embedding_dim": 24,
            "time_embedding_act_fn": "gelu",
            "timestep_post_act": "silu",
            "center_input_sample": True,
            "flip_sin_to_cos": False,
            "freq_shift": 1,
            "act_fn": "Mish",
            "norm_eps": 1e-3,
            "downsample_padding": 0,
        },
        [(2, 6, 4, 7, 250), (1, 5, 7, 7, 250)],
    ),
    "unet-uneven": (
        {
            **THREE_LEVELS,
            "layers_per_block": [1, 2, 1],
            "transformer_layers_per_block": [[1], [2, 1], 1],
            "reverse_transformer_layers_per_block": [1, [1, 0, 2], [1, 2]],
            "only_cross_attention": [True, False, False],
            "cross_attention_dim": [12, 12, 12],
            "mid_block_type": "UNetMidBlock2D",
            "mid_block_scale_factor": 1.5,
            "up_block_types": ["CrossAttnUpBlock2D", "UNetResUpBlock2D", "CrossAttnUpBlock2D"],
        },
        [(1, 8, 4, 7, 30)],
    ),
    "unet-odd-numbers": (
        {
            **UNET,
            "block_out_channels": [9, 18],
            "norm_num_groups": 3,
            "attention_head_dim": 4,
            "in_channels": 9,
            "out_channels": 6,
            "conv_in_kernel": 5,
            "conv_out_kernel": 1,
            "act_fn": "gelu",
            "mid_block_scale_factor": 2,
        },
        [(1, 4, 6, 3, 77)],
    ),
    "unet-relu": ({**UNET, "act_fn": "relu"}, [(1, 4, 4, 3, 400)]),
}
VAE = {
    "block_out_channels": [8, 16],
    "down_block_types": ["DownEncoderBlock2D"] * 2,
    "up_block_types": ["UpDecoderBlock2D"] * 2,
    "norm_num_groups": 4,
    "sample_size": 16,
}
# name: (config, [(batch, picture height, width)])
VAES = {
    "vae-sd1": (
        {
            **VAE,
            "block_out_channels": [8, 8, 16],
            "down_block_types": ["DownEncoderBlock2D"] * 3,
            "up_block_types": ["UpDecoderBlock2D"] * 3,
            "layers_per_block": 2,
        },
        [(2, 16, 16), (1, 12, 20)],
    ),
    "vae-bare": (
        {
            **VAE,
            "act_fn": "gelu",
            "latent_channels": 5,
            "use_quant_conv": False,
            "use_post_quant_conv": False,
            "mid_block_add_attention": False,
            "scaling_factor": 1.5305,
            "shift_factor": 0.0609,
            "force_upcast": False,
        },
        [(1, 6, 10)],
    ),
}
CLIP = {
    "vocab_size": 50,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": 10,
    "bos_token_id": 48,
    "eos_token_id": 49,
}
# name: (config, token ids)
CLIPS = {
    "clip-sd1": (
        {**CLIP, "eos_token_id": 2},
        [[48, 3, 5, 49, 49, 49, 49, 49, 49, 49], [48, 1, 2, 4, 6, 8, 10, 12, 14, 49]],
    ),
    "clip-sd2": (
        {**CLIP, "hidden_act": "gelu", "layer_norm_eps": 1e-3, "num_attention_heads": 2},
        [[48, 3, 49, 0, 0, 49, 7], [48, 1, 2, 4, 49, 0, 0]],
    ),
}


def randomized(model):
    """Every parameter away from its initial value, norms too, so that none can be left out unnoticed."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return model.eval()


def write_config(folder, config):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def write_tensors(path, tensors):
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)


def unet_outputs(model, cases):
    tensors = {}
    for i, (batch, height, width, tokens, timestep) in enumerate(cases):
        cross = model.config.cross_attention_dim
        sample = torch.randn(batch, model.config.in_channels, height, width)
        text = torch.randn(batch, tokens, cross[0] if isinstance(cross, list) else cross)
        tensors[f"{i}.sample"] = sample
        tensors[f"{i}.timestep"] = torch.tensor([float(timestep)])
        tensors[f"{i}.encoder_hidden_states"] = text
        tensors[f"{i}.out_sample"] = model(sample, timestep, text).sample
    return tensors


def write_unets(root):
    for name, (config, cases) in UNETS.items():
        model = randomized(UNet2DConditionModel(**config))
        write_config(root / name, {"_class_name": "UNet2DConditionModel", **config})
        write_tensors(root / name / "diffusion_pytorch_model.safetensors", model.state_dict())
        write_tensors(root / name / "expected.safetensors", unet_outputs(model, cases))


def write_storage(root):
    """One network stored as half precision, as bfloat16, and in shards; the expected values are of the stored weights in float32."""
    for dtype in [torch.float16, torch.bfloat16]:
        folder = root / f"unet-{str(dtype).removeprefix('torch.')}"
        model = randomized(UNet2DConditionModel(**UNET)).to(dtype)
        model.save_pretrained(folder)
        write_tensors(folder / "expected.safetensors", unet_outputs(model.float(), [(1, 4, 4, 3, 981)]))
    model = randomized(UNet2DConditionModel(**UNET))
    model.save_pretrained(root / "unet-sharded", max_shard_size="100KB")
    write_tensors(root / "unet-sharded" / "expected.safetensors", unet_outputs(model, [(1, 4, 4, 3, 981)]))


def vae_outputs(model, cases):
    tensors = {}
    factor = 2 ** (len(model.config.block_out_channels) - 1)
    for i, (batch, height, width) in enumerate(cases):
        sample = torch.rand(batch, 3, height, width) * 2 - 1
        latents = torch.randn(batch, model.config.latent_channels, height // factor, width // factor)
        tensors[f"{i}.sample"] = sample
        tensors[f"{i}.moments"] = model.encode(sample).latent_dist.parameters
        tensors[f"{i}.latents"] = latents
        tensors[f"{i}.decoded"] = model.decode(latents).sample
    return tensors


def write_vaes(root):
    for name, (config, cases) in VAES.items():
        model = randomized(AutoencoderKL(**config))
        write_config(root / name, {"_class_name": "AutoencoderKL", **config})
        write_tensors(root / name / "diffusion_pytorch_model.safetensors", model.state_dict())
        write_tensors(root / name / "expected.safetensors", vae_outputs(model, cases))


def write_legacy_vae(root):
    """Attention as diffusers named it before 0.15, read back by today's to prove that the names are right."""
    folder = root / "vae-legacy"
    model = randomized(AutoencoderKL(**VAE))
    model.save_pretrained(folder)
    weights = folder / "diffusion_pytorch_model.safetensors"
    names = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    tensors = {}
    for key, tensor in load_file(weights).items():
        for new, old in names.items():
            key = key.replace(f".attentions.0.{new}.", f".attentions.0.{old}.")
        tensors[key] = tensor
    save_file(tensors, weights, {"format": "pt"})
    expected = vae_outputs(AutoencoderKL.from_pretrained(folder), [(1, 8, 8)])
    write_tensors(folder / "expected.safetensors", expected)


def write_clips(root):
    for name, (config, ids) in CLIPS.items():
        model = randomized(CLIPTextModel(CLIPTextConfig(**config)))
        ids = torch.tensor(ids)
        output = model(ids, output_hidden_states=True)
        expected = {"input_ids": ids.int(), "last_hidden_state": output.last_hidden_state, "pooled": output.pooler_output}
        for skip in [1, 3]:
            expected[f"clip_skip_{skip}"] = model.final_layer_norm(output.hidden_states[-(skip + 1)])
        weights = model.state_dict()
        if name == "clip-sd1":  # as the hub's files of Stable Diffusion 1.x have it
            weights = {f"text_model.{key}": tensor for key, tensor in weights.items()}
            weights["text_model.embeddings.position_ids"] = torch.arange(config["max_position_embeddings"])[None]
        write_config(root / name, {"model_type": "clip_text_model", **config})
        write_tensors(root / name / "model.safetensors", weights)
        write_tensors(root / name / "expected.safetensors", expected)


def write_projection(root):
    folder = root / "clip-projection"
    model = randomized(CLIPTextModelWithProjection(CLIPTextConfig(**CLIP, projection_dim=6)))
    model.save_pretrained(folder)
    ids = torch.tensor([[48, 3, 49], [48, 49, 0]])
    write_tensors(folder / "expected.safetensors", {"input_ids": ids.int(), "text_embeds": model(ids).text_embeds})


def write_signatures(root):
    def defaults(function):
        parameters = list(inspect.signature(function).parameters.values())[1:]
        return {p.name: p.default for p in parameters}

    def as_json(config):
        return json.loads(config.to_json_string(use_diff=False))

    signatures = {
        "UNet2DConditionModel": defaults(UNet2DConditionModel.__init__),
        "AutoencoderKL": defaults(AutoencoderKL.__init__),
        "ControlNetModel": defaults(ControlNetModel.__init__),
        "AutoencoderTiny": defaults(AutoencoderTiny.__init__),
        "CLIPTextConfig": as_json(CLIPTextConfig()),
        "CLIPVisionConfig": as_json(CLIPVisionConfig()),
    }
    (root / "signatures.json").write_text(json.dumps(signatures, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    root = pathlib.Path(sys.argv[1])
    shutil.rmtree(root, ignore_errors=True)
    torch.manual_seed(0)
    torch.set_num_threads(1)
    with torch.no_grad():
        write_unets(root)
        write_storage(root)
        write_vaes(root)
        write_legacy_vae(root)
        write_clips(root)
        write_projection(root)
    write_signatures(root)
