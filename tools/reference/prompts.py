"""Weighted and long prompts through real text encoders, and composed and changing ones through the whole loop: test/fixtures/prompts.*.

    python tools/reference/prompts.py

Needs the folders that pipelines.py writes. Prompts come here as they are to be read, taken apart by hand; the files hold the prompt
itself beside it. The formula is that of stable-diffusion-webui's emphasis mode "Original".
"""

import torch
from diffusers import DDIMScheduler
from pipelines import load
from reference import FIXTURES, generators, versions, write_json, write_tensors

OUT = FIXTURES.parent
COMMA = ","
LONG = "one two three four five six seven eight nine ten " * 9  # 90 tokens
# 60 tokens, a comma, 14 tokens that fill the chunk, and some more: the clause after the comma moves on whole
CLAUSE = "one two three four five six seven eight nine ten " * 6 + ", " + "a " * 14 + "a b c"
# the same with a comma too far back
FAR = "one two three four five six seven eight nine ten " * 5 + ", " + "a " * 24 + "a b c"

# name → the prompt, and what it means: text and weight, None where a chunk ends
TEXTS = {
    "weights": ("a (small house:1.3) by [the] lake", [("a ", 1), ("small house", 1.3), (" by ", 1), ("the", 1 / 1.1), (" lake", 1)]),
    "negative weight": ("a (car:-0.5)", [("a ", 1), ("car", -0.5)]),
    "empty": ("", [("", 1)]),
    "long": (LONG, [(LONG, 1)]),
    "long, weighted": (f"(a car), {LONG}", [("a car", 1.1), (f", {LONG}", 1)]),
    "clause": (CLAUSE, [(CLAUSE, 1)]),
    "far comma": (FAR, [(FAR, 1)]),
    "break": ("a (car:1.2) BREAK a house", [("a ", 1), ("car", 1.2), None, ("a house", 1)]),
}


def chunks_of(segments, tokenizer):
    """Rows of ids and weights, each as long as the encoder reads."""
    room = tokenizer.model_max_length - 2
    rows, ids, weights = [], [], []
    comma = tokenizer(COMMA, add_special_tokens=False).input_ids[0]

    def end(upto):
        nonlocal ids, weights
        rows.append((ids[:upto], weights[:upto]))
        ids, weights = ids[upto:], weights[upto:]

    for segment in segments:
        if segment is None:
            end(len(ids))
            continue
        text, weight = segment
        for token in tokenizer(text, add_special_tokens=False).input_ids:
            if len(ids) == room:
                commas = [i for i, each in enumerate(ids) if each == comma]
                near = commas and room - commas[-1] <= 20 and token != comma
                end(commas[-1] + 1 if near else room)
            ids.append(token)
            weights.append(weight)
    if ids or not rows:
        end(len(ids))

    def framed(ids, weights):
        pad = room - len(ids)
        return (
            [tokenizer.bos_token_id, *ids, tokenizer.eos_token_id, *[tokenizer.pad_token_id] * pad],
            [1.0, *weights, 1.0, *[1.0] * pad],
        )

    return [framed(*row) for row in rows]


@torch.no_grad()
def encoded(segments, pipe, clip_skip=0):
    """[1, chunks × tokens, features]"""
    out = []
    for ids, weights in chunks_of(segments, pipe.tokenizer):
        states = pipe.text_encoder(torch.tensor([ids]), output_hidden_states=True)
        z = states[0] if clip_skip == 0 else pipe.text_encoder.final_layer_norm(states.hidden_states[-1 - clip_skip])
        mean = z.mean()
        z = z * torch.tensor(weights)[None, :, None]
        out.append(z * (mean / z.mean()))
    return torch.cat(out, 1)


@torch.no_grad()
def walked(pipe, conds, uncond, steps, scale=7.5, seed=7):
    """`conds`: of each part its weight and a text for each step; `uncond`: a text for each step. DDIM's last latents."""
    scheduler = DDIMScheduler.from_config(pipe.scheduler.config)
    scheduler.set_timesteps(steps)
    latents = torch.randn((1, 4, 8, 8), generator=generators(seed))
    for step, time in enumerate(scheduler.timesteps):
        predict = lambda text: pipe.unet(latents, time, encoder_hidden_states=text).sample
        base = predict(uncond[step])
        noise = base + sum(weight * scale * (predict(texts[step]) - base) for weight, texts in conds)
        latents = scheduler.step(noise, time, latents).prev_sample
    return latents


def main():
    pinned = versions()
    tensors, told = {}, {}
    for name in ("sd1", "half"):
        pipe = load(name)
        told[name] = {key: {"prompt": prompt, "ids": [ids for ids, _ in chunks_of(parts, pipe.tokenizer)]} for key, (prompt, parts) in TEXTS.items()}
        for key, (_, parts) in TEXTS.items():
            tensors[f"{name}.{key}"] = encoded(parts, pipe)
        tensors[f"{name}.clipSkip1"] = encoded(TEXTS["weights"][1], pipe, clip_skip=1)

    pipe = load("sd1")
    text = lambda *parts: encoded(parts, pipe)
    plain = lambda words: text((words, 1))
    four = lambda each: [each] * 4
    tensors["walk.composed"] = walked(
        pipe,
        [(1.0, four(plain("photograph of a vintage car "))), (0.6, four(text((" a ", 1), ("small", 1.3), (" house", 1))))],
        four(text(("blurry", 1.4), (", ugly", 1))),
        4,
    )
    # [car:house:2] in 4 steps, of which the first three are the car's; the negative one takes turns, from the third step on
    tensors["walk.changing"] = walked(
        pipe,
        [(1.0, [*[plain("a car")] * 3, plain("a house")])],
        [plain("blurry"), plain("blurry"), plain("ugly"), plain("blurry")],
        4,
    )
    # a prompt of two chunks, and a negative one of one
    tensors["walk.long"] = walked(pipe, [(1.0, four(plain(LONG)))], four(plain("blurry")), 4)
    write_tensors(OUT / "prompts.safetensors", tensors)
    write_json(OUT / "prompts.json", {"made_with": pinned, **told})
    for name in ("prompts.safetensors", "prompts.json"):
        print((OUT / name).stat().st_size, name)


if __name__ == "__main__":
    main()
