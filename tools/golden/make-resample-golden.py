"""Golden vectors of Pillow's 8-bit resampler and of torch's bilinear interpolation.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install pillow numpy torch
    /tmp/golden/bin/python tools/golden/make-resample-golden.py

Writes packages/workers/src/media/testdata/resample-golden.json. Seeded: the same versions of Pillow
and torch give the same file. Bytes and little-endian float32 values are base64.
"""

import base64
import json
import pathlib

import numpy as np
import PIL
import torch
from PIL import Image

OUT = pathlib.Path(__file__).parents[2] / "packages/workers/src/media/testdata/resample-golden.json"
FILTERS = {"box": Image.BOX, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC, "lanczos": Image.LANCZOS}
# Shrink, enlarge, one of each, one axis kept, to and from one pixel, and far apart.
SIZES = {
    "noise": [(12, 9), (40, 31), (12, 31), (31, 9), (31, 22), (1, 1), (1, 50), (3, 2)],
    "checker": [(7, 5), (33, 21), (20, 6)],  # 0 and 255 only: overshoot must be clipped
    "pixel": [(1, 1), (4, 3)],
    "line": [(5, 1), (64, 2), (300, 1)],
}
EDGES = ("x_min", "y_min", "x_max", "y_max")
BOXES = {"noise": [((12, 9), (3, 2, 25, 20)), ((16, 16), (0.5, 1.25, 30.75, 17.5)), ((31, 22), (1, 0, 31, 22))]}
FLOATS = [((4, 4), (16, 16)), ((8, 6), (13, 29)), ((16, 12), (5, 7)), ((1, 1), (3, 2)), ((9, 5), (9, 5)), ((3, 7), (64, 2))]


def text(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def pictures(rng):
    checker = (np.indices((10, 16)).sum(axis=0) % 2 * 255).astype(np.uint8)
    return {
        "noise": rng.integers(0, 256, (22, 31, 3), dtype=np.uint8),
        "checker": np.dstack([checker, 255 - checker, np.roll(checker, 1, 0) // 255 * 250]),
        "pixel": rng.integers(0, 256, (1, 1, 3), dtype=np.uint8),
        "line": rng.integers(0, 256, (1, 37, 3), dtype=np.uint8),
    }


def resized(inputs):
    for name, array in inputs.items():
        image = Image.fromarray(array)
        jobs = [(size, None) for size in SIZES[name]] + BOXES.get(name, [])
        for size, box in jobs:
            for label, kind in FILTERS.items():
                out = image.resize(size, kind, box=box)
                case = {"input": name, "filter": label, "width": size[0], "height": size[1]}
                edges = {"box": dict(zip(EDGES, box))} if box else {}
                yield {**case, **edges, "output": text(np.asarray(out))}


def interpolated(rng):
    for (width, height), (out_width, out_height) in FLOATS:
        source = rng.normal(0, 8, (height, width)).astype("<f4")
        out = torch.nn.functional.interpolate(
            torch.from_numpy(source)[None, None], (out_height, out_width), mode="bilinear", align_corners=False
        )[0, 0].numpy()
        yield {
            "width": width,
            "height": height,
            "input": text(source),
            "outWidth": out_width,
            "outHeight": out_height,
            "output": text(out.astype("<f4")),
        }


def main():
    rng = np.random.default_rng(20261)
    inputs = pictures(rng)
    golden = {
        "madeBy": f"Pillow {PIL.__version__}, torch {torch.__version__}",
        "inputs": {
            name: {"width": a.shape[1], "height": a.shape[0], "data": text(a)} for name, a in inputs.items()
        },
        "resizes": list(resized(inputs)),
        "interpolations": list(interpolated(rng)),
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(golden, indent=2) + "\n")


if __name__ == "__main__":
    main()
