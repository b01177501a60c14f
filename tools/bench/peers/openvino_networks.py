"""Networks that export_openvino.py has written, compiled for calls that come one at a time."""

from pathlib import Path

import openvino

core = openvino.Core()


def compiled(exported, name, precision):
    hints = {'PERFORMANCE_HINT': 'LATENCY', 'INFERENCE_PRECISION_HINT': precision}
    return core.compile_model(core.read_model(Path(exported) / f'{name}.xml'), 'CPU', hints)
