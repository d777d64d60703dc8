"""Held-out figures of the committed model through ONNX Runtime: combinations, seeds and phrasings never seen in training.

    python evaluate.py [--pictures 768] [--fixtures]

`--fixtures` also writes the pictures and labels of the product's own test.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
from PIL import Image

from captions import HELD_OUT_FRAMES
from shapes import COLOURS, COUNTS, KINDS, PATTERNS, all_scenes, draw, is_held_out
from tokens import MODEL, read_tokenizer

MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)
FIRST_SEED = 10_000_000
FIXTURES = Path(__file__).resolve().parents[3] / "packages/workers/test/fixtures/shapes"
NUMBER_WORDS = {1: "one", 2: "two", 3: "three", 4: "four"}
BACKGROUNDS = {name: f"a {name} background" for name in PATTERNS}


def plural(kind, count):
    return kind if count == 1 else ("crosses" if kind == "cross" else kind + "s")


QUESTIONS = {
    "colour": ({name: f"{name} shapes" for name in COLOURS}, lambda s: s.colour),
    "kind": ({name: plural(name, 2) for name in KINDS}, lambda s: s.kind),
    "count": ({n: f"{NUMBER_WORDS[n]} {'shape' if n == 1 else 'shapes'}" for n in COUNTS}, lambda s: s.count),
    "pattern": ({name: f"a shape on {BACKGROUNDS[name]}" for name in PATTERNS}, lambda s: s.pattern),
    "colour and kind": (
        {(c, k): f"{c} {plural(k, 2)}" for c in COLOURS for k in KINDS},
        lambda s: (s.colour, s.kind),
    ),
    "colour, kind and count": (
        {(c, k, n): f"{NUMBER_WORDS[n]} {c} {plural(k, n)}" for c in COLOURS for k in KINDS for n in COUNTS},
        lambda s: (s.colour, s.kind, s.count),
    ),
}


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pictures", type=int, default=768)
    options.add_argument("--fixtures", action="store_true")
    args = options.parse_args()
    vision = ort.InferenceSession(MODEL / "onnx/vision_model.onnx")
    text = ort.InferenceSession(MODEL / "onnx/text_model.onnx")
    tokenizer = read_tokenizer()
    held_out = [scene for scene in all_scenes() if is_held_out(scene)]
    scenes = [held_out[at % len(held_out)] for at in range(args.pictures)]
    pictures = [draw(scene, FIRST_SEED + at) for at, scene in enumerate(scenes)]
    pixels = ((np.stack([np.asarray(one) for one in pictures]) / 255).astype(np.float32) - MEAN) / STD
    seen = unit(np.concatenate([vision.run(None, {"pixel_values": one})[0] for one in np.split(pixels.transpose(0, 3, 1, 2), args.pictures)]))

    def say(texts):
        ids = np.array([one.ids for one in tokenizer.encode_batch(texts)], np.int64)
        return unit(text.run(None, {"input_ids": ids})[0])

    top1 = {}
    for question, (prompts, truth) in QUESTIONS.items():
        for frames, named in ((["a photo of {}"], question), (HELD_OUT_FRAMES, f"{question}, unseen phrasing")):
            right = []
            for frame in frames:
                said = say([frame.format(words) for words in prompts.values()])
                found = [list(prompts)[at] for at in (seen @ said.T).argmax(1)]
                right.append(np.mean([a == truth(scene) for a, scene in zip(found, scenes)]))
            top1[named] = round(float(np.mean(right)), 4)
    near = seen @ seen.T
    np.fill_diagonal(near, -1)
    nearest = near.argmax(1)
    same = [scenes[a][:2] == scenes[b][:2] for a, b in enumerate(nearest)]
    report = {
        "pictures": args.pictures, "combinations": len(held_out), "firstSeed": FIRST_SEED,
        "zeroShotTop1": top1, "nearestNeighbourHasSameColourAndKind": round(float(np.mean(same)), 4),
    }  # fmt: skip
    (Path(__file__).parent / "figures.json").write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))
    if args.fixtures:
        write_fixtures(held_out)


def write_fixtures(held_out):
    """48 pictures of other seeds, 160 x 120, as files that the whole product reads."""
    FIXTURES.mkdir(parents=True, exist_ok=True)
    rows = []
    for at in range(48):
        scene = held_out[(at * 7) % len(held_out)]
        name = f"{at:02}.jpg"
        draw(scene, 20_000_000 + at, 160, 120).save(FIXTURES / name, "JPEG", quality=88)
        rows.append({"file": name, **scene._asdict()})
    (FIXTURES / "truth.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
