"""Writes test/fixtures/schedulers.json: schedules and short loops of diffusers' own schedulers.

    OMP_NUM_THREADS=1 python tools/reference/schedulers.py

Needs scipy for the beta sigmas. Each case holds a class, its config, and what set_timesteps and a loop over a fixed
stand-in for the network gave: timesteps, sigmas, the initial noise's sigma, the sample halfway and at the end.
"""

import json
import pathlib
import warnings

import diffusers
import torch

warnings.filterwarnings("ignore")
diffusers.logging.set_verbosity_error()

DIMS = (2, 2, 2, 3)
SIZE = 24
SD = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
STEPS = (1, 7, 20)
SPACINGS = ("leading", "trailing", "linspace")
PREDICTIONS = {
    "PNDMScheduler": ("epsilon", "v_prediction"),
    "DDIMScheduler": ("epsilon", "v_prediction", "sample"),
    "EulerDiscreteScheduler": ("epsilon", "v_prediction", "sample"),
    "EulerAncestralDiscreteScheduler": ("epsilon", "v_prediction"),
    "DPMSolverMultistepScheduler": ("epsilon", "v_prediction", "sample"),
}
PNDM, DDIM, EULER, ANCESTRAL, DPM = PREDICTIONS


def grid():
    for name, predictions in PREDICTIONS.items():
        for spacing in SPACINGS:
            for prediction in predictions:
                for karras in (False, True) if name in (EULER, DPM) else (False,):
                    for steps in STEPS:
                        config = {**SD, "timestep_spacing": spacing, "prediction_type": prediction}
                        if karras:
                            config["use_karras_sigmas"] = True
                        if name == PNDM:
                            config["skip_prk_steps"] = True
                        if name == DDIM:
                            config["clip_sample"] = False
                        yield case(name, config, steps)


def options():
    for name in PREDICTIONS:
        prk = {"skip_prk_steps": True} if name == PNDM else {}
        yield case(name, {}, 10)
        yield case(name, {**SD, **prk, "steps_offset": 1, "timestep_spacing": "leading"}, 15)
        yield case(name, {"beta_schedule": "squaredcos_cap_v2"}, 8)
        yield case(name, {"num_train_timesteps": 100, "beta_end": 0.05}, 6)
        betas = [0.001 + 0.0005 * i for i in range(40)]
        yield case(name, {"num_train_timesteps": 40, "trained_betas": betas}, 5)
        if name != PNDM:
            yield case(name, {**SD, "rescale_betas_zero_snr": True, "prediction_type": "v_prediction",
                              "timestep_spacing": "trailing"}, 6)

    for steps in (4, 9):
        yield case(PNDM, {**SD, "skip_prk_steps": False, "set_alpha_to_one": True}, steps)
        yield case(PNDM, {**SD, "prediction_type": "v_prediction"}, steps)
    yield case(PNDM, {**SD, "skip_prk_steps": True}, 2)
    yield case(PNDM, {**SD, "skip_prk_steps": True}, 3)
    yield case(PNDM, {**SD, "skip_prk_steps": True, "steps_offset": 1}, 50)

    yield case(DDIM, {**SD, "set_alpha_to_one": False, "clip_sample_range": 2.5}, 6)
    yield case(DDIM, {**SD, "thresholding": True}, 6)
    yield case(DDIM, {**SD, "thresholding": True, "sample_max_value": 3.0, "dynamic_thresholding_ratio": 0.9}, 6)
    for eta in (0.5, 1.0):
        for dtype in ("float32", "float16"):
            yield case(DDIM, {**SD, "clip_sample": False}, 6, eta=eta, dtype=dtype)
    yield case(ANCESTRAL, SD, 6, dtype="float16")
    yield case(ANCESTRAL, SD, 50)

    shapes = ("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas")
    for name in (EULER, DPM):
        for shape in shapes:
            for final in ("zero", "sigma_min"):
                yield case(name, {**SD, shape: True, "final_sigmas_type": final}, 9)
        yield case(name, {**SD, "use_karras_sigmas": True, "beta_schedule": "squaredcos_cap_v2",
                          "sigma_max": 20.0}, 6)
        yield case(name, {**SD, "final_sigmas_type": "sigma_min"}, 6)
        yield case(name, SD, None, timesteps=[900, 700, 500, 300, 100, 50])
    for shape in shapes:
        yield case(EULER, {**SD, shape: True, "sigma_min": 0.1, "sigma_max": 10.0}, 6)
    yield case(EULER, {**SD, "interpolation_type": "log_linear"}, 6)
    yield case(EULER, {**SD, "interpolation_type": "log_linear", "use_karras_sigmas": True}, 6)
    edm = {**SD, "timestep_type": "continuous", "prediction_type": "v_prediction"}
    yield case(EULER, edm, 6)
    yield case(EULER, {**edm, "use_karras_sigmas": True, "sigma_min": 0.002, "sigma_max": 700.0}, 6)
    yield case(EULER, {**SD, "timestep_type": "continuous"}, 6)
    yield case(EULER, {**SD, "prediction_type": "original_sample"}, 6)
    yield case(EULER, SD, None, sigmas=[14.6, 6.0, 2.5, 1.0, 0.3, 0.0])
    yield case(EULER, {**SD, "use_karras_sigmas": True}, None, sigmas=[14.6, 6.0, 2.5, 1.0, 0.3, 0.05])

    for algorithm in ("dpmsolver", "dpmsolver++", "sde-dpmsolver", "sde-dpmsolver++"):
        final = "zero" if algorithm.endswith("++") else "sigma_min"
        for order in (1, 2, 3):
            if algorithm == "sde-dpmsolver" and order == 3:
                continue
            for solver in ("midpoint", "heun") if order == 2 else ("midpoint",):
                config = {**SD, "algorithm_type": algorithm, "solver_order": order, "solver_type": solver}
                for steps in (6, 16):
                    yield case(DPM, {**config, "final_sigmas_type": final}, steps)
        for prediction in PREDICTIONS[DPM]:
            yield case(DPM, {**SD, "algorithm_type": algorithm, "final_sigmas_type": "sigma_min",
                             "prediction_type": prediction, "thresholding": True, "sample_max_value": 4.0}, 6)
    for lower in (True, False):
        for euler in (True, False):
            for steps in (6, 16):
                yield case(DPM, {**SD, "lower_order_final": lower, "euler_at_final": euler, "solver_order": 3,
                                 "final_sigmas_type": "sigma_min"}, steps)
    yield case(DPM, {**SD, "algorithm_type": "deis", "solver_type": "logrho", "final_sigmas_type": "sigma_min"}, 6)
    yield case(DPM, {**SD, "use_lu_lambdas": True}, 9)
    yield case(DPM, {**SD, "use_lu_lambdas": True, "use_exponential_sigmas": True}, 9)
    for spacing in SPACINGS:
        yield case(DPM, {"beta_schedule": "squaredcos_cap_v2", "lambda_min_clipped": -5.1, "timestep_spacing": spacing}, 9)
    flow = {"use_flow_sigmas": True, "prediction_type": "flow_prediction"}
    yield case(DPM, flow, 8)
    yield case(DPM, {**flow, "flow_shift": 3.0, "final_sigmas_type": "sigma_min"}, 8)
    yield case(DPM, {**SD, "prediction_type": "flow_prediction"}, 8)
    yield case(DPM, {**SD, "algorithm_type": "sde-dpmsolver++"}, 6, dtype="float16")
    yield case(DPM, {**SD, "sigma_min": 0.1, "sigma_max": 10.0, "use_karras_sigmas": True}, 6)
    yield case(DPM, SD, 50)
    yield case(DPM, {**SD, "solver_order": 3, "use_karras_sigmas": True}, 50)


