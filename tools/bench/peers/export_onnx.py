"""Writes the graph that torch's exporter makes from diffusers' U-Net. Arguments: FOLDER TARGET"""

import sys
from pathlib import Path

import torch
from networks import UNet, inputs

folder, target = sys.argv[1:]
unet = UNet(folder).eval()
batch = torch.export.Dim('batch')
torch.onnx.export(
    unet,
    unet.example(),
    Path(target) / 'unet.onnx',
    input_names=inputs,
    output_names=['out_sample'],
    dynamo=True,
    external_data=True,
    dynamic_shapes=({0: batch}, None, {0: batch}),
)
