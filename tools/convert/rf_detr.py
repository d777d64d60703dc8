"""Turns an RF-DETR checkpoint (.pth) into a model folder for the detect worker, with rfdetr's own ONNX exporter.

    python -m venv /tmp/convert && /tmp/convert/bin/pip install "rfdetr[onnx]"
    /tmp/convert/bin/python tools/convert/rf_detr.py --variant medium --weights my-checkpoint.pth \
        --labels crack,spalling,exposed_rebar --licence "..." --source "..." --out /models/my-detector

The folder gets onnx/model.onnx and a model.json with its hash. Verified with rfdetr 1.11.2 and random weights only.
"""

import argparse
import hashlib
import json
import pathlib
import shutil
import tempfile

CLASSES = {"nano": "RFDETRNano", "small": "RFDETRSmall", "medium": "RFDETRMedium", "large": "RFDETRLarge"}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", choices=CLASSES, required=True)
    parser.add_argument("--weights", required=True, help="the .pth file of the training run")
    parser.add_argument("--labels", required=True, help="class names in the order of their indices, by commas")
    parser.add_argument("--first-index", type=int, default=0, help="index of the first label: 0, or 1 for data sets that count from 1")
    parser.add_argument("--licence", required=True)
    parser.add_argument("--source", required=True, help="where the weights come from")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder to make; its name becomes the model's id")
    return parser.parse_args()


def export(variant, weights, folder):
    import rfdetr

    # A bare name would be looked for among the downloaded weights.
    model = getattr(rfdetr, CLASSES[variant])(pretrain_weights=str(pathlib.Path(weights).resolve()))
    model.export(output_dir=str(folder))
    # The exporter's file names differ between its versions; a backbone alone is not what we asked for.
    files = [path for path in folder.rglob("*.onnx") if "backbone" not in path.name]
    if len(files) != 1:
        raise SystemExit(f"expected one .onnx file from the exporter, found {[path.name for path in files]}")
    return files[0]


def main():
    arguments = parse_arguments()
    target = arguments.out / "onnx" / "model.onnx"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(export(arguments.variant, arguments.weights, pathlib.Path(folder)), target)
    labels = [label.strip() for label in arguments.labels.split(",")]
    card = {
        "id": arguments.out.resolve().name,
        "contract": "rf-detr",
        "variant": arguments.variant,
        "demo": False,
        "labels": {str(index): label for index, label in enumerate(labels, arguments.first_index)},
        "licence": arguments.licence,
        "source": arguments.source,
        "files": {
            "onnx/model.onnx": {
                "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
                "bytes": target.stat().st_size,
            }
        },
    }
    (arguments.out / "model.json").write_text(json.dumps(card, indent=2) + "\n")
    print(f"wrote {arguments.out}: name it in DETECTOR_WEIGHTS, or put it into a models folder")


if __name__ == "__main__":
    main()
