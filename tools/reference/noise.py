"""Writes test/fixtures/noise.json: what torch's CPU generator draws, as hashes and a few values.

    OMP_NUM_THREADS=1 python tools/reference/noise.py

The values hold for x86 with AVX2 or AVX-512; the file names torch's version and the CPU capability it ran with.
"""

import hashlib
import json
import pathlib

import torch

FLOAT, HALF = "float32", "float16"
SEEDS = [0, 1, 7, 42, 123456789, 2**32 - 1, 2**32 + 5, 2**53, 2**63, 2**64 - 1, -1, -5, -(2**63)]
# Consecutive draws of one generator: every size, odd ones first, so that the cached second normal is carried along.
DRAWS = [
    [(n, FLOAT) for n in (1, 4, 15, 16, 17, 100, 1024, 16384, 65537)],
    [(n, HALF) for n in (1, 4, 15, 16, 17, 100, 1024, 16384)],
    [(1, FLOAT), (16, FLOAT), (1, HALF), (100, HALF), (3, FLOAT), (17, HALF), (17, FLOAT), (2, FLOAT)],
]


def draw(generator: torch.Generator, size: int, dtype: str) -> dict:
    values = torch.randn(size, generator=generator, dtype=getattr(torch, dtype)).float()
    digest = hashlib.sha256(values.numpy().astype("<f4").tobytes()).hexdigest()
    return {"size": size, "dtype": dtype, "first": values[:2].tolist(), "last": values[-1].item(), "sha256": digest}


def case(seed: int, draws: list) -> dict:
    generator = torch.Generator().manual_seed(seed)
    return {
        "seed": str(seed),
        "initialSeed": str(generator.initial_seed()),
        "draws": [draw(generator, size, dtype) for size, dtype in draws],
    }


def main() -> None:
    torch.set_num_threads(1)
    fixture = {
        "torch": torch.__version__,
        "cpuCapability": torch.backends.cpu.get_cpu_capability(),
        "cases": [case(seed, draws) for seed in SEEDS for draws in DRAWS],
    }
    path = pathlib.Path(__file__).parents[2] / "test/fixtures/noise.json"
    path.write_text(json.dumps(fixture, indent=1) + "\n")


if __name__ == "__main__":
    main()
