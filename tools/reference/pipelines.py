"""Small random-weight Stable Diffusion pipelines, and what diffusers makes of them: test/fixtures/pipelines/.

    python tools/reference/pipelines.py

The same bytes at every run. Two folders in diffusers layout:
- sd1: a repository as the hub has Stable Diffusion v1-4: float32, `text_model.` names with position_ids, the VAE's
  old attention names, vocab.json + merges.txt, the scheduler file of that model.
- half: as today's libraries save one: float16, a U-Net in shards, a bfloat16 VAE, tokenizer.json, linear projections,
  three U-Net blocks, gelu, padding with `!`.
"""

import json
import shutil
import unicodedata

import torch
import diffusers
import torch.nn.functional as F
from cases import CASES, PROMPTS
from diffusers import AutoencoderKL, EulerDiscreteScheduler, StableDiffusionPipeline, UNet2DConditionModel
from reference import FIXTURES, camel, generators, report, run, versions, write_json, write_tensors
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

END = "<|endoftext|>"
START = "<|startoftext|>"
V1_SCHEDULER = {
    "_class_name": "PNDMScheduler",
    "_diffusers_version": "0.7.0.dev0",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "num_train_timesteps": 1000,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "trained_betas": None,
    "clip_sample": False,
}


def main():
    pinned = versions()
    for name in ("sd1", "half"):
        shutil.rmtree(FIXTURES / name, ignore_errors=True)
    write_sd1(FIXTURES / "sd1")
    write_half(FIXTURES / "half")

    write_expected(("sd1", "half"), "", pinned)
    report(FIXTURES)


def write_expected(names, prefix, pinned):
    """Runs the cases of some folders; their values go into `{prefix}cases.json` and `{prefix}expected.safetensors`."""
    tensors, cases, parts = {}, [], {}
    for name in names:
        pipe = load(name)
        parts[name] = parts_of(name, pipe, tensors)
        for case in (case for case in CASES if case["model"] == name):
            cases.append(case_of(case, pipe, tensors))
    write_tensors(FIXTURES / f"{prefix}expected.safetensors", tensors)
    write_json(FIXTURES / f"{prefix}cases.json", {"made_with": pinned, "parts": parts, "cases": cases})


def load(name):
    pipe = StableDiffusionPipeline.from_pretrained(FIXTURES / name, torch_dtype=torch.float32, low_cpu_mem_usage=False)
    pipe.set_progress_bar_config(disable=True)
    # transformers 5 has no `text_model` within CLIPTextModel, and diffusers' clip_skip still asks for it
    object.__setattr__(pipe.text_encoder, "text_model", pipe.text_encoder)
    return pipe


def case_of(case, pipe, tensors):
    """Runs one case; what it took goes into cases.json, what came out into expected.safetensors under its name."""
    shipped = json.loads((FIXTURES / case["model"] / "scheduler" / "scheduler_config.json").read_text())
    scheduler = None
    own = pipe.scheduler
    if case["scheduler"] is not None:
        class_name, changes = case["scheduler"]
        config = {**shipped, **changes} if changes is not None else None
        scheduler = {"class": class_name, "config": config}
        pipe.scheduler = getattr(diffusers, class_name).from_config(config or own.config)

    told = dict(case["options"])
    options = dict(told)
    if "generator" in told:
        options["generator"] = generators(told["generator"])
    if "seed" in told:
        count = (len(case["prompt"]) if isinstance(case["prompt"], list) else 1) * told.get("num_images_per_prompt", 1)
        first = options.pop("seed")
        options["generator"] = generators([first + i for i in range(count)])
    if "latents" in told:
        options["latents"] = torch.randn(told["latents"], generator=generators(99))
        tensors[f"{case['name']}.given"] = options["latents"]
        del told["latents"]

    seen = run(pipe, case["prompt"], options, case["dtype"])
    pipe.scheduler = own
    for key, value in seen.items():
        tensors[f"{case['name']}.{key}"] = value
    final = seen["latents"][-1]
    print(
        f"{case['name']:<34} steps {len(seen['latents']):>2}  latents std {final.std():6.3f} max {final.abs().max():7.3f}"
        f"  picture std {seen['pictures'].float().std():5.1f}",
        flush=True,
    )
    assert torch.isfinite(final).all() and seen["pictures"].float().std() > 10
    return {
        "name": case["name"],
        "model": case["model"],
        "dtype": case["dtype"],
        "scheduler": scheduler,
        "prompt": case["prompt"],
        "options": {camel(key): value for key, value in told.items()},
    }


