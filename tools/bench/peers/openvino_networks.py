"""Networks that export_openvino.py has written, compiled for calls that come one at a time."""

from pathlib import Path

import openvino

core = openvino.Core()


def compiled(exported, name, precision, batch):
    model = core.read_model(Path(exported) / f'{name}.xml')
    shapes = {port.any_name: port.partial_shape for port in model.inputs}
    model.reshape({name: [batch, *shape[1:]] for name, shape in shapes.items() if shape.is_dynamic})
    hints = {'PERFORMANCE_HINT': 'LATENCY', 'INFERENCE_PRECISION_HINT': precision}
    return core.compile_model(model, 'CPU', hints)
