"""Makes the 8-bit variant of a CLIP model folder, and says how far its embeddings are from the original's.

    python tools/convert/quantize_clip.py --model FOLDER --out FOLDER --pictures FOLDER

The weights of the towers' matrix products become 8-bit integers, each output with a scale of its own; what they are
multiplied with is rounded to 8 bits at run time, each product by its own range. Everything else stays float32, and so do
names and shapes, so the folder is used like the original. Fast on processors with 8-bit dot products (AVX-512 VNNI, AMX,
ARM dot products); without them it is smaller, not faster.

The cosine of each picture's embedding with the original's is printed, once as it is and once with the mean embedding of
all pictures taken off both: embeddings of one model share a large part, beside which an error looks small. Exits with 1
when the smallest of the first kind is below --least.
"""

import argparse
import json
import pathlib
import shutil
import sys
import tempfile

import numpy as np
import onnxruntime
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL import Image, ImageOps

TOWERS = ("vision_model.onnx", "text_model.onnx")
DEFAULT_MEAN = [0.48145466, 0.4578275, 0.40821073]
DEFAULT_STD = [0.26862954, 0.26130258, 0.27577711]
SIZE = 224


def quantize(source, target, keep):
    with tempfile.TemporaryDirectory() as folder:
        prepared = pathlib.Path(folder) / "prepared.onnx"
        # Shapes tell which products have constant weights; the runtime does the optimisation itself.
        quant_pre_process(source, prepared, skip_optimization=True, skip_symbolic_shape=True)
        quantize_dynamic(
            prepared,
            target,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=keep,
            extra_options={"MatMulConstBOnly": True},
        )


def read_pictures(folder, config):
    mean = np.float32(config.get("image_mean", DEFAULT_MEAN))
    std = np.float32(config.get("image_std", DEFAULT_STD))
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
    for file in files:
        image = ImageOps.exif_transpose(Image.open(file)).convert("RGB")
        image = ImageOps.fit(image, (SIZE, SIZE), Image.Resampling.BICUBIC)
        pixels = (np.asarray(image, np.float32) / 255 - mean) / std
        yield np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32)


def embed(file, pictures):
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(["image_embeds"], {"pixel_values": one})[0] for one in pictures])


def cosines(one, other):
    unit = lambda rows: rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return (unit(one) * unit(other)).sum(axis=1)


def compare(original, quantized, pictures):
    one, other = embed(original, pictures), embed(quantized, pictures)
    unit = one / np.linalg.norm(one, axis=1, keepdims=True)
    between = (unit @ unit.T)[~np.eye(len(unit), dtype=bool)]
    plain = cosines(one, other)
    centred = cosines(one - one.mean(axis=0), other - one.mean(axis=0))
    return {
        "pictures": len(pictures),
        "leastCosine": float(plain.min()),
        "medianCosine": float(np.median(plain)),
        "leastCosineCentred": float(centred.min()),
        "medianCosineCentred": float(np.median(centred)),
        "medianCosineOfDifferentPictures": float(np.median(between)),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=pathlib.Path, required=True, help="folder with onnx/vision_model.onnx")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder to write")
    parser.add_argument("--pictures", type=pathlib.Path, required=True, help="folder with pictures to compare on")
    parser.add_argument("--keep", nargs="*", default=[], help="nodes that stay float32, where the cosine is too low")
    parser.add_argument("--least", type=float, default=0.99, help="smallest cosine that is good enough")
    parser.add_argument("--report", type=pathlib.Path, help="JSON file for the figures")
    options = parser.parse_args()
    (options.out / "onnx").mkdir(parents=True, exist_ok=True)
    for tower in TOWERS:
        if (options.model / "onnx" / tower).exists():
            quantize(options.model / "onnx" / tower, options.out / "onnx" / tower, options.keep)
    for file in options.model.glob("*.json"):
        # A card names hashes of the original's files.
        if file.name != "model.json":
            shutil.copy(file, options.out)
    preprocessor = options.model / "preprocessor_config.json"
    config = json.loads(preprocessor.read_text()) if preprocessor.exists() else {}
    pictures = list(read_pictures(options.pictures, config))
    vision = pathlib.Path("onnx") / TOWERS[0]
    figures = compare(options.model / vision, options.out / vision, pictures)
    print(json.dumps(figures, indent=2))
    if options.report:
        options.report.write_text(json.dumps(figures))
    if figures["leastCosine"] < options.least:
        sys.exit(f"the smallest cosine is {figures['leastCosine']:.4f}, below {options.least}: name nodes in --keep")


main()