@torch.no_grad()
def parts_of(name, pipe, tensors):
    """Each model alone: tokens and embeddings of PROMPTS, one U-Net call, the VAE both ways."""
    ids = pipe.tokenizer(
        PROMPTS, padding="max_length", max_length=pipe.tokenizer.model_max_length, truncation=True, return_tensors="pt"
    ).input_ids
    generator = generators(5)
    embeddings = pipe.text_encoder(ids)[0]
    tensors[f"{name}.embeddings"] = embeddings
    states = pipe.text_encoder(ids, output_hidden_states=True).hidden_states
    tensors[f"{name}.embeddings.clipSkip1"] = pipe.text_encoder.final_layer_norm(states[-2])

    sample = torch.randn((2, pipe.unet.config.in_channels, 9, 13), generator=generator)
    tensors[f"{name}.unet.sample"] = sample
    tensors[f"{name}.unet.out"] = pipe.unet(sample, 801.5, encoder_hidden_states=embeddings[:2]).sample

    pixels = torch.randint(0, 256, (1, 9, 13, 3), generator=generator, dtype=torch.uint8)
    picture = F.interpolate(pixels.permute(0, 3, 1, 2).float(), scale_factor=pipe.vae_scale_factor, mode="bilinear").round()
    moments = pipe.vae.encode(picture / 127.5 - 1).latent_dist
    tensors[f"{name}.vae.picture"] = picture.permute(0, 2, 3, 1).to(torch.uint8)
    tensors[f"{name}.vae.mode"] = moments.mode()
    tensors[f"{name}.vae.sampled"] = moments.sample(generator=generators(3))
    tensors[f"{name}.vae.decoded"] = pipe.vae.decode(moments.mode()).sample
    return {"prompts": PROMPTS, "inputIds": ids.tolist()}


def write_sd1(folder):
    torch.manual_seed(1)
    vocabulary, merges = byte_pairs()
    write_tokenizer_files(folder / "tokenizer", vocabulary, merges, length=77)
    text_encoder = random_text_encoder(vocabulary, length=77, act="quick_gelu", pad=END)
    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(32, 48),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=32,
        attention_head_dim=4,
        norm_num_groups=8,
    )
    vae = random_vae((8, 16, 16, 16))
    write_pipeline(folder, text_encoder, unet, vae, V1_SCHEDULER)

    weights = folder / "text_encoder" / "model.safetensors"
    state = {f"text_model.{key}": value for key, value in load_file(weights).items()}
    state["text_model.embeddings.position_ids"] = torch.arange(77)[None]
    save_file(state, weights, metadata={"format": "pt"})

    weights = folder / "vae" / "diffusion_pytorch_model.safetensors"
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    state = {}
    for key, value in load_file(weights).items():
        for new_name, old_name in old.items():
            if "attentions.0." in key:
                key = key.replace(f".{new_name}.", f".{old_name}.")
        state[key] = value
    save_file(state, weights, metadata={"format": "pt"})


