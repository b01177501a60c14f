"""Small LoRA files for the `sd1` folder, and what diffusers with peft makes of them: test/fixtures/pipelines/lora/.

    python tools/reference/lora.py

The same random matrices under each of the names that trainers have given them (`peft`, `diffusers`, `old`, `kohya`), another adapter beside them,
one whose metadata tell its alpha, and LyCORIS' Hadamard and Kronecker products and Tucker decompositions, which diffusers does not load for Stable
Diffusion 1: there its U-Net's weights are changed by the formulas of the paper (Yeh et al. 2023), those of Tucker by peft's own code.
"""

import json
import shutil

import torch
from diffusers import StableDiffusionPipeline
from peft.tuners.loha import layer as loha
from peft.tuners.lokr import layer as lokr
from reference import FIXTURES, generators, report, versions, write_json, write_tensors
from safetensors.torch import save_file

FOLDER = FIXTURES / "lora"
PROMPT = "photograph of a vintage car"


def main():
    versions()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    expected, told = {}, {}

    torch.manual_seed(20)
    style = random_lora(unet_layers(load()), rank=2) | random_lora(text_layers(), rank=3)
    write("peft", {f"{path}.lora_{'AB'[i]}.weight": pair[i] for path, pair in style.items() for i in (0, 1)})
    write("diffusers", {diffusers_name(path, i): pair[i] for path, pair in style.items() for i in (0, 1)})
    write("old", {old_name(path, i): pair[i] for path, pair in style.items() for i in (0, 1) if is_attention(path)})
    detail = random_lora(unet_layers(load(), lambda path: "attn2" in path or "conv" in path), rank=4)
    kohya = {}
    for path, (down, up) in (detail | random_lora(text_layers(lambda path: "layers.1" in path), rank=4)).items():
        kohya[f"{kohya_name(path)}.lora_down.weight"] = down
        kohya[f"{kohya_name(path)}.lora_up.weight"] = up
        kohya[f"{kohya_name(path)}.alpha"] = torch.tensor(2.0)
    write("kohya", kohya)
    metadata = {"unet.r": 2, "unet.lora_alpha": 6, "unet.alpha_pattern": {"to_k": 3}, "unet.target_modules": ["to_q", "to_k"]}
    only = {path: pair for path, pair in style.items() if path.startswith("unet.") and path.endswith(("to_q", "to_k"))}
    write(
        "metadata",
        {f"{path}.lora_{'AB'[i]}.weight": pair[i] for path, pair in only.items() for i in (0, 1)},
        {"lora_adapter_metadata": json.dumps(metadata)},
    )

    for name in ("peft", "diffusers", "old", "kohya", "metadata"):
        pipe = load()
        pipe.load_lora_weights(FOLDER, weight_name=f"{name}.safetensors")
        expected[name] = drawn(pipe)
    expected["none"] = drawn(load())

    pipe = load()
    pipe.load_lora_weights(FOLDER, weight_name="peft.safetensors", adapter_name="style")
    pipe.load_lora_weights(FOLDER, weight_name="kohya.safetensors", adapter_name="detail")
    told["active after loading two"] = pipe.get_active_adapters()
    told["list"] = pipe.get_list_adapters()
    expected["loaded two"] = drawn(pipe)
    expected["scale"] = drawn(pipe, cross_attention_kwargs={"scale": 0.5})
    pipe.set_adapters(["style", "detail"], [0.7, -0.4])
    told["active after set"] = pipe.get_active_adapters()
    expected["two"] = drawn(pipe)
    expected["two scaled"] = drawn(pipe, cross_attention_kwargs={"scale": 0.5})
    pipe.set_adapters("detail", {"unet": 0.5})
    expected["by part"] = drawn(pipe)
    pipe.set_adapters(["style", "detail"], [0.7, -0.4])
    pipe.fuse_lora(lora_scale=0.6)
    expected["fused"] = drawn(pipe)
    expected["fused scaled"] = drawn(pipe, cross_attention_kwargs={"scale": 0.5})
    pipe.unload_lora_weights()
    expected["fused unloaded"] = drawn(pipe)
    pipe = load()
    pipe.load_lora_weights(FOLDER, weight_name="peft.safetensors", adapter_name="style")
    pipe.disable_lora()
    expected["disabled"] = drawn(pipe)

    lycoris = {
        "loha": (lycoris_loha(), hada),
        "lokr": (lycoris_lokr(), kron),
        "locon-tucker": (tucker_locon(), core),
        "loha-tucker": (tucker_loha(), hada_core),
        "lokr-tucker": (tucker_lokr(), kron_core),
    }
    for name, (tensors, delta) in lycoris.items():
        write(name, tensors)
        expected[name] = drawn(changed(tensors, delta))

    write_tensors(FOLDER / "expected.safetensors", expected)
    write_json(FOLDER / "told.json", told)
    base = expected["none"]
    for name, latents in expected.items():
        print(f"{name:<16} differs from the base by {(latents - base).abs().max():.4f}")
    report(FOLDER)


