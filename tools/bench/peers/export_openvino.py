"""Writes OpenVINO's conversion of diffusers' networks, float32, for any batch. Arguments: FOLDER TARGET"""

import sys
from pathlib import Path

import openvino
from networks import Decoder, TextEncoder, UNet, inputs

folder, target = sys.argv[1:]


def write(name, module, example, names):
    model = openvino.convert_model(module.eval(), example_input=example)
    for port, port_name in zip(model.inputs, names, strict=True):
        port.get_tensor().set_names({port_name})
    # only the batch varies: the sizes of the rest are the example's
    model.reshape(
        {
            port_name: list(value.shape) if value.ndim == 1 else [-1, *value.shape[1:]]
            for port_name, value in zip(names, example, strict=True)
        }
    )
    openvino.save_model(model, Path(target) / f'{name}.xml', compress_to_fp16=False)


text_encoder = TextEncoder(folder)
write('text_encoder', text_encoder, text_encoder.example(), ['input_ids'])
unet = UNet(folder)
size = unet.unet.config.sample_size
write('unet', unet, unet.example(), inputs)
del unet
decoder = Decoder(folder)
write('vae_decoder', decoder, decoder.example(size), ['latents'])