def write_half(folder):
    torch.manual_seed(2)
    vocabulary, merges = byte_pairs()
    write_tokenizer_files(folder / "tokenizer", vocabulary, merges, length=24, pad="!")
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    shutil.rmtree(folder / "tokenizer")
    tokenizer.save_pretrained(folder / "tokenizer")
    config = json.loads((folder / "tokenizer" / "tokenizer_config.json").read_text())
    for machine_bound in ("is_local", "local_files_only", "name_or_path"):
        config.pop(machine_bound, None)
    write_json(folder / "tokenizer" / "tokenizer_config.json", config)

    text_encoder = random_text_encoder(vocabulary, length=24, act="gelu", pad="!")
    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(16, 32, 32),
        layers_per_block=2,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=32,
        attention_head_dim=(2, 4, 4),
        use_linear_projection=True,
        norm_num_groups=8,
    )
    vae = random_vae((8, 8, 16, 16))
    scheduler = EulerDiscreteScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1)
    config = json.loads(scheduler.to_json_string())
    write_pipeline(folder, text_encoder.half(), unet, vae.bfloat16(), config, unet_dtype=torch.float16)


def write_pipeline(folder, text_encoder, unet, vae, scheduler, unet_dtype=torch.float32):
    predict_noise(unet, scheduler)
    text_encoder.save_pretrained(folder / "text_encoder")
    vae.save_pretrained(folder / "vae")
    sharded = unet_dtype == torch.float16
    unet.to(unet_dtype).save_pretrained(folder / "unet", max_shard_size="500KB" if sharded else "10GB")
    write_json(folder / "scheduler" / "scheduler_config.json", scheduler)
    write_json(
        folder / "model_index.json",
        {
            "_class_name": "StableDiffusionPipeline",
            "_diffusers_version": diffusers.__version__,
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


def random_text_encoder(vocabulary, length, act, pad):
    model = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(vocabulary),
            hidden_size=32,
            intermediate_size=96,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=length,
            hidden_act=act,
            bos_token_id=vocabulary[START],
            eos_token_id=vocabulary[END],
            pad_token_id=vocabulary[pad],
            projection_dim=32,
        )
    ).eval()
    randomise(model)
    return model


@torch.no_grad()
def random_vae(channels):
    """Its decoder's pixels have mean 0 and deviation 0.5, its encoder's latents the deviation that 0.18215 undoes."""
    vae = AutoencoderKL(
        block_out_channels=channels,
        layers_per_block=1,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        norm_num_groups=4,
        latent_channels=4,
        sample_size=64,
    ).eval()
    randomise(vae)
    latents = torch.randn((4, 4, 8, 8)) / vae.config.scaling_factor
    pixels = vae.decode(latents).sample
    normalise(vae.decoder.conv_out, pixels.mean((0, 2, 3)), pixels.std((0, 2, 3)) / 0.5)
    means, logs = vae._encode(torch.rand((4, 3, 64, 64)) * 2 - 1).chunk(2, 1)
    wanted = torch.tensor([1 / vae.config.scaling_factor] * 4 + [0.5] * 4)
    moments = torch.cat([means, logs], 1)
    normalise(vae.quant_conv, moments.mean((0, 2, 3)), moments.std((0, 2, 3)) / wanted)
    return vae


def normalise(conv, mean, deviation):
    conv.weight.div_(deviation[:, None, None, None])
    conv.bias.sub_(mean).div_(deviation)


