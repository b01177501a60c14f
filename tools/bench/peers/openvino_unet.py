"""OpenVINO on its conversion of diffusers' U-Net. Arguments: EXCHANGE EXPORTED f32|bf16"""

import sys
import time

from openvino_networks import compiled
from serve import answer, serve_network

exchange, exported, precision = sys.argv[1:]
started = time.perf_counter()
unet = compiled(exported, 'unet', precision, 1)
answer(loaded=time.perf_counter() - started)

serve_network(exchange, lambda inputs: unet(inputs)[0])
