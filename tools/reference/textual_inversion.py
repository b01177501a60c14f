"""Small textual inversions for the `sd1` folder, and what diffusers makes of them: test/fixtures/pipelines/inversion/.

    python tools/reference/textual_inversion.py

Files as diffusers, Automatic1111's web UI and the paper's authors save them, of torch.save's two containers and of safetensors; and two pickles that
name a function, which a reader must refuse.
"""

import os
import shutil

import torch
from diffusers import StableDiffusionPipeline
from reference import FIXTURES, generators, report, versions, write_json, write_tensors
from safetensors.torch import save_file

FOLDER = FIXTURES / "inversion"


class Calls:
    """Its pickle calls os.getcwd: harmless, and a function all the same."""

    def __reduce__(self):
        return (os.getcwd, ())


def main():
    versions()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    torch.manual_seed(30)
    one, three = torch.randn(32), torch.randn(3, 32)

    save_file({"<toy>": one}, FOLDER / "diffusers.safetensors")
    save_file({"emb_params": three.half()}, FOLDER / "style-three.safetensors")
    torch.save({"<toy>": one}, FOLDER / "diffusers.bin")
    torch.save({"<toy>": one.bfloat16()}, FOLDER / "legacy.bin", _use_new_zipfile_serialization=False)
    webui = {
        "string_to_token": {"*": 265},
        "string_to_param": {"*": torch.nn.Parameter(three)},
        "name": "webui",
        "step": 499,
        "sd_checkpoint": None,
        "sd_checkpoint_name": None,
    }
    torch.save(webui, FOLDER / "webui.pt")
    torch.save(webui, FOLDER / "webui-legacy.pt", _use_new_zipfile_serialization=False)
    authors = {"string_to_token": {"*": torch.tensor(265)}, "string_to_param": torch.nn.ParameterDict({"*": three[:1]})}
    torch.save(authors, FOLDER / "authors.pt", _use_new_zipfile_serialization=False)
    torch.save(torch.randn(4, 3, 32)[1], FOLDER / "tensor.pt")
    torch.save({"<toy>": torch.randn(32, 3).T}, FOLDER / "transposed.pt")
    torch.save({"<toy>": torch.randn(1, 48)}, FOLDER / "wide.pt")
    torch.save({"<toy>": one, "other": Calls()}, FOLDER / "calls.pt")
    torch.save({"<toy>": one, "other": Calls()}, FOLDER / "calls-legacy.pt", _use_new_zipfile_serialization=False)

    expected, ids = {}, {}
    cases = {
        "one": ([("diffusers.safetensors", None)], "photograph of a <toy> car"),
        "three": ([("style-three.safetensors", "<style>")], "a car in <style> and a house"),
        "webui": ([("webui.pt", None)], "webui, webui house"),
        "two": ([("diffusers.bin", None), ("webui.pt", "<w>")], "a <toy> by a <w>, <w> <toy>"),
        "tensor": ([("tensor.pt", ["<a>", "<b>", "<c>"])], "<c> house <a>"),
    }
    for name, (files, prompt) in cases.items():
        pipe = load()
        for file, token in files:
            pipe.load_textual_inversion(FOLDER, weight_name=file, token=token)
        text = pipe.maybe_convert_prompt(prompt, pipe.tokenizer)
        ids[name] = {"prompt": prompt, "ids": pipe.tokenizer(text).input_ids}
        expected[name] = drawn(pipe, prompt)
    pipe = load()
    pipe.load_textual_inversion(FOLDER, weight_name="diffusers.bin")
    pipe.load_textual_inversion(FOLDER, weight_name="webui.pt")
    pipe.unload_textual_inversion("<toy>")
    expected["unloaded"] = drawn(pipe, "a <toy> by a webui")

    write_tensors(FOLDER / "expected.safetensors", expected)
    write_json(FOLDER / "ids.json", ids)
    report(FOLDER)


def load():
    pipe = StableDiffusionPipeline.from_pretrained(FIXTURES / "sd1", torch_dtype=torch.float32, low_cpu_mem_usage=False)
    pipe.set_progress_bar_config(disable=True)
    return pipe


@torch.no_grad()
def drawn(pipe, prompt):
    return pipe(prompt, num_inference_steps=2, generator=generators(7), output_type="latent").images


if __name__ == "__main__":
    main()
