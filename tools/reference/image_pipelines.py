"""What diffusers makes of pictures, masks and ControlNets: test/fixtures/pipelines/images.json, images.safetensors and parts.

    python tools/reference/image_pipelines.py

The same bytes at every run. Beside the folders of pipelines.py, which must be there, it makes parts that stand in for theirs:
- inpaint: a U-Net of nine channels, smaller than that of sd1, whose other parts it is run with.
- controlnet: for sd2; controlnet-pooled: float16, blue before red, its residuals averaged, as the hub's shuffle ControlNet.
`pictures` in images.safetensors are those that the cases name; a case's other tensors are as in expected.safetensors.
"""

import json
import shutil

import diffusers
import numpy as np
import torch
from cases import ANCESTRAL, CAR, DDIM, DPM, EULER, HOUSE
from diffusers import (
    ControlNetModel,
    StableDiffusionControlNetImg2ImgPipeline,
    StableDiffusionControlNetPipeline,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionInpaintPipeline,
    UNet2DConditionModel,
)
from diffusers.image_processor import VaeImageProcessor
from images import picture
from PIL import Image
from pipelines import V1_SCHEDULER, load, predict_noise, randomise
from reference import FIXTURES, camel, generators, noise_of, report, run, versions, write_json, write_tensors

CLASSES = {
    "img2img": StableDiffusionImg2ImgPipeline,
    "inpaint": StableDiffusionInpaintPipeline,
    "controlnet": StableDiffusionControlNetPipeline,
    "controlnet img2img": StableDiffusionControlNetImg2ImgPipeline,
}
KARRAS = (DPM, {"use_karras_sigmas": True})
CASES = []


def case(name, kind, scheduler=None, prompt=CAR, model="sd1", unet=None, controlnet=None, dtype="float32", **options):
    """`image`, `mask_image`, `control_image` are names of PICTURES; `scheduler` as in cases.py."""
    if not {"generator", "seed"} & set(options):
        options["generator"] = 7
    options.setdefault("num_inference_steps", 5)
    scheduler = (scheduler, None) if isinstance(scheduler, str) else scheduler
    CASES.append(
        dict(
            name=name,
            kind=kind,
            scheduler=scheduler,
            prompt=prompt,
            model=model,
            unet=unet,
            controlnet=controlnet,
            dtype=dtype,
            options=options,
        )
    )


def img2img(name, scheduler=None, image="square", **options):
    case(f"img2img {name}", "img2img", scheduler, image=image, **options)


def inpaint(name, scheduler=None, image="square", mask_image="mask", **options):
    case(f"inpaint {name}", "inpaint", scheduler, image=image, mask_image=mask_image, **options)


def control(name, scheduler=None, image="square", controlnet="controlnet", **options):
    case(f"controlnet {name}", "controlnet", scheduler, image=image, controlnet=controlnet, model="sd2", **options)


img2img("pndm", strength=0.6)
img2img("pndm whole", strength=1)
img2img("pndm of the doubled step on", strength=0.9, num_inference_steps=7)
img2img("pndm one step", strength=0.2)
img2img("pndm runge-kutta", ("PNDMScheduler", {"skip_prk_steps": False}), strength=0.6, num_inference_steps=6)
img2img("euler", EULER)
img2img("euler odd size", EULER, image="wide", strength=0.6)
img2img("euler timesteps", EULER, strength=0.6, timesteps=[990, 700, 333, 50])
img2img("euler sigmas", EULER, strength=0.8, sigmas=[14.0, 6.0, 2.5, 0.4])
img2img("euler of two seeds", EULER, strength=0.5, num_images_per_prompt=2, seed=0)
img2img("ddim eta of two generators", DDIM, strength=0.7, eta=0.7, num_images_per_prompt=2, generator=[3, 4])
img2img("dpm++ 2m karras", KARRAS, strength=0.7, num_inference_steps=6)
img2img("dpm++ 2m karras of one timestep twice", KARRAS, strength=0.06, num_inference_steps=50)
img2img("dpm++ 2m sde", (DPM, {"algorithm_type": "sde-dpmsolver++"}), strength=0.6)
img2img("heun", "HeunDiscreteScheduler", strength=0.6)
img2img("unipc", "UniPCMultistepScheduler", strength=0.6)
img2img("lcm", "LCMScheduler", strength=0.5, num_inference_steps=4)
img2img("ancestral of two prompts and pictures", ANCESTRAL, prompt=[CAR, HOUSE], image=["square", "other"], strength=0.6)
img2img("ancestral two pictures of one", ANCESTRAL, num_images_per_prompt=2, strength=0.6)
img2img("negative prompt, guidance 3", EULER, negative_prompt="blurry, ugly", guidance_scale=3, strength=0.6)
img2img("without guidance", EULER, guidance_scale=1, strength=0.6)
img2img("of latents", EULER, image="latents", strength=0.6)
img2img("half ancestral of two seeds", ANCESTRAL, model="half", dtype="float16", num_images_per_prompt=2, seed=11)

