"""Writes the model folder from trained towers.

    python export.py --weights towers.pt
"""

import argparse
import hashlib
import io
import json

import onnx
import torch

from net import Text, Vision
from tokens import MODEL


def graph(module, example, name, output):
    file = io.BytesIO()
    dynamic = {name: {0: "batch"}, output: {0: "batch"}}
    torch.onnx.export(
        module.eval(), (example,), file, input_names=[name], output_names=[output], dynamic_axes=dynamic,
        opset_version=17, dynamo=False,
    )  # fmt: skip
    model = onnx.load_from_string(file.getvalue())
    onnx.checker.check_model(model)
    for node in model.graph.node:
        node.doc_string = ""
    return model.SerializeToString()


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--weights", required=True)
    state = torch.load(options.parse_args().weights)
    vision = Vision()
    vision.load_state_dict(state["vision"])
    text = Text(len(state["ids"]) + 1, state["text"]["table"])
    text.load_state_dict(state["text"])
    graphs = {
        "onnx/vision_model.onnx": graph(vision, torch.zeros(1, 3, 224, 224), "pixel_values", "image_embeds"),
        "onnx/text_model.onnx": graph(text, torch.zeros(1, 77, dtype=torch.int64), "input_ids", "text_embeds"),
        "tokenizer.json": (MODEL / "tokenizer.json").read_bytes(),
    }
    files = {}
    for name, data in graphs.items():
        (MODEL / name).parent.mkdir(parents=True, exist_ok=True)
        (MODEL / name).write_bytes(data)
        files[name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        print(f"{name}: {len(data)} bytes")
    about = {
        "id": "demo-clip",
        "contract": "clip",
        "variant": "shapes",
        "demo": True,
        "description": "Demo model made from synthetic data only: two small networks in CLIP's contract that know "
        "drawn shapes: their kind, colour, number and the pattern behind them, and nothing else.",
        "inputSize": 224,
        "licence": "MIT",
        "source": "tools/demo-models/clip",
        "vramBytes": 500_000_000,
        "files": files,
    }
    (MODEL / "model.json").write_text(json.dumps(about, indent=2) + "\n")


if __name__ == "__main__":
    main()
