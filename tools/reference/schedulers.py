"""Writes test/fixtures/schedulers.json: schedules and short loops of diffusers' own schedulers.

    OMP_NUM_THREADS=1 python tools/reference/schedulers.py

Needs scipy for the beta sigmas. Each case holds a class, its config, and what set_timesteps and a loop over a fixed
stand-in for the network gave: timesteps, sigmas, the initial noise's sigma, the sample halfway and at the end. For the
two DPM-Solver-2 classes "sigmas" are the levels at which the network is called, which diffusers keeps in two lists.
"""

import inspect
import json
import pathlib
import re
import warnings

import diffusers
import numpy as np
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
LATER = {
    "DDPMScheduler": ("epsilon", "v_prediction", "sample"),
    "LMSDiscreteScheduler": ("epsilon", "v_prediction", "sample"),
    "HeunDiscreteScheduler": ("epsilon", "v_prediction", "sample"),
    "KDPM2DiscreteScheduler": ("epsilon", "v_prediction"),
    "KDPM2AncestralDiscreteScheduler": ("epsilon", "v_prediction"),
    "DPMSolverSinglestepScheduler": ("epsilon", "v_prediction", "sample"),
    "DEISMultistepScheduler": ("epsilon", "v_prediction", "sample"),
    "UniPCMultistepScheduler": ("epsilon", "v_prediction", "sample"),
    "LCMScheduler": ("epsilon", "v_prediction", "sample"),
    "TCDScheduler": ("epsilon", "v_prediction", "sample"),
    "FlowMatchEulerDiscreteScheduler": ("",),
}
DDPM, LMS, HEUN, KDPM2, KDPM2A, SINGLE, DEIS, UNIPC, LCM, TCD, FLOW = LATER
SHAPES = ("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas")


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