inpaint("pndm")
inpaint("pndm strength 0.6", strength=0.6)
inpaint("euler", EULER)
inpaint("ancestral strength 0.7", ANCESTRAL, strength=0.7)
inpaint("dpm++ 2m karras", KARRAS, strength=0.7, num_inference_steps=6)
inpaint("heun", "HeunDiscreteScheduler", strength=0.6)
inpaint("dpm++ 2m karras of one timestep twice", KARRAS, strength=0.1, num_inference_steps=50)
inpaint("ancestral of two generators", ANCESTRAL, num_images_per_prompt=2, generator=[3, 4], strength=0.7)
inpaint("of two prompts and pictures", EULER, prompt=[CAR, HOUSE], image=["square", "other"], mask_image=["mask", "round"])
inpaint("two pictures without guidance", EULER, num_images_per_prompt=2, guidance_scale=1, strength=0.5)
inpaint("other sizes", EULER, image="wide", mask_image="round", height=72, width=56)
inpaint("cropped", EULER, image="wide", mask_image="wide mask", padding_mask_crop=5)
inpaint("cropped, blurred", EULER, image="wide", mask_image="blurred", padding_mask_crop=9, height=64, width=48)
NINE = {"unet": "inpaint"}
inpaint("nine channels", **NINE)
inpaint("nine channels ddim eta, strength 0.7", DDIM, eta=0.7, strength=0.7, **NINE)
inpaint("nine channels ancestral of two generators", ANCESTRAL, num_images_per_prompt=2, generator=[3, 4], **NINE)
inpaint("nine channels of two prompts", EULER, prompt=[CAR, HOUSE], image=["square", "other"], **NINE)
inpaint("nine channels without guidance", EULER, guidance_scale=1, mask_image="round", **NINE)
inpaint("nine channels cropped", EULER, image="wide", mask_image="wide mask", padding_mask_crop=5, **NINE)

BOTH = ["controlnet", "controlnet-pooled"]
control("plain")
control("euler, scale 0.5", EULER, controlnet_conditioning_scale=0.5)
control("some of the steps", EULER, control_guidance_start=0.2, control_guidance_end=0.7)
control("guess mode", EULER, guess_mode=True, guidance_scale=4.0)
control("guess mode without guidance", EULER, guess_mode=True, guidance_scale=1.0)
control("of two prompts", EULER, prompt=[CAR, HOUSE], image=["square", "other"], num_images_per_prompt=2)
control("odd size", EULER, image="wide")
control("resized", EULER, image="wide", height=56, width=72)
control("pooled, bgr", EULER, controlnet="controlnet-pooled")
control(
    "two",
    EULER,
    controlnet=BOTH,
    image=["square", "other"],
    controlnet_conditioning_scale=[0.7, 0.4],
    control_guidance_start=[0.0, 0.3],
    control_guidance_end=[0.6, 1.0],
)
case(
    "controlnet img2img",
    "controlnet img2img",
    EULER,
    model="sd2",
    image="square",
    control_image="other",
    controlnet="controlnet",
)
case(
    "controlnet img2img of two, ancestral",
    "controlnet img2img",
    ANCESTRAL,
    model="sd2",
    image="square",
    control_image=["other", "square"],
    controlnet=BOTH,
    strength=0.6,
    num_images_per_prompt=2,
    seed=3,
)


def pictures():
    def drawn(width, height, inside):
        y, x = np.mgrid[:height, :width]
        return Image.fromarray(np.where(inside(x, y)[..., None], 255, 0).repeat(3, 2).astype(np.uint8))

    blurred = drawn(90, 70, lambda x, y: (x > 30) & (x < 44) & (y > 20) & (y < 60))
    return {
        "square": picture(64, 64, 1),
        "other": picture(64, 64, 2),
        "wide": picture(90, 70, 3),
        "mask": drawn(64, 64, lambda x, y: (x > 20) & (y < 37)),
        "round": drawn(48, 40, lambda x, y: (x - 20) ** 2 + (y - 17) ** 2 < 200),
        "wide mask": drawn(90, 70, lambda x, y: (x > 60) & (y > 50)),
        "blurred": VaeImageProcessor.blur(blurred, 3),
    }


def main():
    pinned = versions()
    write_parts()
    tensors, cases = {}, []
    named = pictures()
    for name, image in named.items():
        tensors[f"pictures.{name}"] = torch.from_numpy(np.asarray(image).copy())
    named["latents"] = torch.randn((1, 4, 8, 8), generator=generators(99))
    tensors["pictures.latents"] = named["latents"]
    base = {name: load(name) for name in ("sd1", "half", "sd2")}
    for one in CASES:
        cases.append(case_of(one, base[one["model"]], named, tensors))
    write_tensors(FIXTURES / "images.safetensors", tensors)
    write_json(FIXTURES / "images.json", {"made_with": pinned, "cases": cases})
    report(FIXTURES)