@torch.no_grad()
def predict_noise(unet, scheduler):
    """Fits conv_out by least squares so that the random U-Net finds some of the noise (or velocity): latents then stay in range.

    A share of the random weights is kept, so that the text still steers the picture.
    """
    randomise(unet)
    betas = torch.linspace(scheduler["beta_start"] ** 0.5, scheduler["beta_end"] ** 0.5, 1000) ** 2
    kept = torch.cumprod(1 - betas, 0)
    channels = unet.config.out_channels
    scene = F.interpolate(torch.randn((96, channels, 3, 3)), size=(8, 8), mode="bicubic")
    noise = torch.randn((96, channels, 8, 8))
    times = torch.randint(0, 1000, (96,))
    alpha = kept[times].view(-1, 1, 1, 1)
    noisy = alpha.sqrt() * scene + (1 - alpha).sqrt() * noise
    if unet.config.in_channels > channels:  # an inpainting U-Net
        noisy = torch.cat([noisy, torch.randn((96, unet.config.in_channels - channels, 8, 8))], 1)
    features = []
    hook = unet.conv_out.register_forward_pre_hook(lambda _module, inputs: features.append(inputs[0]))
    out = unet(noisy, times, torch.randn((96, 24, unet.config.cross_attention_dim))).sample
    hook.remove()
    columns = F.unfold(features[0], 3, padding=1).transpose(1, 2).flatten(0, 1).double()
    columns = torch.cat([columns, torch.ones(len(columns), 1, dtype=torch.float64)], 1)
    velocity = alpha.sqrt() * noise - (1 - alpha).sqrt() * scene
    target = velocity if scheduler.get("prediction_type") == "v_prediction" else noise
    target = target.flatten(2).transpose(1, 2).flatten(0, 1).double()
    ridge = torch.eye(columns.shape[1], dtype=torch.float64) * 1e-3 * len(columns)
    solved = torch.linalg.solve(columns.T @ columns + ridge, columns.T @ target).float().T
    share = 0.08 / out.std()
    unet.conv_out.weight.mul_(share).add_(solved[:, :-1].view_as(unet.conv_out.weight))
    unet.conv_out.bias.copy_(solved[:, -1])


@torch.no_grad()
def randomise(model):
    """Every weight, bias, norm and embedding is drawn anew: none stays at a value (0, 1) that would hide a mistake."""
    for name, parameter in model.named_parameters():
        drawn = torch.randn(parameter.shape)
        if "embedding" in name and parameter.ndim == 2 and not name.startswith("time_embedding"):
            parameter.copy_(drawn * (0.3 if "position" in name else 1.0))
        elif parameter.ndim >= 2:
            parameter.copy_(drawn / parameter[0].numel() ** 0.5)
        elif name.endswith("bias"):
            parameter.copy_(drawn * 0.1)
        else:
            parameter.copy_(1 + drawn * 0.2)
    model.eval()


def byte_pairs():
    """A byte-level BPE in CLIP's form whose merges make words of PROMPTS; ties go to the greater pair."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    bytes_as_text = {byte: chr(byte) for byte in printable}
    for shift, byte in enumerate(byte for byte in range(256) if byte not in bytes_as_text):
        bytes_as_text[byte] = chr(256 + shift)
    counts = {}
    for prompt in PROMPTS:
        for word in unicodedata.normalize("NFC", prompt).lower().split():
            word = "".join(bytes_as_text[byte] for byte in word.strip(",.!").encode())
            counts[word] = counts.get(word, 0) + 1
    pieces = {word: [*word[:-1], word[-1] + "</w>"] for word in counts if word}
    merges = []
    while len(merges) < 120:
        pairs = {}
        for word, parts in pieces.items():
            for pair in zip(parts, parts[1:]):
                pairs[pair] = pairs.get(pair, 0) + counts[word]
        if not pairs:
            break
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        pieces = {word: merged(parts, best) for word, parts in pieces.items()}
    letters = [bytes_as_text[byte] for byte in [*printable, *(b for b in range(256) if b not in printable)]]
    tokens = [*letters, *(letter + "</w>" for letter in letters), *("".join(pair) for pair in merges), START, END]
    return {token: index for index, token in enumerate(dict.fromkeys(tokens))}, merges


def merged(parts, pair):
    out = []
    for part in parts:
        if out and (out[-1], part) == pair:
            out[-1] += part
        else:
            out.append(part)
    return out


def write_tokenizer_files(folder, vocabulary, merges, length, pad=END):
    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))

    def special(content):
        return {"content": content, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}

    words = {"bos_token": special(START), "eos_token": special(END), "unk_token": special(END), "pad_token": pad}
    write_json(folder / "special_tokens_map.json", words)
    write_json(
        folder / "tokenizer_config.json",
        {
            "add_prefix_space": False,
            "do_lower_case": True,
            "errors": "replace",
            "model_max_length": length,
            "tokenizer_class": "CLIPTokenizer",
            **words,
        },
    )


if __name__ == "__main__":
    main()
