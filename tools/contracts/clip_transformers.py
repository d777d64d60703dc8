"""CLIP ViT-B/32 as transformers builds it, with random weights, exported by transformers' own exporter."""

import json

import torch
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPImageProcessorPil,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    CLIPVisionModelWithProjection,
)
from transformers.exporters.exporter_onnx import OnnxConfig, OnnxExporter

from cache import ROOT
from pictures import load_pictures
from references import References
from texts import TEXTS

SEED = 11
# Weights drawn at the usual scale make all pictures look alike; at this one their vectors differ.
SPREAD = 4.0


def build():
    torch.manual_seed(SEED)
    config = CLIPConfig()
    config.vision_config.initializer_factor = config.text_config.initializer_factor = SPREAD
    config.vision_config.projection_dim = config.text_config.projection_dim = config.projection_dim
    vision = CLIPVisionModelWithProjection(config.vision_config).eval()
    text = CLIPTextModelWithProjection(config.text_config).eval()
    return config, vision, text


def load_tokenizer():
    model = json.loads((ROOT / "packages/workers/src/models/demo-clip/tokenizer.json").read_text())["model"]
    return CLIPTokenizer(vocab=model["vocab"], merges=[tuple(merge.split()) for merge in model["merges"]])


def export(model, inputs, path):
    batch = torch.export.Dim("batch", max=1024)
    config = OnnxConfig(dynamic_shapes={name: {0: batch} for name in inputs})
    exported = OnnxExporter().export(model, inputs, config=config)
    OnnxExporter.save_program(exported.program, path)


def main():
    references = References("clip-transformers", ["transformers", "torch", "torchvision", "pillow"])
    config, vision, text = build()
    config.save_pretrained(references.model)
    processor = CLIPImageProcessorPil()
    processor.save_pretrained(references.model)
    tokenizer = load_tokenizer()
    tokenizer.save_pretrained(references.model)
    levels = {"do_rescale": False, "do_normalize": False, "return_tensors": "np"}
    for name, (file, image) in load_pictures().items():
        references.facts[name] = {"file": file, "width": image.width, "height": image.height}
        resized = processor(image, do_center_crop=False, **levels).pixel_values[0]
        references.add(f"{name}/resized", resized.transpose(1, 2, 0).astype("uint8"))
        for backend, one in {"pillow": processor, "torchvision": CLIPImageProcessor()}.items():
            cropped = one(image, **levels).pixel_values[0]
            references.add(f"{name}/cropped/{backend}", cropped.transpose(1, 2, 0).astype("uint8"))
        pixels = processor(image, return_tensors="pt").pixel_values
        references.add(f"{name}/pixel_values", pixels)
        with torch.no_grad():
            references.add(f"{name}/embedding", vision(pixel_values=pixels).image_embeds)
    ids = tokenizer(TEXTS, padding="max_length", truncation=True, max_length=77, return_tensors="pt").input_ids
    references.facts["texts"] = TEXTS
    references.add("texts/ids", ids)
    with torch.no_grad():
        references.add("texts/embeddings", text(input_ids=ids).text_embeds)
    export(vision, {"pixel_values": torch.randn(2, 3, 224, 224)}, references.model / "onnx/vision_model.onnx")
    export(text, {"input_ids": ids[:2].clone()}, references.model / "onnx/text_model.onnx")
    references.save()


if __name__ == "__main__":
    main()
