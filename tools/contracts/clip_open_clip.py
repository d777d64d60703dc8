"""CLIP ViT-B/32 with QuickGELU as open_clip builds it, with random weights. open_clip has no exporter of its own: its
encoders go through torch.onnx.export under the names of the public exports."""

import json
import shutil

import numpy as np
import open_clip
import torch

from cache import ROOT
from pictures import load_pictures
from references import References
from texts import TEXTS

SEED = 12
# As for transformers: vectors of pictures, and of texts, should differ from each other.
SPREAD = 3.0


class Vision(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return self.model.encode_image(pixel_values)


class Text(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids):
        return self.model.encode_text(input_ids)


def build():
    torch.manual_seed(SEED)
    model, _, preprocess = open_clip.create_model_and_transforms("ViT-B-32-quickgelu", pretrained=None)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim >= 2 and "embedding" not in name:
                weight.mul_(SPREAD)
    return model.eval(), preprocess


def export(module, sample, name, output, path):
    torch.onnx.export(
        module,
        (sample,),
        path,
        input_names=[name],
        output_names=[output],
        dynamic_shapes=({0: torch.export.Dim("batch", max=1024)},),
        dynamo=True,
        external_data=True,
        verbose=False,
    )


def main():
    references = References("clip-open-clip", ["open_clip_torch", "torch", "torchvision", "pillow"])
    model, preprocess = build()
    (references.model / "config.json").write_text(json.dumps({"model_type": "clip"}) + "\n")
    shutil.copy(ROOT / "packages/workers/src/models/demo-clip/tokenizer.json", references.model)
    resize, crop = preprocess.transforms[:2]
    for name, (file, image) in load_pictures().items():
        references.facts[name] = {"file": file, "width": image.width, "height": image.height}
        references.add(f"{name}/resized", np.asarray(resize(image)))
        references.add(f"{name}/cropped/pillow", np.asarray(crop(resize(image))))
        pixels = preprocess(image)[None]
        references.add(f"{name}/pixel_values", pixels)
        with torch.no_grad():
            references.add(f"{name}/embedding", model.encode_image(pixels))
    ids = open_clip.get_tokenizer("ViT-B-32-quickgelu")(TEXTS)
    references.facts["texts"] = TEXTS
    references.add("texts/ids", ids)
    with torch.no_grad():
        references.add("texts/embeddings", model.encode_text(ids))
    onnx = references.model / "onnx"
    export(Vision(model), torch.randn(2, 3, 224, 224), "pixel_values", "image_embeds", onnx / "vision_model.onnx")
    export(Text(model), ids[:2].clone(), "input_ids", "text_embeds", onnx / "text_model.onnx")
    references.save()


if __name__ == "__main__":
    main()
