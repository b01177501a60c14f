"""diffusers' U-Net for bench.mjs: reads a request a line, answers each with a line of JSON."""

import json
import sys
import time
from pathlib import Path

import diffusers
import numpy
import torch
from diffusers import UNet2DConditionModel

folder, exchange = sys.argv[1], Path(sys.argv[2])
torch.set_grad_enabled(False)


def answer(**values):
    print(json.dumps(values), flush=True)


def peak_memory():
    with open('/proc/self/status') as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith('VmHWM'))


started = time.perf_counter()
unet = UNet2DConditionModel.from_pretrained(folder, torch_dtype=torch.float32).eval()
answer(
    torch=torch.__version__,
    diffusers=diffusers.__version__,
    threads=torch.get_num_threads(),
    creation=time.perf_counter() - started,
)


def inputs():
    shapes = json.loads((exchange / 'shapes.json').read_text())
    return {
        name: torch.from_numpy(numpy.fromfile(exchange / name, dtype=numpy.float32).reshape(shape))
        for name, shape in shapes.items()
    }


for request in sys.stdin:
    if request.strip() == 'memory':
        answer(peak=peak_memory())
        continue
    arguments = inputs()
    started = time.perf_counter()
    output = unet(**arguments).sample
    seconds = time.perf_counter() - started
    output.contiguous().numpy().tofile(exchange / 'out_sample')
    answer(seconds=seconds)
