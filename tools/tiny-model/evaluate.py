"""evaluate.py FOLDER [REPEATS [STEPS [GUIDANCE]]]: how often the model's pictures show what was asked for, as classifier.pt reads them."""

import sys
from collections import Counter, defaultdict

import numpy as np
import torch

from captions import NAMES
from classifier import ATTRIBUTES, load_classifier
from generate import generate, load_pipeline
from pictures import HELD_BACK, as_tensor, load_pictures
from scenes import COLOUR_NAMES, COLOURS_OF, HELD, LABELS, MULTIPLE, SUBJECTS
from train_vae import psnr

TIME_WORDS = dict(day="during the day", sunset="at sunset", night="at night")
STYLE_WORDS = dict(photo="photograph of", drawing="drawing of", watercolor="watercolor of", painting="oil painting of")
TEN_COLOURED = "car house boat fish flower rocket castle balloon robot lighthouse".split()


def questions(repeats):
    """Rows of (group, prompt, what must be seen); `repeats` pictures for each subject, the other groups in proportion."""
    rows = []
    for subject in SUBJECTS:
        name = NAMES[subject][0]
        rows += [("plain", f"photograph of a {name}", dict(subject=subject))] * repeats
    for subject in TEN_COLOURED:
        for colour in COLOUR_NAMES:
            if (subject, colour) not in HELD:
                article = "an" if colour == "orange" else "a"
                prompt = f"photograph of {article} {colour} {NAMES[subject][0]}"
                rows += [("pair seen", prompt, dict(subject=subject, colour=colour))] * max(1, repeats // 10)
    for subject, colour in sorted(HELD):
        article = "an" if colour == "orange" else "a"
        rows += [("pair never seen", f"photograph of {article} {colour} {NAMES[subject][0]}", dict(subject=subject, colour=colour))] * repeats
    for subject in ("car", "house", "cat", "robot", "castle"):
        for time, words in TIME_WORDS.items():
            rows += [("time", f"a {NAMES[subject][0]} {words}", dict(time=time))] * max(1, repeats // 5)
        for style, words in STYLE_WORDS.items():
            rows += [("style", f"{words} a {NAMES[subject][0]}", dict(style=style))] * max(1, repeats // 5)
    for subject in sorted(MULTIPLE):
        for count, word in ((1, "a"), (2, "two"), (3, "three")):
            name = NAMES[subject][0]
            plural = name if count == 1 or subject == "fish" else "snowmen" if subject == "snowman" else name + "s"
            rows += [("count", f"{word} {plural}", dict(subject=subject, count=count))] * max(1, repeats // 3)
    return rows


def seed_distance(pictures):
    """Mean pixel distance, of 1, between pictures of one prompt; at 4 x 4 pixels averaged, so that only what is seen counts."""
    small = pictures.reshape(len(pictures), 32, 4, 32, 4, 3).mean((2, 4))
    return np.mean([np.abs(small[i] - small[j]).mean() for i in range(len(small)) for j in range(i)])


def main():
    folder = sys.argv[1]
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    steps = int(sys.argv[3]) if len(sys.argv) > 3 else 25
    guidance = float(sys.argv[4]) if len(sys.argv) > 4 else 2.0
    classifier = load_classifier()
    pipeline = load_pipeline(folder)
    with torch.no_grad():
        print(f"VAE, {HELD_BACK} drawn scenes it never saw: {psnr(pipeline.vae, as_tensor(load_pictures('train')[-HELD_BACK:])):.2f} dB")

    rows = questions(repeats)
    pictures = generate(pipeline, [prompt for _, prompt, _ in rows], list(range(len(rows))), steps, guidance)
    with torch.no_grad():
        batches = torch.from_numpy(pictures).permute(0, 3, 1, 2).float().split(64)
        logits = [torch.cat(parts) for parts in zip(*[classifier(batch * 2 - 1) for batch in batches])]
    seen = {name: [names[i] for i in row.argmax(1)] for name, names, row in zip(ATTRIBUTES, LABELS, logits)}

    right = defaultdict(list)
    of_subject = defaultdict(list)
    mistakes = Counter()
    for i, (group, prompt, wanted) in enumerate(rows):
        for attribute, value in wanted.items():
            hit = seen[attribute][i] == value
            right[group, attribute].append(hit)
            if group == "plain":
                of_subject[value].append(hit)
            if not hit:
                mistakes[f"{prompt}: {seen[attribute][i]}"] += 1
    print(f"{steps} steps, guidance {guidance}")
    for (group, attribute), hits in right.items():
        print(f"{group}: {attribute} {100 * np.mean(hits):.1f} % of {len(hits)}")
    print("plain, each subject", {subject: f"{100 * np.mean(hits):.0f} %" for subject, hits in of_subject.items()})
    distances = [seed_distance(pictures[k * repeats:(k + 1) * repeats]) for k in range(len(SUBJECTS))]
    print(f"mean pixel distance between seeds {np.mean(distances):.3f}")
    print("mistakes")
    for text, times in mistakes.most_common():
        print(f"  {times} x {text}")


if __name__ == "__main__":
    main()
