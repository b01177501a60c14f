"""classifier.py [STEPS]: trains the judge of evaluate.py on drawn scenes (pairs held back from the model included) and writes classifier.pt.

It never sees a generated picture, and the model never sees it.
"""

import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from pictures import HELD_BACK, as_tensor, load_labels, load_pictures
from scenes import LABELS

ATTRIBUTES = ["subject", "colour", "style", "place", "time", "weather", "count"]
CLASSES = [len(names) for names in LABELS[:len(ATTRIBUTES)]]
BATCH = 64
RATE = 3e-3


def layer(inputs, outputs, stride):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


class Classifier(nn.Module):
    """From [n, 3, 128, 128] (-1 to 1) one row of logits for each of ATTRIBUTES; works at half size."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.AvgPool2d(2), layer(3, 32, 2), layer(32, 48, 1), layer(48, 64, 2), layer(64, 96, 1), layer(96, 128, 2), layer(128, 160, 1))
        self.heads = nn.Linear(160 * 3, sum(CLASSES))

    def forward(self, x):
        features = self.features(x)
        centre = features[:, :, 2:6, 2:6].mean((2, 3))
        summary = torch.cat([features.mean((2, 3)), features.amax((2, 3)), centre], 1)
        return self.heads(summary).split(CLASSES, 1)


def load_classifier():
    classifier = Classifier()
    classifier.load_state_dict(torch.load("classifier.pt"))
    return classifier.eval()


def main():
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 1500
    torch.set_num_threads(1)
    torch.manual_seed(3)
    sets = [(load_pictures(name), torch.tensor(load_labels(name))) for name in ("train", "held")]
    classifier = Classifier()
    optimiser = torch.optim.AdamW(classifier.parameters(), RATE, weight_decay=0.01)
    choose = np.random.RandomState(0)
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = RATE * min(1, (step + 1) / 50) * (1 - step / steps)
        pictures, labels = sets[choose.rand() < 0.4]
        rows = np.sort(choose.randint(0, len(pictures) - HELD_BACK, BATCH))
        x = as_tensor(pictures[rows])
        x = x + torch.randn_like(x) * 0.05 * torch.rand(1)
        if choose.rand() < 0.5:
            x = F.avg_pool2d(x, 3, 1, 1)
        with torch.autocast("cpu", torch.bfloat16):
            logits = classifier(x)
        loss = sum(F.cross_entropy(row.float(), labels[rows, j]) for j, row in enumerate(logits))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 100 == 99:
            print(step + 1, f"loss {loss.item():.3f}", flush=True)
    torch.save(classifier.state_dict(), "classifier.pt")
    classifier.eval()
    for name, (pictures, labels) in zip(("train", "held"), sets):
        with torch.no_grad():
            logits = classifier(as_tensor(pictures[-HELD_BACK:]))
        right = {name: (row.argmax(1) == labels[-HELD_BACK:, j]).float().mean().item() for j, (name, row) in enumerate(zip(ATTRIBUTES, logits))}
        print("accuracy on unseen drawn scenes,", name, {key: round(value, 3) for key, value in right.items()})


if __name__ == "__main__":
    main()
