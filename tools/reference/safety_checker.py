"""A small random-weight safety checker, and what diffusers' pipeline does with it: test/fixtures/pipelines/checked*.

    python tools/reference/safety_checker.py

The same bytes at every run. `checked` holds a checker and its feature extractor alone; the pipeline is `sd1` with both. Its
thresholds lie so that of four pictures one passes far from all concepts, one is near a concept, one is near a concept only
because it is near one that needs special care, and one is near that one alone.
"""

import json
import logging
import shutil
import tempfile
from pathlib import Path

import diffusers
import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from pipelines import load, randomise
from reference import FIXTURES, generators, report, versions, write_json, write_tensors
from safetensors.torch import load_file, save_file
from transformers import CLIPConfig, CLIPImageProcessorPil

PROMPTS = ["a cup of tea", "photograph of a vintage car", "a small house by the lake, painting", "blurry, ugly"]
PASSES, NEAR, NEAR_WITH_CARE, CARE_ALONE = range(4)


def main():
    pinned = versions()
    folder = FIXTURES / "checked"
    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(4)
    checker, extractor = random_checker(), CLIPImageProcessorPil(size={"shortest_edge": 30}, crop_size=30)
    pipe = load("sd1")
    unchecked = run(pipe)
    set_thresholds(checker, embeds(checker, extractor, unchecked))
    write(folder, checker, extractor)

    checked = load_checked(folder)
    pictures, detected = run(checked, detect=True)
    print("detected", detected)
    assert detected == [False, True, True, False]
    assert [bool(np.asarray(picture).any()) for picture in pictures] == [True, False, False, True]
    pixels = checked.feature_extractor(unchecked, return_tensors="pt").pixel_values
    write_tensors(
        FIXTURES / "checked-expected.safetensors",
        {
            "pictures": torch.from_numpy(np.stack([np.asarray(picture) for picture in pictures])),
            "pixelValues": pixels,
            "scores": scores(checker, embeds(checker, extractor, unchecked)),
        },
    )
    write_json(FIXTURES / "checked.json", {"made_with": pinned, "prompts": PROMPTS, "detected": detected})
    report(folder)


def run(pipe, detect=False):
    output = pipe(PROMPTS, num_inference_steps=4, generator=generators(21))
    return (output.images, output.nsfw_content_detected) if detect else output.images


def random_checker():
    config = CLIPConfig(
        projection_dim=20,
        vision_config=dict(
            hidden_size=24,
            intermediate_size=56,
            num_hidden_layers=2,
            num_attention_heads=3,
            image_size=30,
            patch_size=6,
            hidden_act="quick_gelu",
        ),
        text_config=dict(hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1, vocab_size=9),
    )
    checker = StableDiffusionSafetyChecker(config)
    randomise(checker)
    return checker


@torch.no_grad()
def embeds(checker, extractor, pictures):
    pixels = extractor(pictures, return_tensors="pt").pixel_values
    return checker.visual_projection(checker.vision_model(pixels)[1])


def cosines(a, b):
    return torch.nn.functional.normalize(a) @ torch.nn.functional.normalize(b).T


@torch.no_grad()
def set_thresholds(checker, pictures):
    """A concept is what tells one picture from the others; the others of the seventeen are out of reach."""
    apart = pictures - pictures.mean(0)
    checker.concept_embeds_weights.fill_(1.5)
    checker.special_care_embeds_weights.fill_(1.5)
    checker.concept_embeds[4] = apart[NEAR]
    checker.concept_embeds[11] = apart[NEAR_WITH_CARE]
    checker.special_care_embeds[1] = apart[NEAR_WITH_CARE] + apart[CARE_ALONE]
    near = cosines(pictures, checker.concept_embeds)
    care = cosines(pictures, checker.special_care_embeds)
    checker.concept_embeds_weights[4] = near[NEAR, 4] - 0.02
    checker.concept_embeds_weights[11] = near[NEAR_WITH_CARE, 11] + 0.005
    checker.special_care_embeds_weights[1] = min(care[NEAR_WITH_CARE, 1], care[CARE_ALONE, 1]) - 0.02
    print(scores(checker, pictures).numpy().round(3)[:, [4, 11, 18]])


def scores(checker, pictures):
    """[pictures, 17 concepts and 3 of special care]: how far above the threshold, without adjustment."""
    with torch.no_grad():
        near = cosines(pictures, checker.concept_embeds) - checker.concept_embeds_weights
        care = cosines(pictures, checker.special_care_embeds) - checker.special_care_embeds_weights
    return torch.cat([near, care], 1)


def write(folder, checker, extractor):
    """As the hub has them: the older class names, the model named twice in the file, positions beside the weights."""
    checker.save_pretrained(folder / "safety_checker")
    weights = folder / "safety_checker" / "model.safetensors"
    state = {
        key.replace("vision_model.", "vision_model.vision_model.", 1): value for key, value in load_file(weights).items()
    }
    state["vision_model.vision_model.embeddings.position_ids"] = torch.arange(26)[None]
    save_file(state, weights, metadata={"format": "pt"})
    path = folder / "safety_checker" / "config.json"
    config = json.loads(path.read_text())
    vision = {key: config["vision_config"][key] for key in (
        "hidden_size", "image_size", "intermediate_size", "num_attention_heads", "num_hidden_layers", "patch_size"
    )}
    write_json(path, config | {"vision_config_dict": vision})
    write_json(
        folder / "feature_extractor" / "preprocessor_config.json",
        {
            "crop_size": 30,
            "do_center_crop": True,
            "do_convert_rgb": True,
            "do_normalize": True,
            "do_resize": True,
            "feature_extractor_type": "CLIPFeatureExtractor",
            "image_mean": extractor.image_mean,
            "image_std": extractor.image_std,
            "resample": 3,
            "size": 30,
        },
    )


def load_checked(folder):
    """`sd1` with the checker, in a folder of links."""
    with tempfile.TemporaryDirectory() as joined:
        joined = Path(joined)
        for part in [*(FIXTURES / "sd1").iterdir(), *folder.iterdir()]:
            if part.is_dir():
                (joined / part.name).symlink_to(part)
        index = json.loads((FIXTURES / "sd1" / "model_index.json").read_text())
        index["requires_safety_checker"] = True
        index["safety_checker"] = ["stable_diffusion", "StableDiffusionSafetyChecker"]
        index["feature_extractor"] = ["transformers", "CLIPImageProcessor"]
        write_json(joined / "model_index.json", index)
        pipe = StableDiffusionPipeline.from_pretrained(joined, dtype=torch.float32, low_cpu_mem_usage=False)
    pipe.set_progress_bar_config(disable=True)
    return pipe


if __name__ == "__main__":
    diffusers.logging.set_verbosity(logging.WARNING)
    main()
