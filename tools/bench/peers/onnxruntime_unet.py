"""onnxruntime on the graph that torch's exporter made. Arguments: EXCHANGE EXPORTED BATCH"""

import sys
import time
from pathlib import Path

import onnxruntime
from serve import answer, serve_network

exchange, exported, batch = sys.argv[1:]
started = time.perf_counter()
options = onnxruntime.SessionOptions()
options.add_free_dimension_override_by_name('batch', int(batch))
session = onnxruntime.InferenceSession(Path(exported) / 'unet.onnx', options, providers=['CPUExecutionProvider'])
answer(loaded=time.perf_counter() - started)

serve_network(exchange, lambda inputs: session.run(None, inputs)[0])