def load():
    pipe = StableDiffusionPipeline.from_pretrained(FIXTURES / "sd1", torch_dtype=torch.float32, low_cpu_mem_usage=False)
    pipe.set_progress_bar_config(disable=True)
    return pipe


@torch.no_grad()
def drawn(pipe, **options):
    call = {"num_inference_steps": 2, "generator": generators(7), "output_type": "latent"}
    return pipe(PROMPT, **call, **options).images


def unet_layers(pipe, wanted=lambda path: True):
    kinds = (torch.nn.Linear, torch.nn.Conv2d)
    return {f"unet.{path}": m.weight for path, m in pipe.unet.named_modules() if isinstance(m, kinds) and wanted(path)}


def text_layers(wanted=lambda path: True):
    modules = load().text_encoder.named_modules()
    return {f"text_encoder.text_model.{path}": m.weight for path, m in modules if isinstance(m, torch.nn.Linear) and wanted(path)}


def random_lora(layers, rank):
    """Down and up of each layer, in half precision; together about a third as large as the weight."""
    result = {}
    for path, weight in layers.items():
        size = weight[0].numel()
        down = torch.randn((rank, *weight.shape[1:])) / size**0.5
        up = torch.randn((weight.shape[0], rank, *[1] * (weight.ndim - 2))) * 0.3 / rank**0.5
        result[path] = (down.half(), up.half())
    return result


def is_attention(path):
    return path.split(".")[-1] in ("to_q", "to_k", "to_v", "q_proj", "k_proj", "v_proj", "out_proj") or path.endswith("to_out.0")


def diffusers_name(path, i):
    kind = ("down", "up")[i]
    if path.startswith("text_encoder."):
        return f"{path}.lora_linear_layer.{kind}.weight"
    return f"{path}.lora.{kind}.weight"


def old_name(path, i):
    kind = ("down", "up")[i]
    *place, name = path.replace(".to_out.0", ".to_out").split(".")
    if path.startswith("text_encoder."):
        name = {"q_proj": "to_q", "k_proj": "to_k", "v_proj": "to_v", "out_proj": "to_out"}[name]
        return f"{'.'.join(place)}.{name}_lora.{kind}.weight"
    return f"{'.'.join(place)}.processor.{name}_lora.{kind}.weight"


def kohya_name(path):
    part, _, rest = path.partition(".")
    return {"unet": "lora_unet_", "text_encoder": "lora_te_"}[part] + rest.replace(".", "_")


def write(name, tensors, metadata=None):
    save_file({key: value.contiguous() for key, value in tensors.items()}, FOLDER / f"{name}.safetensors", metadata=metadata)


def lycoris_loha():
    torch.manual_seed(21)
    result = {}
    for path, weight in unet_layers(load(), lambda path: "attn1" in path or "ff" in path or "conv2" in path).items():
        flat, name = weight.flatten(1), kohya_name(path)
        for index in (1, 2):
            result[f"{name}.hada_w{index}_a"] = (torch.randn(flat.shape[0], 3) * 0.4).half()
            result[f"{name}.hada_w{index}_b"] = (torch.randn(3, flat.shape[1]) * 0.4).half()
        result[f"{name}.alpha"] = torch.tensor(1.5)
    return result


