"""Reads the shards that `render-pictures.ts` writes."""

import json
from pathlib import Path

import numpy as np

SEEN = 0.25  # share of a person that must be seen for it to count as there


def shards(folder):
    """(pixels uint8 [n, side, side, 3], boxes of each picture [k, 5]) of every finished shard."""
    for path in sorted(Path(folder).glob("*.npy")):
        rows = json.loads(path.with_suffix(".json").read_text())
        yield np.load(path, mmap_mode="r"), [np.array(row, np.float32).reshape(-1, 5) for row in rows]


def people_of(boxes):
    """Centre, width and height of those who are seen well enough, as shares of the picture."""
    return boxes[boxes[:, 4] >= SEEN, :4]
