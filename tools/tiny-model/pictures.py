"""The drawn scenes on disk as tensors."""

import json

import numpy as np
import torch

from scenes import SIDE

HELD_BACK = 256  # the last pictures of a file are never trained on


def load_pictures(name):
    return np.memmap(name + ".u8", np.uint8, "r").reshape(-1, SIDE, SIDE, 3)


def load_labels(name):
    with open(name + ".json") as file:
        return json.load(file)


def as_tensor(pictures):
    """[n, 128, 128, 3] bytes to [n, 3, 128, 128] from -1 to 1."""
    return torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float().contiguous() / 127.5 - 1
