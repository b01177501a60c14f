"""One small weight as bitsandbytes quantizes it on a CPU: test/fixtures/quantization.json.

    python -m pip install bitsandbytes==0.50.2
    python tools/reference/quantization.py

Its values are those of float16, which bitsandbytes goes through; 4 x 40 of them are two blocks of 64 and half of one.
"""

import json
from pathlib import Path

import torch
from bitsandbytes import functional as F

torch.manual_seed(0)
weight = (torch.randn(4, 40) * torch.tensor([[1.0], [0.1], [3.0], [0.01]])).half().float()
weight[0, 3] = 0
rows, row_absmax, _ = F.int8_vectorwise_quant(weight.half())
result = {
    "weight": weight.flatten().tolist(),
    "int8": {"codes": rows.flatten().tolist(), "scale": (row_absmax / 127).tolist()},
}
for kind in ("nf4", "fp4"):
    packed, state = F.quantize_4bit(weight, blocksize=64, quant_type=kind)
    values = F.dequantize_4bit(packed, state)
    result[kind] = {"codes": packed.flatten().tolist(), "scale": state.absmax.tolist(), "values": values.flatten().tolist()}
path = Path(__file__).parents[2] / "test/fixtures/quantization.json"
path.write_text("{\n" + ",\n".join(f'  "{key}": {json.dumps(value)}' for key, value in result.items()) + "\n}\n")
