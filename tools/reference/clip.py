"""A small random-weight CLIP with both towers, and what transformers makes of it: test/fixtures/pipelines/clip*.

    python tools/reference/clip.py

The same bytes at every run. Pictures of several shapes go through the image processor that computes with Pillow, as the model's
file has it and in other ways; `clip.json` has the texts, tokens and torchmetrics' score of each picture with its text.
"""

import shutil

import numpy as np
import torch
from PIL import Image
from pipelines import END, START, byte_pairs, randomise, write_tokenizer_files
from reference import FIXTURES, report, versions, write_json, write_tensors
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPTokenizer

TEXTS = ["photograph of a vintage car", "a small house by the lake, painting", "", "one two three " * 20]
SIZES = [(61, 38), (23, 50), (30, 30), (200, 45)]
OTHER_PROCESSORS = {
    "bilinear": {"size": {"height": 17, "width": 26}, "resample": 2, "do_center_crop": False},
    "lanczos": {"size": {"shortest_edge": 40}, "resample": 1, "crop_size": {"height": 21, "width": 33}},
    "padded": {"do_resize": False, "crop_size": {"height": 41, "width": 36}, "do_normalize": False},
    "levels": {"do_resize": False, "crop_size": {"height": 12, "width": 9}, "do_rescale": False},
}


@torch.no_grad()
def main():
    pinned = versions()
    folder = FIXTURES / "clip"
    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(6)
    vocabulary, merges = byte_pairs()
    write_tokenizer_files(folder, vocabulary, merges, length=20)
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    processor = CLIPImageProcessorPil(size={"shortest_edge": 30}, crop_size={"height": 30, "width": 30})
    processor.save_pretrained(folder)
    model = random_clip(vocabulary)
    model.save_pretrained(folder)

    pictures = [Image.fromarray(noise(index, *size)) for index, size in enumerate(SIZES)]
    tensors = {f"picture{index}": torch.from_numpy(np.asarray(picture).copy()) for index, picture in enumerate(pictures)}
    pixels = processor(pictures, return_tensors="pt").pixel_values
    ids = tokenizer(TEXTS, padding=True, truncation=True, return_tensors="pt")
    output = model(pixel_values=pixels, **ids)
    tensors |= {
        "pixelValues": pixels,
        "imageFeatures": model.get_image_features(pixels).pooler_output,
        "textFeatures": model.get_text_features(**ids).pooler_output,
        "imageEmbeds": output.image_embeds,
        "textEmbeds": output.text_embeds,
        "logitsPerImage": output.logits_per_image,
        "hidden": model.text_model(ids.input_ids).last_hidden_state,
    }
    for name, options in OTHER_PROCESSORS.items():
        other = CLIPImageProcessorPil(**options)
        for index, picture in enumerate(pictures[:2]):
            tensors[f"{name}{index}"] = other(picture, return_tensors="pt").pixel_values
    cosines = (output.image_embeds * output.text_embeds).sum(1)
    print("logits", output.logits_per_image.numpy().round(2).tolist(), "cosines", cosines.tolist())
    assert (cosines < 0).any() and (cosines > 0).any()
    write_tensors(FIXTURES / "clip-expected.safetensors", tensors)
    write_json(
        FIXTURES / "clip.json",
        {
            "made_with": pinned,
            "texts": TEXTS,
            "inputIds": ids.input_ids.tolist(),
            "scores": [max(0.0, 100 * cosine) for cosine in cosines.tolist()],
            "processors": {name: CLIPImageProcessorPil(**options).to_dict() for name, options in OTHER_PROCESSORS.items()},
        },
    )
    report(folder)


def random_clip(vocabulary):
    model = CLIPModel(
        CLIPConfig(
            projection_dim=16,
            logit_scale_init_value=2.1,
            text_config=dict(
                vocab_size=len(vocabulary),
                hidden_size=24,
                intermediate_size=40,
                num_hidden_layers=2,
                num_attention_heads=2,
                max_position_embeddings=20,
                projection_dim=11,
                bos_token_id=vocabulary[START],
                eos_token_id=vocabulary[END],
            ),
            vision_config=dict(
                hidden_size=36,
                intermediate_size=50,
                num_hidden_layers=3,
                num_attention_heads=4,
                image_size=30,
                patch_size=5,
                hidden_act="gelu",
                layer_norm_eps=1e-4,
            ),
        )
    )
    randomise(model)
    model.logit_scale.fill_(2.1)
    return model


def noise(seed, width, height):
    """Soft shapes with sharp grains: so every filter shows."""
    random = np.random.default_rng(seed)
    soft = Image.fromarray(random.integers(0, 256, (4, 5, 3), dtype=np.uint8)).resize((width, height), Image.BILINEAR)
    grains = random.integers(-60, 60, (height, width, 3))
    return np.clip(np.asarray(soft).astype(int) + grains, 0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
