"""RF-DETR as transformers builds it, with random weights, exported by transformers' own exporter: the names of the
onnx-community exports."""

import copy

import torch
from transformers import RfDetrConfig, RfDetrForObjectDetection, RfDetrImageProcessor
from transformers.exporters.exporter_onnx import OnnxConfig, OnnxExporter

from pictures import load_pictures
from references import References
from rf_detr import is_tied, run, spread

SEED = 16
SIZE = 512


def build():
    torch.manual_seed(SEED)
    labels = {index: f"class {index}" for index in range(91)}
    model = RfDetrForObjectDetection(RfDetrConfig(id2label=labels)).eval()
    spread(model)
    return model


def main():
    references = References("rf-detr-transformers", ["transformers", "torch", "torchvision", "pillow"])
    model = build()
    model.config.save_pretrained(references.model)
    processor = RfDetrImageProcessor(size={"height": SIZE, "width": SIZE}, do_pad=False)
    processor.save_pretrained(references.model)
    exact = copy.deepcopy(model).double()
    for name, (file, image) in load_pictures().items():
        references.facts[name] = {"file": file, "width": image.width, "height": image.height}
        pixels = processor(image, return_tensors="pt").pixel_values
        references.add(f"{name}/pixel_values", pixels)
        outputs, scores = run(model, pixels)
        _, exact_scores = run(exact, pixels.double())
        references.facts[name]["tied"] = is_tied(scores, exact_scores, outputs["logits"].shape[1])
        references.add(f"{name}/logits", outputs["logits"])
        references.add(f"{name}/boxes", outputs["pred_boxes"])
    exported = OnnxExporter().export(model, {"pixel_values": pixels}, config=OnnxConfig())
    OnnxExporter.save_program(exported.program, references.model / "onnx/model.onnx")
    references.save()


if __name__ == "__main__":
    main()