def case_of(one, base, named, tensors):
    parts = {**base.components}
    if one["unet"]:
        parts["unet"] = UNet2DConditionModel.from_pretrained(FIXTURES / one["unet"])
    if one["controlnet"]:
        load_net = lambda name: ControlNetModel.from_pretrained(FIXTURES / name, torch_dtype=torch.float32)
        nets = one["controlnet"]
        parts["controlnet"] = [load_net(name) for name in nets] if isinstance(nets, list) else load_net(nets)
    scheduler = None
    if one["scheduler"] is not None:
        class_name, changes = one["scheduler"]
        shipped = json.loads((FIXTURES / one["model"] / "scheduler" / "scheduler_config.json").read_text())
        config = {**shipped, **changes} if changes is not None else None
        scheduler = {"class": class_name, "config": config}
        parts["scheduler"] = getattr(diffusers, class_name).from_config(config or base.scheduler.config)
    else:
        parts["scheduler"] = type(base.scheduler).from_config(base.scheduler.config)
    pipe = CLASSES[one["kind"]](**parts, requires_safety_checker=False)
    pipe.set_progress_bar_config(disable=True)

    options = dict(one["options"])
    if "generator" in options:
        options["generator"] = generators(options["generator"])
    if "seed" in options:
        first = options.pop("seed")
        options["generator"] = generators([first + i for i in range(options.get("num_images_per_prompt", 1))])
    for key in ("image", "mask_image", "control_image"):
        if key in options:
            names = options[key]
            options[key] = [named[name] for name in names] if isinstance(names, list) else named[names]

    cropped = "padding_mask_crop" in options
    seen = run_cropped(pipe, one["prompt"], options) if cropped else run(pipe, one["prompt"], options, one["dtype"])
    for key, value in seen.items():
        tensors[f"{one['name']}.{key}"] = value
    final = seen["latents"][-1]
    print(
        f"{one['name']:<48} steps {len(seen['latents']):>2}  latents std {final.std():6.3f} max {final.abs().max():7.3f}"
        f"  picture std {seen['pictures'].float().std():5.1f}",
        flush=True,
    )
    assert torch.isfinite(final).all() and seen["pictures"].float().std() > 10
    told = {camel(key): value for key, value in one["options"].items()}
    return {**{key: one[key] for key in ("name", "kind", "model", "unet", "controlnet", "dtype", "prompt")}, "scheduler": scheduler, "options": told}


@torch.no_grad()
def run_cropped(pipe, prompt, options):
    """Its pictures are put back into the one given, which diffusers does to finished ones alone."""
    seen = {"timesteps": [], "latents": []}

    def note(_pipe, _step, timestep, tensors):
        seen["timesteps"].append(float(timestep))
        seen["latents"].append(tensors["latents"].clone())
        return {}

    output = pipe(prompt, **options, callback_on_step_end=note)
    return {
        "timesteps": torch.tensor(seen["timesteps"], dtype=torch.float32),
        "latents": torch.stack(seen["latents"]),
        "pictures": torch.from_numpy(np.stack([np.asarray(picture) for picture in output.images])),
    }


def write_parts():
    for name in ("inpaint", "controlnet", "controlnet-pooled"):
        shutil.rmtree(FIXTURES / name, ignore_errors=True)
    torch.manual_seed(3)
    unet = UNet2DConditionModel(
        in_channels=9,
        sample_size=8,
        block_out_channels=(8, 16),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=32,
        attention_head_dim=4,
        norm_num_groups=4,
    )
    predict_noise(unet, V1_SCHEDULER)
    unet.save_pretrained(FIXTURES / "inpaint")
    base = UNet2DConditionModel.from_pretrained(FIXTURES / "sd2" / "unet")
    write_controlnet("controlnet", base, torch.float32, conditioning_embedding_out_channels=(4, 8, 12))
    write_controlnet(
        "controlnet-pooled",
        base,
        torch.float16,
        conditioning_embedding_out_channels=(4, 4, 8),
        controlnet_conditioning_channel_order="bgr",
        global_pool_conditions=True,
    )


@torch.no_grad()
def write_controlnet(name, unet, dtype, **config):
    own = {**ControlNetModel.from_unet(unet).config, **config}
    del own["_use_default_values"]  # from_config would leave out what stands there
    net = ControlNetModel.from_config(own)
    randomise(net)
    for block in [*net.controlnet_down_blocks, net.controlnet_mid_block]:
        block.weight.mul_(0.5)
    net.to(dtype).save_pretrained(FIXTURES / name)


if __name__ == "__main__":
    main()