def case(name, config, steps, *, eta=None, dtype="float32", **custom):
    scheduler = getattr(diffusers, name).from_config({"_class_name": name, **config})
    scheduler.set_timesteps(steps, **custom)
    generator = torch.Generator().manual_seed(3)
    index = torch.arange(SIZE, dtype=torch.float32)
    sample = (((index * 37 + 11) % 64) / 32 - 1).reshape(DIMS) * scheduler.init_noise_sigma
    bias = (((index * 29 + 5) % 32) / 32 - 0.5).reshape(DIMS)
    extra = {} if name == PNDM else {"generator": generator}
    if name == EULER:
        extra = {}
    if eta is not None:
        extra["eta"] = eta
    halfway = None
    for i, t in enumerate(scheduler.timesteps):
        output = scheduler.scale_model_input(sample, t) * float(0.25 + t / 4096) + bias
        if dtype == "float16":  # single precision everywhere but in the noise that the step draws
            sample = step_with_half_noise(scheduler, output, t, sample, extra)
        else:
            sample = scheduler.step(output, t, sample, **extra).prev_sample
        if i == len(scheduler.timesteps) // 2:
            halfway = sample
    given = {key: value for key, value in {"eta": eta, "dtype": dtype if dtype != "float32" else None}.items() if value}
    has_sigmas = name in (EULER, ANCESTRAL, DPM)
    return {
        "class": name,
        "config": config,
        "steps": steps,
        **custom,
        **given,
        "want": {
            "timesteps": numbers(scheduler.timesteps),
            **({"sigmas": numbers(scheduler.sigmas)} if has_sigmas else {}),
            "initNoiseSigma": numbers(torch.as_tensor(scheduler.init_noise_sigma))[0],
            "halfway": numbers(halfway),
            "sample": numbers(sample),
        },
    }


def step_with_half_noise(scheduler, output, t, sample, extra):
    module = __import__(type(scheduler).__module__, fromlist=["randn_tensor"])
    plain = module.randn_tensor

    def drawn_as_for_a_half_model(shape, generator, device, dtype):
        asked = torch.float16 if not isinstance(scheduler, diffusers.DPMSolverMultistepScheduler) else dtype
        return plain(shape, generator=generator, device=device, dtype=asked).float()

    module.randn_tensor = drawn_as_for_a_half_model
    try:
        return scheduler.step(output, t, sample, **extra).prev_sample
    finally:
        module.randn_tensor = plain


def numbers(values):
    """Each at the fewest digits that give the same single-precision number."""
    return [float(str(value)) if value == value else None for value in values.double().float().flatten().numpy()]


def main():
    torch.set_num_threads(1)
    cases = [*grid(), *options()]
    path = pathlib.Path(__file__).parents[2] / "test/fixtures/schedulers.json"
    lines = ",\n".join(json.dumps(one, separators=(",", ":"), allow_nan=False) for one in cases)
    versions = f'"diffusers":"{diffusers.__version__}","torch":"{torch.__version__}"'
    path.write_text(f'{{{versions},"cases":[\n{lines}\n]}}\n')
    print(f"{len(cases)} cases")


if __name__ == "__main__":
    main()
