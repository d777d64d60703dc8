"""ViTPose as transformers builds it, with random weights, exported by transformers' own exporter: base, and ViTPose++ (small)
with its experts and 133 keypoints. Three people in each picture."""

import argparse

import torch
from transformers import VitPoseBackboneConfig, VitPoseConfig, VitPoseForPoseEstimation, VitPoseImageProcessor
from transformers.exporters.exporter_onnx import OnnxConfig, OnnxExporter

from pictures import load_pictures
from references import References

# x, y, width and height as parts of the picture: inside, tall, over an edge.
PEOPLE = [[0.2, 0.1, 0.25, 0.7], [0.55, 0.3, 0.08, 0.65], [0.7, -0.1, 0.4, 0.8]]
WHOLE_BODY = 5


def build(is_plus):
    torch.manual_seed(17)
    size = {"hidden_size": 384, "num_attention_heads": 12, "num_experts": 6, "part_features": 96} if is_plus else {}
    backbone = VitPoseBackboneConfig(**size, out_features=["stage12"])
    model = VitPoseForPoseEstimation(VitPoseConfig(backbone_config=backbone, num_labels=133 if is_plus else 17)).eval()
    with torch.no_grad():
        for name, weights in model.head.named_parameters():
            # Heat maps of fresh weights are all but flat.
            if weights.dim() > 1:
                weights.mul_(12)
    return model


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--plus", action="store_true")
    is_plus = parser.parse_args().plus
    name = "vitpose-plus" if is_plus else "vitpose-base"
    references = References(name, ["transformers", "torch", "torchvision", "scipy", "pillow"])
    model = build(is_plus)
    model.config.save_pretrained(references.model)
    processor = VitPoseImageProcessor()
    processor.save_pretrained(references.model)
    for key, (file, image) in load_pictures().items():
        boxes = [[x * image.width, y * image.height, w * image.width, h * image.height] for x, y, w, h in PEOPLE]
        references.facts[key] = {"file": file, "width": image.width, "height": image.height, "boxes": boxes}
        pixels = processor(image, boxes=[boxes], return_tensors="pt").pixel_values.contiguous()
        inputs = {"pixel_values": pixels}
        if is_plus:
            inputs["dataset_index"] = torch.full([len(boxes)], WHOLE_BODY)
        with torch.no_grad():
            outputs = model(**inputs)
        [people] = processor.post_process_pose_estimation(outputs, boxes=[boxes])
        references.add(f"{key}/pixel_values", pixels)
        references.add(f"{key}/heatmaps", outputs.heatmaps)
        references.add(f"{key}/keypoints", torch.stack([person["keypoints"].float() for person in people]))
    exported = OnnxExporter().export(model, inputs, config=OnnxConfig())
    OnnxExporter.save_program(exported.program, references.model / "onnx/model.onnx")
    references.save()


if __name__ == "__main__":
    main()