def later():
    """The classes that came after the grid above: each option once, against the rest of Stable Diffusion's config."""
    spaced = (DDPM, LMS, HEUN, KDPM2, KDPM2A, DEIS, UNIPC)
    shaped = (LMS, HEUN, KDPM2, KDPM2A, SINGLE, DEIS, UNIPC)
    limiting = (DDPM, LCM, SINGLE, DEIS, UNIPC)
    zero_snr = (DDPM, UNIPC, LCM, TCD)
    betas = [0.001 + 0.0005 * i for i in range(60)]
    for name, predictions in LATER.items():
        sd = {} if name == FLOW else SD
        unclipped = {**sd, "clip_sample": False} if name in (DDPM, LCM, TCD) else sd
        yield case(name, {}, 10)
        for steps in (1, 3, 15):
            yield case(name, unclipped, steps)
        for prediction in predictions[1:]:
            yield case(name, {**unclipped, "prediction_type": prediction}, 6)
        yield case(name, unclipped, 8, start=3)
        if name == FLOW:
            continue
        if name != KDPM2A:  # whose single precision takes a root below zero there
            yield case(name, {**unclipped, "beta_schedule": "squaredcos_cap_v2"}, 6)
        yield case(name, {**unclipped, "trained_betas": betas, "num_train_timesteps": 60, "original_inference_steps": 20}, 5)
        if name in spaced:
            for spacing in SPACINGS:
                yield case(name, {**unclipped, "timestep_spacing": spacing, "steps_offset": 1}, 7)
        if name in shaped:
            for shape in SHAPES:
                yield case(name, {**sd, shape: True}, 7)
                yield case(name, {**sd, shape: True, "sigma_min": 0.1, "sigma_max": 10.0}, 5)
        if name in limiting:
            yield case(name, {**sd, "thresholding": True, "dynamic_thresholding_ratio": 0.9, "sample_max_value": 3.0}, 6)
        if name in zero_snr:
            yield case(name, {**unclipped, "rescale_betas_zero_snr": True, "prediction_type": "v_prediction",
                              "timestep_spacing": "trailing"}, 6)
        if name in (DDPM, LCM, TCD, HEUN, SINGLE):
            yield case(name, unclipped, None, timesteps=[999, 759, 499, 259, 119, 19])

    for schedule in ("sigmoid", "laplace"):
        yield case(DDPM, {"beta_schedule": schedule}, 6)
    for variance in ("fixed_small_log", "fixed_large", "learned", "learned_range"):
        yield case(DDPM, {**SD, "clip_sample_range": 2.5, "variance_type": variance}, 6)
    yield case(DDPM, {**SD, "clip_sample": False}, 5, dtype="float16")
    yield case(DDPM, {**SD, "clip_sample": False}, 50)

    yield case(HEUN, {**SD, "clip_sample": True, "clip_sample_range": 2.0}, 6)
    yield case(HEUN, {"beta_schedule": "exp"}, 6)
    yield case(KDPM2A, SD, 6, dtype="float16")
    yield case(KDPM2A, SD, 50)

    for algorithm in ("dpmsolver", "dpmsolver++", "sde-dpmsolver++", "deis"):
        for order in (1, 2, 3):
            for solver in ("midpoint", "heun") if order > 1 else ("bh2",):
                for steps, lower in ((6, True), (6, False), (7, False)):
                    yield case(SINGLE, {**SD, "algorithm_type": algorithm, "solver_order": order, "solver_type": solver,
                                        "lower_order_final": lower, "final_sigmas_type": "sigma_min"}, steps)
    for order in (2, 3):
        for steps in (4, 5, 6):
            yield case(SINGLE, {**SD, "solver_order": order, "lower_order_final": True}, steps)
    yield case(SINGLE, {"beta_schedule": "squaredcos_cap_v2", "lambda_min_clipped": -5.1}, 8)
    yield case(SINGLE, {**SD, "algorithm_type": "sde-dpmsolver++"}, 6, dtype="float16")
    flow = {"use_flow_sigmas": True, "prediction_type": "flow_prediction", "flow_shift": 3.0}
    for name in (SINGLE, DEIS, UNIPC, DPM):
        yield case(name, flow, 8)
        yield case(name, {**flow, "use_dynamic_shifting": True}, 6, mu=0.8)

    for order in (1, 2, 3):
        for lower in (True, False):
            for steps in (6, 16):
                yield case(DEIS, {**SD, "solver_order": order, "lower_order_final": lower}, steps)
    yield case(DEIS, {**SD, "algorithm_type": "dpmsolver++", "solver_type": "heun"}, 6)

    for order in (1, 2, 3, 4):
        for solver in ("bh1", "bh2"):
            for predict_x0 in (True, False):
                yield case(UNIPC, {**SD, "solver_order": order, "solver_type": solver, "predict_x0": predict_x0,
                                   "final_sigmas_type": "sigma_min"}, 7)
        yield case(UNIPC, {**SD, "solver_order": order}, 7)
        yield case(UNIPC, {**SD, "solver_order": order, "lower_order_final": False,
                           "final_sigmas_type": "sigma_min"}, 7)
    yield case(UNIPC, {**SD, "disable_corrector": [0, 2]}, 7)
    yield case(UNIPC, {**SD, "solver_type": "midpoint", "use_karras_sigmas": True, "final_sigmas_type": "sigma_min"}, 7)
    for prediction in ("v_prediction", "sample"):
        yield case(UNIPC, {**SD, "predict_x0": False, "prediction_type": prediction, "final_sigmas_type": "sigma_min"}, 6)
    yield case(UNIPC, {**flow, "final_sigmas_type": "sigma_min", "shift_terminal": 0.1}, 8)
    yield case(UNIPC, {**flow, "use_karras_sigmas": True}, 8)
    yield case(UNIPC, {**flow, "use_dynamic_shifting": True, "time_shift_type": "linear"}, 6, mu=0.8)
    yield case(UNIPC, flow, None, sigmas=[0.95, 0.7, 0.45, 0.2, 0.05])

    yield case(LCM, {**SD, "original_inference_steps": 40, "timestep_scaling": 0.01}, 7)
    yield case(LCM, {**SD, "clip_sample": True, "clip_sample_range": 1.5, "set_alpha_to_one": False}, 6)
    yield case(LCM, SD, 5, dtype="float16")
    for eta in (0.5, 1.0):
        yield case(TCD, {**SD, "original_inference_steps": 40}, 7, options={"eta": eta})
    yield case(TCD, SD, 6, options={"eta": 0.0})
    yield case(TCD, {**SD, "clip_sample": True, "thresholding": True}, 5, dtype="float16")

    for shape in SHAPES:
        yield case(FLOW, {"shift": 3.0, shape: True}, 7)
    yield case(FLOW, {"shift": 3.0, "use_karras_sigmas": True, "sigma_min": 0.1, "sigma_max": 0.9}, 7)
    yield case(FLOW, {"shift": 3.0, "shift_terminal": 0.1}, 7)
    yield case(FLOW, {"shift": 3.0, "invert_sigmas": True}, 7)
    yield case(FLOW, {"shift": 3.0, "stochastic_sampling": True}, 7)
    yield case(FLOW, {"stochastic_sampling": True}, 5, dtype="float16")
    for kind in ("exponential", "linear"):
        yield case(FLOW, {"shift": 3.0, "use_dynamic_shifting": True, "time_shift_type": kind}, 7, mu=0.8)
    yield case(FLOW, {"shift": 3.0}, None, sigmas=[1.0, 0.7, 0.4, 0.1])
    yield case(FLOW, {"shift": 3.0}, None, timesteps=[1000.0, 700.0, 400.0, 100.0])
    yield case(FLOW, {"shift": 3.0}, None, sigmas=[1.0, 0.7, 0.4, 0.1], timesteps=[990.0, 690.0, 390.0, 90.0])

    # what the classes of the grid had left out
    yield case(DPM, {**SD, "variance_type": "fixed_small"}, 6)
    yield case(DDIM, SD, 6, options={"useClippedModelOutput": True})
    yield case(EULER, SD, 6, options={"sChurn": 2.0, "sTmin": 0.5, "sTmax": 10.0, "sNoise": 1.01})
    yield case(EULER, {**SD, "prediction_type": "v_prediction"}, 6, options={"sChurn": 9.0})
    yield case(PNDM, {**SD, "skip_prk_steps": True, "rescale_betas_zero_snr": True}, 6)
    for name in (PNDM, DDIM, EULER, ANCESTRAL, DPM):
        yield case(name, {**SD, "skip_prk_steps": True} if name == PNDM else SD, 8, start=3)


