"""diffusers' U-Net, run by PyTorch as it is. Arguments: EXCHANGE FOLDER float32|bfloat16"""

import sys
import time

import torch
from diffusers import UNet2DConditionModel
from serve import answer, serve_network

exchange, folder, dtype = sys.argv[1:]
dtype = getattr(torch, dtype)
torch.set_grad_enabled(False)
started = time.perf_counter()
unet = UNet2DConditionModel.from_pretrained(folder, subfolder='unet', dtype=dtype).eval()
answer(loaded=time.perf_counter() - started, threads=torch.get_num_threads())


def call(inputs):
    output = unet(**{name: torch.from_numpy(value).to(dtype) for name, value in inputs.items()}).sample
    return output.float().numpy()


serve_network(exchange, call)
