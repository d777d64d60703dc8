"""Writes the model folder `demo-person-markers`: the graph with half-size weights, and `model.json`."""

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

sys.path.append(str(Path(__file__).resolve().parents[1]))
from model_files import halve, put

OPSET = 17
MODELS = Path(__file__).resolve().parents[3] / "packages" / "workers" / "src" / "models"
NAME = "demo-person-markers"


def fold(module):
    """Batch normalisation goes into the convolution before it."""
    for child in module.children():
        fold(child)
    if isinstance(module, torch.nn.Sequential) and len(module) > 1:
        if isinstance(module[0], torch.nn.Conv2d) and isinstance(module[1], torch.nn.BatchNorm2d):
            module[0] = fuse_conv_bn_eval(module[0], module[1])
            module[1] = torch.nn.Identity()
    return module


def graph(net):
    """The detector as an ONNX model whose large weights are stored as float16 and cast to float32."""
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"export-{os.getpid()}.onnx"
    pixels = torch.zeros(1, 3, network.SIDE, network.SIDE)
    torch.onnx.export(
        network.Detector(net).eval(), pixels, str(path), input_names=["input"], output_names=["dets", "labels"],
        opset_version=OPSET, dynamo=False, do_constant_folding=True,
    )  # fmt: skip
    model = onnx.load(str(path))
    path.unlink()
    halve(model.graph)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="net.pt", help="checkpoint from train.py")
    parser.add_argument("--out", type=Path, default=MODELS, help="folder of the model folders")
    options = parser.parse_args()
    data = graph(fold(network.load(options.weights)))
    about = {
        "id": NAME,
        "contract": "rf-detr",
        # None of RF-DETR's sizes, so that nobody who asks for one of those gets it.
        "variant": "person",
        "demo": True,
        "description": "Demo model made from synthetic data only: a small convolutional network in the RF-DETR "
        "contract that finds drawn mannequins with coloured markers on their joints, and nobody else.",
        "labels": {"1": "person"},
        "antialias": True,
        "inputSize": network.SIDE,
        "licence": "MIT",
        "source": "tools/demo-models/people",
        "vramBytes": 500_000_000,
        "files": {"onnx/model.onnx": {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}},
    }
    put(options.out / NAME / "onnx" / "model.onnx", data)
    put(options.out / NAME / "model.json", (json.dumps(about, indent=2) + "\n").encode())
    print(f"{NAME}/onnx/model.onnx: {len(data)} bytes")


if __name__ == "__main__":
    main()
