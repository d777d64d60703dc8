"""RF-DETR as the rfdetr package builds it, with random weights, exported by its own `export`; its training and validation
transform, what `predict` does before the model, and its `PostProcess` give the references."""

import argparse
import copy
import pathlib
import shutil
import tempfile
from unittest import mock

import numpy as np
import rfdetr
import torch
from rfdetr.datasets._torchvision import Resize
from rfdetr.export._runtime.decode import decode_detections
from rfdetr.export._runtime.preprocess import preprocess_to_nchw

from pictures import load_pictures
from references import References

SEED = 15
CLASSES = {"nano": rfdetr.RFDETRNano, "small": rfdetr.RFDETRSmall, "medium": rfdetr.RFDETRMedium}
# How far apart scores and boxes lie; fresh weights have every box at its anchor and every score near 0.01.
CLASS_SPREAD, BOX_SPREAD, ANCHOR_SPREAD = 8.0, 0.03, 0.2


def build(variant):
    torch.manual_seed(SEED)
    detector = CLASSES[variant](pretrain_weights=None, device="cpu")
    model = detector.model.model.eval()
    spread(model)
    return detector, model


@torch.no_grad()
def spread(model):
    for name, weight in model.named_parameters():
        if "bbox_embed" in name and name.endswith("layers.2.weight"):
            weight.normal_(0, BOX_SPREAD)
        elif "class_embed" in name and name.endswith("weight"):
            weight.mul_(CLASS_SPREAD)
        elif name.endswith(("refpoint_embed.weight", "reference_point_embed.weight")):
            weight.normal_(0, ANCHOR_SPREAD)


@torch.no_grad()
def run(model, pixels):
    """Outputs, and the scores of the places among which the model picks its queries, best first."""
    picked = []
    topk = torch.topk

    def spy(values, *arguments, **options):
        picked.append(values)
        return topk(values, *arguments, **options)

    with mock.patch("torch.topk", spy):
        outputs = model(pixels)
    [scores] = picked
    return outputs, scores[0]


def is_tied(scores, exact, queries):
    """Whether two places lie closer together than rounding moves any: swapped, they change all outputs, and with random
    weights that comes about in some pictures."""
    rounding = (scores - exact).abs().max()
    best = exact.sort(descending=True).values[: queries + 1]
    return bool(-best.diff().max() < rounding)


def add_decoded(references, key, detector, logits, boxes, width, height):
    references.add(f"{key}/logits", logits)
    references.add(f"{key}/boxes", boxes)
    sizes = torch.tensor([[height, width]])
    [result] = detector.model.postprocess({"pred_logits": logits, "pred_boxes": boxes}, target_sizes=sizes)
    for name in ("scores", "labels", "boxes"):
        references.add(f"{key}/decoded/{name}", result[name])
    plain = decode_detections(boxes[0].numpy(), logits[0].numpy(), (width, height), -1.0, None, None)
    references.add(f"{key}/decoded-by-export/labels", plain.class_id)


def add_made_up(references, detector, queries, classes):
    """Logits with equal pairs, far values and boxes that reach out of the picture."""
    rng = np.random.default_rng(SEED)
    logits = rng.normal(-3, 3, (1, queries, classes)).round(2).astype(np.float32)
    logits[0, 0, :4] = [-200, 200, 90, -90]
    boxes = rng.uniform(-0.2, 1.2, (1, queries, 4)).astype(np.float32)
    references.facts["made-up"] = {"width": 1919, "height": 1081}
    add_decoded(references, "made-up", detector, torch.from_numpy(logits), torch.from_numpy(boxes), 1919, 1081)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--variant", choices=CLASSES, default="small")
    variant = parser.parse_args().variant
    references = References(f"rf-detr-{variant}", ["rfdetr", "torch", "torchvision", "pillow"])
    detector, model = build(variant)
    exact = copy.deepcopy(model).double()
    size = detector.model.resolution
    resize = Resize((size, size))
    for name, (file, image) in load_pictures().items():
        references.facts[name] = {"file": file, "width": image.width, "height": image.height}
        square, _ = resize(image)
        references.add(f"{name}/resized", np.asarray(square))
        references.add(f"{name}/antialiased", preprocess_to_nchw(square, size, size))
        pixels = preprocess_to_nchw(image, size, size)
        references.add(f"{name}/pixel_values", pixels)
        outputs, scores = run(model, torch.from_numpy(pixels))
        _, exact_scores = run(exact, torch.from_numpy(pixels).double())
        queries = outputs["pred_logits"].shape[1]
        references.facts[name]["tied"] = is_tied(scores, exact_scores, queries)
        add_decoded(references, name, detector, outputs["pred_logits"], outputs["pred_boxes"], *image.size)
    add_made_up(references, detector, queries, outputs["pred_logits"].shape[2])
    with tempfile.TemporaryDirectory() as folder:
        exported = pathlib.Path(detector.export(output_dir=folder, verbose=False))
        shutil.copy(exported, references.model / "onnx/model.onnx")
    references.save()


if __name__ == "__main__":
    main()
