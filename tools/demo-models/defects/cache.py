"""Renders training pictures ahead of time: drawing one takes longer than a training step on it.

A shard is a `.npy` of uint8 [n, size, size, 4]: RGB, and the three planes of instance ids packed
into one byte, two bits a class (crack lowest).
"""

import argparse
import os
from pathlib import Path

import numpy as np

from concrete import CLASSES, REFERENCE, Picture, boxes_of, training_picture


def pack(picture):
    packed = np.zeros(picture.planes.shape[1:], np.uint8)
    for kind in range(len(CLASSES)):
        packed |= (picture.planes[kind] & 3) << (2 * kind)
    return np.concatenate([picture.rgb, packed[..., None]], 2)


def unpack(packed):
    """Planes of instance ids, [..., 3 classes, h, w], from packed bytes [..., h, w]."""
    return np.stack([(packed >> (2 * kind)) & 3 for kind in range(len(CLASSES))], -3)


def shards(folder):
    return [np.load(path, mmap_mode="r") for path in sorted(Path(folder).glob("*.npy"))]


def pictures(first, count, folder=None):
    """The pictures of a run of seeds: from the shards of a folder, or drawn now."""
    if not folder:
        yield from (training_picture(seed) for seed in range(first, first + count))
        return
    for shard in shards(folder):
        for packed in shard[: max(0, count)]:
            planes = unpack(packed[..., 3])
            yield Picture(packed[..., :3], planes, boxes_of(planes))
        count -= len(shard)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, help="folder for the shards")
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--shard", type=int, default=200, help="pictures a file")
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    for start in range(options.first, options.first + options.count, options.shard):
        path = Path(options.out) / f"{start:08d}.npy"
        if path.exists():
            continue
        seeds = range(start, min(start + options.shard, options.first + options.count))
        pictures = np.stack([pack(training_picture(seed, REFERENCE)) for seed in seeds])
        partial = path.with_suffix(".partial")
        with open(partial, "wb") as stream:
            np.save(stream, pictures)
        os.replace(partial, path)
        print(path, flush=True)


if __name__ == "__main__":
    main()
