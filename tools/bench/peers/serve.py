"""What every peer is: answers a request a line with a line of JSON, the first answer when it is ready."""

import json
import sys
import time
from pathlib import Path

import numpy


def answer(**values):
    print(json.dumps(values), flush=True)


def serve_network(exchange, call):
    """A request is the inputs' shapes; their values, and then the output's, lie in files of `exchange`, float32."""
    exchange = Path(exchange)
    for request in sys.stdin:
        inputs = {
            name: numpy.fromfile(exchange / name, dtype=numpy.float32).reshape(shape)
            for name, shape in json.loads(request).items()
        }
        started = time.perf_counter()
        output = call(inputs)
        seconds = time.perf_counter() - started
        numpy.ascontiguousarray(output, dtype=numpy.float32).tofile(exchange / 'out_sample')
        answer(seconds=seconds)
