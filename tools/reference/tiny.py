"""What diffusers makes of a model from a seed alone: test/fixtures/pipelines/tiny-expected.{safetensors,json}.

    python tools/reference/tiny.py [FOLDER]        FOLDER: models/tiny

To be run again whenever the weights of models/tiny change; the test compares their sha256 and says so.
"""

import sys
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from reference import FIXTURES, ROOT, camel, generators, run, sha256, versions, write_json, write_tensors

PROMPT = "photograph of a vintage car"
OPTIONS = {"num_inference_steps": 25, "height": 128, "width": 128}
# in float32 one generator draws for all three pictures, as the article's cell does
CASES = {
    "float32": {"num_images_per_prompt": 3, "generator": 7},
    "float16": {"seed": 7},
}


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "models" / "tiny").resolve()
    pinned = versions()
    pipe = StableDiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    tensors, cases = {}, []
    for name, case in CASES.items():
        told = {**OPTIONS, **case}
        options = {key: value for key, value in told.items() if key not in ("seed", "generator")}
        options["generator"] = generators(told.get("seed", told.get("generator")))
        seen = run(pipe, PROMPT, options, name)
        tensors[f"{name}.initial"] = seen["initial"]
        tensors[f"{name}.final"] = seen["latents"][-1]
        tensors[f"{name}.pictures"] = seen["pictures"]
        print(f"{name}: latents std {seen['latents'][-1].std():.3f}, picture std {seen['pictures'].float().std():.1f}")
        options = {camel(key): value for key, value in told.items()}
        cases.append({"name": name, "dtype": name, "prompt": PROMPT, "options": options})
    weights = {str(path.relative_to(folder)): sha256(path) for path in sorted(folder.rglob("*.safetensors"))}
    write_tensors(FIXTURES / "tiny-expected.safetensors", tensors)
    write_json(FIXTURES / "tiny-expected.json", {"made_with": pinned, "weights": weights, "cases": cases})
    print(f"wrote {(FIXTURES / 'tiny-expected.safetensors').relative_to(ROOT)} and .json")


if __name__ == "__main__":
    main()
