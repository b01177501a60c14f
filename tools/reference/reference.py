"""What pipelines.py and tiny.py share: one run of diffusers with everything it passed through, and its files."""

import hashlib
import json
import re
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

import diffusers
import numpy as np
import torch
import transformers
from diffusers.models.autoencoders import vae
from diffusers.pipelines.controlnet import pipeline_controlnet, pipeline_controlnet_img2img
from diffusers.pipelines.stable_diffusion import (
    pipeline_stable_diffusion,
    pipeline_stable_diffusion_img2img,
    pipeline_stable_diffusion_inpaint,
)
from diffusers.schedulers import scheduling_ddim, scheduling_dpmsolver_multistep, scheduling_euler_ancestral_discrete
from diffusers.utils.torch_utils import randn_tensor
from safetensors.torch import save_file

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "test" / "fixtures" / "pipelines"

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)
diffusers.logging.set_verbosity_error()
diffusers.logging.disable_progress_bar()
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

DRAWING = (
    vae,
    pipeline_controlnet,
    pipeline_controlnet_img2img,
    pipeline_stable_diffusion,
    pipeline_stable_diffusion_img2img,
    pipeline_stable_diffusion_inpaint,
    scheduling_ddim,
    scheduling_dpmsolver_multistep,
    scheduling_euler_ancestral_discrete,
)


@contextmanager
def noise_of(dtype):
    """Noise drawn as a pipeline of `dtype` draws it, handed on as float32: computing stays in float32."""

    def draw(shape, generator=None, **_):
        return randn_tensor(shape, generator=generator, dtype=getattr(torch, dtype)).float()

    for module in DRAWING:
        module.randn_tensor = draw
    try:
        yield
    finally:
        for module in DRAWING:
            module.randn_tensor = randn_tensor


def generators(seeds):
    """`7` is one torch.Generator for the whole batch, `[7, 8]` one a picture."""
    if isinstance(seeds, list):
        return [generators(seed) for seed in seeds]
    return torch.Generator().manual_seed(seeds)


@torch.no_grad()
def run(pipe, prompt, options, dtype="float32"):
    """The pipeline's own call; returns initial noise, each step's timestep and latents, and pixels (uint8, NHWC)."""
    seen = {"timesteps": [], "latents": []}
    prepare = pipe.prepare_latents

    def prepared(*args, **kwargs):
        latents = prepare(*args, **kwargs)
        seen["initial"] = (latents[0] if isinstance(latents, tuple) else latents).clone()
        return latents

    def note(_pipe, _step, timestep, tensors):
        seen["timesteps"].append(float(timestep))
        seen["latents"].append(tensors["latents"].clone())
        return {}

    pipe.prepare_latents = prepared
    try:
        with noise_of(dtype):
            output = pipe(prompt, **options, callback_on_step_end=note, output_type="latent")
    finally:
        del pipe.prepare_latents
    decoded = pipe.vae.decode(output.images / pipe.vae.config.scaling_factor).sample
    pictures = pipe.image_processor.postprocess(decoded, output_type="pil")
    return {
        "initial": seen["initial"],
        "timesteps": torch.tensor(seen["timesteps"], dtype=torch.float32),
        "latents": torch.stack(seen["latents"]),
        "pictures": torch.from_numpy(np.stack([np.asarray(picture) for picture in pictures])),
    }


def camel(name):
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def versions():
    """The pinned packages; ends the run where another version is installed."""
    pinned = dict(line.split("==") for line in (Path(__file__).parent / "requirements.txt").read_text().split())
    for package, version in pinned.items():
        installed = metadata.version(package).split("+")[0]
        if installed != version:
            raise SystemExit(f"expected {package} {version}, as requirements.txt pins it, got {installed}")
    return pinned


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(value, indent=1, ensure_ascii=False)
    text = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda match: "[" + re.sub(r"\n\s+", " ", match[1]) + "]", text)
    path.write_text(text + "\n")


def write_tensors(path, tensors):
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: value.contiguous() for name, value in sorted(tensors.items())}, path)


def report(folder):
    total = 0
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        total += file.stat().st_size
        print(f"{file.stat().st_size:>9}  {sha256(file)[:12]}  {file.relative_to(ROOT)}")
    print(f"{total:>9}  in all")
