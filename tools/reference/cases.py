"""What pipelines.py runs: each case is one call of a pipeline, named after what it shows."""

CAR = "photograph of a vintage car"
HOUSE = "a small house by the lake, painting"

PROMPTS = [
    CAR,
    HOUSE,
    "",
    "blurry, ugly",
    "  A  Café in ZÜRICH,\n 日本語 🚗 don't stop!!! 3 cars ",
    "literal <|endoftext|> inside",
    "one two three four five six seven eight nine ten " * 10,
    "ﬁne ½ e\u0301 &amp; İstanbul\u200b",
]

CASES = []


def case(name, prompt=CAR, scheduler=None, model="sd1", dtype="float32", steps=5, **options):
    """`scheduler`: a class name (made from the pipeline's own scheduler), or (class name, changes to the file's keys)."""
    if isinstance(scheduler, str):
        scheduler = (scheduler, None)
    if not {"generator", "seed", "latents"} & set(options):
        options["generator"] = 7
    options.setdefault("num_inference_steps", steps)
    CASES.append(
        dict(name=name, prompt=prompt, scheduler=scheduler, model=model, dtype=dtype, options=options),
    )


PNDM, DDIM, EULER = "PNDMScheduler", "DDIMScheduler", "EulerDiscreteScheduler"
ANCESTRAL, DPM = "EulerAncestralDiscreteScheduler", "DPMSolverMultistepScheduler"
V = {"prediction_type": "v_prediction"}
SAMPLE = {"prediction_type": "sample"}
TRAILING = {"timestep_spacing": "trailing"}
LINSPACE = {"timestep_spacing": "linspace"}
LEADING = {"timestep_spacing": "leading"}
ZERO_SNR = {"rescale_betas_zero_snr": True, **V, **TRAILING}

# every scheduler as `from_config` makes it from the pipeline's own, then its options
case("pndm")
case("pndm one step", steps=1)
case("pndm two steps", steps=2)
case("pndm v_prediction", scheduler=(PNDM, V))
case("pndm trailing", scheduler=(PNDM, TRAILING))
case("pndm linspace alpha one", scheduler=(PNDM, {**LINSPACE, "set_alpha_to_one": True}))
case("pndm runge-kutta", scheduler=(PNDM, {"skip_prk_steps": False}), steps=6)
case("pndm linear betas", scheduler=(PNDM, {"beta_schedule": "linear"}))

case("ddim", scheduler=DDIM)
case("ddim eta", scheduler=DDIM, eta=0.7)
case("ddim eta of two generators", scheduler=DDIM, eta=0.7, num_images_per_prompt=2, generator=[3, 4])
case("ddim clip_sample", scheduler=(DDIM, {"clip_sample": True, "clip_sample_range": 1.5}))
case("ddim trailing v_prediction zero snr", scheduler=(DDIM, ZERO_SNR), guidance_rescale=0.7)
case("ddim sample", scheduler=(DDIM, SAMPLE))
case("ddim cosine betas", scheduler=(DDIM, {"beta_schedule": "squaredcos_cap_v2"}))
case("ddim thresholding", scheduler=(DDIM, {"thresholding": True, "dynamic_thresholding_ratio": 0.9}))

case("euler", scheduler=EULER)
case("euler karras", scheduler=(EULER, {"use_karras_sigmas": True}))
case("euler exponential", scheduler=(EULER, {"use_exponential_sigmas": True}))
case("euler v_prediction trailing", scheduler=(EULER, {**V, **TRAILING}))
case("euler zero snr", scheduler=(EULER, ZERO_SNR), guidance_rescale=0.5)
case("euler leading", scheduler=(EULER, LEADING))
case("euler log_linear sigma_min", scheduler=(EULER, {"interpolation_type": "log_linear", "final_sigmas_type": "sigma_min"}))
case("euler timesteps", scheduler=EULER, timesteps=[990, 700, 333, 50])
case("euler sigmas", scheduler=EULER, sigmas=[14.0, 6.0, 2.5, 0.4])

case("euler ancestral", scheduler=ANCESTRAL)
case("euler ancestral of two seeds", scheduler=ANCESTRAL, num_images_per_prompt=2, seed=0)
case("euler ancestral of a batch", scheduler=ANCESTRAL, prompt=[CAR, HOUSE])
case("euler ancestral v_prediction", scheduler=(ANCESTRAL, V))
case("euler ancestral trailing", scheduler=(ANCESTRAL, TRAILING))
case("euler ancestral zero snr", scheduler=(ANCESTRAL, ZERO_SNR))

