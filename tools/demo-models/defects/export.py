"""Writes the two model folders: graphs with half-size weights, and `model.json` beside them.

Each file appears by an atomic rename, so a reader never sees half a model.
"""

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path

import onnx
import torch
from torch.nn.utils.fusion import fuse_conv_bn_eval

import net as network
from instances import Detector
from prompts import Decoder, Encoder

sys.path.append(str(Path(__file__).resolve().parents[1]))
from model_files import halve, put

OPSET = 17
MODELS = Path(__file__).resolve().parents[3] / "packages" / "workers" / "src" / "models"
SOURCE = "tools/demo-models/defects"
EMBEDDINGS = ["image_embeddings.0", "image_embeddings.1", "image_embeddings.2"]


def fold(module):
    """Batch normalisation goes into the convolution before it."""
    for child in module.children():
        fold(child)
    if isinstance(module, torch.nn.Sequential) and len(module) > 1:
        if isinstance(module[0], torch.nn.Conv2d) and isinstance(module[1], torch.nn.BatchNorm2d):
            module[0] = fuse_conv_bn_eval(module[0], module[1])
            module[1] = torch.nn.Identity()
    return module


def graph(module, arguments, inputs, outputs, dynamic):
    """The module as an ONNX model whose large weights are stored as float16 and cast to float32."""
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"export-{os.getpid()}.onnx"
    torch.onnx.export(
        module.eval(), arguments, str(path), input_names=inputs, output_names=outputs,
        opset_version=OPSET, dynamic_axes=dynamic, dynamo=False, do_constant_folding=True,
    )  # fmt: skip
    model = onnx.load(str(path))
    path.unlink()
    halve(model.graph)
    model.producer_name, model.producer_version = "spillway demo models", ""
    onnx.checker.check_model(model)
    return model


def write_folder(folder, about, graphs):
    files = {}
    for name, model in graphs.items():
        data = model.SerializeToString()
        put(folder / name, data)
        files[name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        print(f"{folder.name}/{name}: {len(data)} bytes")
    put(folder / "model.json", (json.dumps({**about, "files": files}, indent=2) + "\n").encode())


def detector(net, state):
    module = Detector(net)
    module.judge.load_state_dict(state["detector"])
    return graph(module, torch.zeros(1, 3, 384, 384), ["input"], ["dets", "labels"], {})


def encoder(net, state):
    batch = {name: {0: "batch"} for name in ["pixel_values", *EMBEDDINGS]}
    pixels = torch.zeros(1, 3, 1024, 1024)
    return graph(Encoder(net, state["offset"]), pixels, ["pixel_values"], EMBEDDINGS, batch)


def decoder(state):
    module = Decoder()
    module.judge.load_state_dict(state["decoder"])
    shapes = ((1, 1, 1, 2), (1, 2, 4), (1, 32, 256, 256), (1, 64, 128, 128), (1, 256, 64, 64))
    points, boxes, *embeddings = [torch.zeros(shape) for shape in shapes]
    labels = torch.zeros(1, 1, 1, dtype=torch.int64)
    inputs = ["input_points", "input_labels", "input_boxes", *EMBEDDINGS]
    outputs = ["iou_scores", "pred_masks", "object_score_logits"]
    dynamic = {name: {0: "batch"} for name in EMBEDDINGS}
    dynamic["input_points"] = {0: "batch", 1: "point_batch", 2: "points_per_prompt"}
    dynamic["input_labels"] = {0: "batch", 1: "label_batch", 2: "points_per_prompt"}
    dynamic["input_boxes"] = {0: "batch", 1: "boxes"}
    dynamic.update({name: {0: "batch", 1: "prompts"} for name in outputs})
    return graph(module, (points, labels, boxes, *embeddings), inputs, outputs, dynamic)


def describe(name, contract, variant, sentence, size, labels=None):
    about = {"id": name, "contract": contract, "variant": variant, "demo": True, "description": sentence}
    if labels:
        # The detector learns from antialiased pictures.
        about.update(labels=labels, antialias=True)
    about.update(inputSize=size, licence="MIT", source=SOURCE, vramBytes=1_000_000_000)
    return about


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="net.pt", help="checkpoint from train.py")
    parser.add_argument("--judges", default="judges.pt", help="perceptrons from calibrate.py")
    parser.add_argument("--out", type=Path, default=MODELS, help="folder of the model folders")
    options = parser.parse_args()
    net = fold(network.load(options.weights))
    state = torch.load(options.judges)
    write_folder(
        options.out / "demo-rf-detr-nano",
        describe(
            "demo-rf-detr-nano", "rf-detr", "nano",
            "Demo model made from synthetic data only: a small convolutional network in the RF-DETR "
            "contract that finds cracks, spalling and stains in drawn pictures of concrete.",
            384, {"1": "crack", "2": "spalling", "3": "stain"},
        ),
        {"onnx/model.onnx": detector(net, state)},
    )  # fmt: skip
    write_folder(
        options.out / "demo-sam2.1-tiny",
        describe(
            "demo-sam2.1-tiny", "sam2", "tiny",
            "Demo model made from synthetic data only: a small convolutional network in the SAM 2.1 "
            "contract that segments cracks, spalling and stains of concrete inside boxes or at points.",
            1024,
        ),
        {"onnx/vision_encoder.onnx": encoder(net, state), "onnx/prompt_encoder_mask_decoder.onnx": decoder(state)},
    )  # fmt: skip


if __name__ == "__main__":
    main()
