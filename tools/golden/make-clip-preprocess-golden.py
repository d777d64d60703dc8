"""Golden pictures of CLIP's preprocessing: Pillow's bicubic resize of the short side and the middle square, as
torchvision's Resize and CenterCrop compute their sizes.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install pillow numpy
    /tmp/golden/bin/python tools/golden/make-clip-preprocess-golden.py

Writes packages/workers/src/clip/testdata/preprocess-golden.json. Seeded.
"""

import base64
import json
import pathlib

import numpy as np
from PIL import Image

OUT = pathlib.Path(__file__).parents[2] / "packages/workers/src/clip/testdata/preprocess-golden.json"
SIZE = 16
# Landscape, portrait, square, odd margins on both sides, the right size already, and pictures that are enlarged.
SIZES = [(40, 30), (30, 40), (31, 31), (37, 16), (16, 39), (16, 16), (9, 14), (21, 5), (47, 20)]


def text(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def crop(image):
    width, height = image.size
    left, top = int(round((width - SIZE) / 2.0)), int(round((height - SIZE) / 2.0))
    return image.crop((left, top, left + SIZE, top + SIZE))


def resize(image):
    width, height = image.size
    short, long = min(width, height), max(width, height)
    longer = int(SIZE * long / short)
    size = (SIZE, longer) if width <= height else (longer, SIZE)
    return image.resize(size, Image.BICUBIC)


def main():
    rng = np.random.default_rng(5)
    cases = []
    for width, height in SIZES:
        pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        made = np.asarray(crop(resize(Image.fromarray(pixels))))
        cases.append({"width": width, "height": height, "data": text(pixels), "result": text(made)})
    OUT.write_text(json.dumps({"size": SIZE, "cases": cases}, indent=1) + "\n")


main()