def lycoris_lokr():
    """First factor whole; the second whole where it is of a convolution, in two else."""
    torch.manual_seed(22)
    result = {}
    for path, weight in unet_layers(load(), lambda path: "attn2" in path or "ff" in path or "conv1" in path).items():
        out, into, name = weight.shape[0], weight.shape[1], kohya_name(path)
        result[f"{name}.lokr_w1"] = (torch.randn(4, 4) * 0.2).half()
        if weight.ndim == 4:
            result[f"{name}.lokr_w2"] = (torch.randn(out // 4, into // 4, *weight.shape[2:]) * 0.2).half()
        else:
            result[f"{name}.lokr_w2_a"] = (torch.randn(out // 4, 2) * 0.4).half()
            result[f"{name}.lokr_w2_b"] = (torch.randn(2, into // 4) * 0.4).half()
        result[f"{name}.alpha"] = torch.tensor(1.0)
    return result


def convolutions():
    wanted = lambda path: path.endswith(("conv1", "conv2", "downsamplers.0.conv", "upsamplers.0.conv"))
    return {kohya_name(path): weight for path, weight in unet_layers(load(), wanted).items()}


def cores(name, weight, suffixes, rank, factor=1):
    """A core and the two matrices beside it, [rank, out] and [rank, in]."""
    (out, into, *kernel), (core, left, right) = weight.shape, suffixes
    return {
        f"{name}.{core}": (torch.randn(rank, rank, *kernel) * 0.5).half(),
        f"{name}.{left}": (torch.randn(rank, out // factor) * 0.4).half(),
        f"{name}.{right}": (torch.randn(rank, into // factor) * 0.4).half(),
    }


def tucker_locon():
    torch.manual_seed(23)
    result = {}
    for name, weight in convolutions().items():
        one = cores(name, weight, ("lora_mid.weight", "lora_up.weight", "lora_down.weight"), rank=3)
        one[f"{name}.lora_up.weight"] = one[f"{name}.lora_up.weight"].T.contiguous()[:, :, None, None]
        one[f"{name}.lora_down.weight"] = one[f"{name}.lora_down.weight"][:, :, None, None]
        result |= one | {f"{name}.alpha": torch.tensor(0.75)}
    return result


def tucker_loha():
    torch.manual_seed(24)
    result = {}
    for name, weight in convolutions().items():
        for i in (1, 2):
            result |= cores(name, weight, (f"hada_t{i}", f"hada_w{i}_a", f"hada_w{i}_b"), rank=3)
        result[f"{name}.alpha"] = torch.tensor(3.0)
    return result


def tucker_lokr():
    torch.manual_seed(25)
    result = {}
    for name, weight in convolutions().items():
        result |= cores(name, weight, ("lokr_t2", "lokr_w2_a", "lokr_w2_b"), rank=2, factor=4)
        result |= {f"{name}.lokr_w1": (torch.randn(4, 4) * 0.3).half(), f"{name}.alpha": torch.tensor(1.0)}
    return result


def core(part):
    up, down = part["lora_up.weight"].float()[:, :, 0, 0], part["lora_down.weight"].float()[:, :, 0, 0]
    return lokr.make_weight_cp(part["lora_mid.weight"].float(), up.T, down) * (part["alpha"] / 3)


def hada_core(part):
    first, second = ((part[f"hada_t{i}"].float(), part[f"hada_w{i}_a"].float(), part[f"hada_w{i}_b"].float()) for i in (1, 2))
    return loha.make_weight_cp(*first, *second, part["alpha"] / 3)


def kron_core(part):
    second = lokr.make_weight_cp(part["lokr_t2"].float(), part["lokr_w2_a"].float(), part["lokr_w2_b"].float())
    return lokr.make_kron(part["lokr_w1"].float(), second, part["alpha"] / 2)


def hada(part):
    first, second = (part[f"hada_w{i}_a"].float() @ part[f"hada_w{i}_b"].float() for i in (1, 2))
    return first * second * (part["alpha"] / 3)


def kron(part):
    first = part["lokr_w1"].float()
    if "lokr_w2" in part:
        second = part["lokr_w2"].float()
        return torch.kron(first[:, :, None, None], second)
    return torch.kron(first, part["lokr_w2_a"].float() @ part["lokr_w2_b"].float()) * (part["alpha"] / 2)


@torch.no_grad()
def changed(tensors, delta):
    pipe = load()
    for path, weight in unet_layers(pipe).items():
        name = kohya_name(path)
        part = {key.removeprefix(f"{name}."): value for key, value in tensors.items() if key.startswith(f"{name}.")}
        if part:
            weight.add_(delta(part).reshape(weight.shape))
    return pipe


if __name__ == "__main__":
    main()