case("dpm++ 2m", scheduler=DPM)
case("dpm++ 2m karras", scheduler=(DPM, {"use_karras_sigmas": True}), steps=6)
case("dpm++ 2m v_prediction", scheduler=(DPM, V))
case("dpm++ 2m trailing", scheduler=(DPM, TRAILING))
case("dpm++ 2m leading heun", scheduler=(DPM, {**LEADING, "solver_type": "heun"}))
case("dpm++ 2m sde karras", scheduler=(DPM, {"algorithm_type": "sde-dpmsolver++", "use_karras_sigmas": True}))
case("dpm++ 2m sde of two seeds", scheduler=(DPM, {"algorithm_type": "sde-dpmsolver++"}), num_images_per_prompt=2, seed=5)
case("dpm++ 2m lambdas", scheduler=(DPM, {"use_lu_lambdas": True}))
case("dpm++ 2m exponential", scheduler=(DPM, {"use_exponential_sigmas": True}))
case("dpm++ 2m euler_at_final", scheduler=(DPM, {"euler_at_final": True, "final_sigmas_type": "sigma_min"}))
case("dpm++ third order", scheduler=(DPM, {"solver_order": 3}), steps=6)
case("dpm plain", scheduler=(DPM, {"algorithm_type": "dpmsolver", "final_sigmas_type": "sigma_min"}))
case("dpm++ 2m timesteps", scheduler=DPM, timesteps=[990, 700, 333, 50])

# what a call takes
case("odd size", height=72, width=104)
case("odd size of a batch", prompt=[CAR, HOUSE], height=104, width=40, steps=4)
case("two prompts", prompt=[CAR, HOUSE])
case("two pictures a prompt", num_images_per_prompt=2)
case("two prompts, two pictures each", prompt=[CAR, HOUSE], num_images_per_prompt=2, generator=[1, 2, 3, 4], steps=4)
case("seed zero", seed=0)
case("big seed", generator=2**40 + 3)
case("empty prompt", prompt="")
case("long prompt", prompt=PROMPTS[6])
case("negative prompt", negative_prompt="blurry, ugly")
case("negative prompts", prompt=[CAR, HOUSE], negative_prompt=["blurry, ugly", ""])
case("guidance 0", guidance_scale=0, negative_prompt="blurry, ugly")
case("guidance 1", guidance_scale=1)
case("guidance 1.5 rescaled", guidance_scale=1.5, guidance_rescale=1.0)
case("guidance 7.5 rescaled", guidance_scale=7.5, guidance_rescale=0.7)
case("latents given", latents=[1, 4, 8, 8])
case("latents given, euler", latents=[2, 4, 8, 8], num_images_per_prompt=2, scheduler=EULER)
case("clip skip", clip_skip=1)

# half-precision weights and noise
case("half as float32", model="half")
case("half", model="half", dtype="float16")
case("half pndm odd size", model="half", dtype="float16", scheduler=PNDM, height=72, width=104)
case("half ancestral of two seeds", model="half", dtype="float16", scheduler=ANCESTRAL, num_images_per_prompt=2, seed=11)
case(
    "half ddim eta of a batch",
    model="half",
    dtype="float16",
    scheduler=(DDIM, {"clip_sample": False}),
    eta=1,
    prompt=[CAR, HOUSE],
    negative_prompt=["", "blurry"],
)
case("half dpm++ 2m karras", model="half", dtype="float16", scheduler=(DPM, {"use_karras_sigmas": True}))

# Stable Diffusion 2: its own scheduler predicts the velocity
TURBO = {"prediction_type": "epsilon", **TRAILING}
case("sd2", model="sd2")
case("sd2 half", model="sd2", dtype="float16")
case("sd2 two prompts, odd size", model="sd2", prompt=[CAR, HOUSE], negative_prompt=["blurry, ugly", ""], height=40, width=56)
case("sd2 clip skip", model="sd2", clip_skip=1)
case("sd2 euler", model="sd2", scheduler=EULER)
case("sd2 euler ancestral", model="sd2", scheduler=ANCESTRAL)
case("sd2 pndm", model="sd2", scheduler=PNDM)
case("sd2 dpm++ 2m karras", model="sd2", scheduler=(DPM, {"use_karras_sigmas": True}))
case("sd2 ddim zero snr", model="sd2", scheduler=(DDIM, ZERO_SNR), guidance_rescale=0.7)
case("sd2 euler zero snr", model="sd2", scheduler=(EULER, ZERO_SNR), guidance_rescale=0.7)
case("sd2 turbo", model="sd2", scheduler=(EULER, TURBO), steps=1, guidance_scale=0)