def case(name, config, steps, *, eta=None, dtype="float32", start=None, options=None, **custom):
    scheduler = getattr(diffusers, name).from_config({"_class_name": name, **config})
    arrays = {key: np.array(value) if isinstance(value, list) else value for key, value in custom.items()}
    scheduler.set_timesteps(steps, **arrays)
    generator = torch.Generator().manual_seed(3)
    index = torch.arange(SIZE, dtype=torch.float32)
    pattern = (((index * 37 + 11) % 64) / 32 - 1).reshape(DIMS)
    bias = (((index * 29 + 5) % 32) / 32 - 0.5).reshape(DIMS)
    variance = (((index * 13 + 7) % 16 + 1) / 16).reshape(DIMS)
    init_noise_sigma = getattr(scheduler, "init_noise_sigma", 1.0)
    sample = pattern * init_noise_sigma
    takes = inspect.signature(scheduler.step).parameters
    extra = {"generator": generator} if "generator" in takes else {}
    if eta is not None:
        extra["eta"] = eta
    extra.update({snake(key): value for key, value in (options or {}).items()})
    walked = scheduler.timesteps
    if start is not None:  # as from a picture: what noise is added to, and where the walk begins
        first = start * scheduler.order
        walked = walked[first:]
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(first)
        if name == FLOW:
            sample = scheduler.scale_noise(bias, walked[:1], pattern)
        else:
            sample = scheduler.add_noise(bias, pattern, walked[:1])
    halfway = None
    for i, t in enumerate(walked):
        seen = sample if name == FLOW else scheduler.scale_model_input(sample, t)
        output = seen * float(0.25 + t / 4096) + bias
        if str(config.get("variance_type")).startswith("learned"):
            output = torch.cat([output, variance], dim=1)
        if dtype == "float16":  # single precision everywhere but in the noise that the step draws
            sample = step_with_half_noise(scheduler, output, t, sample, extra)
        else:
            sample = scheduler.step(output, t, sample, **extra).prev_sample
        if i == len(walked) // 2:
            halfway = sample
    given = {
        "eta": eta,
        "dtype": dtype if dtype != "float32" else None,
        "start": start,
        "options": options,
    }
    if not torch.isfinite(sample).all():
        raise SystemExit(f"{name} {config} {steps} ends in {sample.flatten()[:3]}")
    return {
        "class": name,
        "config": config,
        "steps": steps,
        **custom,
        **{key: value for key, value in given.items() if value is not None},
        "want": {
            "timesteps": numbers(scheduler.timesteps),
            **({"sigmas": numbers(levels(scheduler))} if hasattr(scheduler, "sigmas") else {}),
            "initNoiseSigma": numbers(torch.as_tensor(init_noise_sigma))[0],
            **({"halfway": numbers(halfway)} if name in PREDICTIONS else {}),
            "sample": numbers(sample),
        },
    }


def levels(scheduler):
    """One a model call, and the last one reached."""
    calls = len(scheduler.timesteps)
    if isinstance(scheduler, diffusers.KDPM2DiscreteScheduler):
        second = scheduler.sigmas_interpol[1::2]
    elif isinstance(scheduler, diffusers.KDPM2AncestralDiscreteScheduler):
        second = scheduler.sigmas_interpol[0::2]
    else:
        return scheduler.sigmas
    first = scheduler.sigmas[0::2]
    return torch.stack([(second if i % 2 else first)[i // 2] for i in range(calls + 1)])


def snake(name):
    return re.sub("([A-Z])", lambda letter: "_" + letter[1].lower(), name)


def step_with_half_noise(scheduler, output, t, sample, extra):
    module = __import__(type(scheduler).__module__, fromlist=["randn_tensor"])
    plain = module.randn_tensor

    def drawn_as_for_a_half_model(shape, generator, device, dtype):
        single = (diffusers.DPMSolverMultistepScheduler, diffusers.FlowMatchEulerDiscreteScheduler)
        asked = dtype if isinstance(scheduler, single) else torch.float16
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
    cases = [*grid(), *options(), *later()]
    path = pathlib.Path(__file__).parents[2] / "test/fixtures/schedulers.json"
    lines = ",\n".join(json.dumps(one, separators=(",", ":"), allow_nan=False) for one in cases)
    versions = f'"diffusers":"{diffusers.__version__}","torch":"{torch.__version__}"'
    path.write_text(f'{{{versions},"cases":[\n{lines}\n]}}\n')
    print(f"{len(cases)} cases")


if __name__ == "__main__":
    main()
