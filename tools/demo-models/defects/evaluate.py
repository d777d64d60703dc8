"""Figures on held-out pictures, through ONNX Runtime on the exported files; needs no PyTorch.

Detection: average precision at IoU 0.5, all-point, over pictures and all scores. Masks: the true
box as prompt, the candidate of greatest `iou_scores`, enlarged 256 -> 1024 -> picture, > 0; mean IoU
over instances, and for cracks also precision and recall of pixels with 2 pixels' tolerance.
"""

import argparse
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageFilter

from cache import pictures
from concrete import CLASSES, CRACK, HELD_OUT

MODELS = Path(__file__).resolve().parents[3] / "packages" / "workers" / "src" / "models"
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def session(path, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def prepare(rgb, size):
    """Plain square resize as Pillow does it, ImageNet mean and deviation, [1,3,size,size]."""
    picture = np.asarray(Image.fromarray(rgb).resize((size, size), Image.BILINEAR), np.float32) / 255
    return np.moveaxis((picture - MEAN) / STD, 2, 0)[None].astype(np.float32)


def detect(detector, rgb):
    """RF-DETR post-processing: (score, class index from 0, x0, y0, x1, y1 in 0..1), best first."""
    sides, logits = detector.run(["dets", "labels"], {"input": prepare(rgb, 384)})
    chance = 1 / (1 + np.exp(-logits[0]))
    order = np.argsort(-chance.ravel())[: len(chance)]
    rows = []
    for index in order:
        query, label = divmod(int(index), chance.shape[1])
        x, y, w, h = sides[0, query]
        rows.append((chance[query, label], label - 1, x - w / 2, y - h / 2, x + w / 2, y + h / 2))
    return rows


def segment(encoder, decoder, rgb, boxes):
    """Masks [n,h,w] for boxes [n,4] in pixels of the picture, and the candidates chosen."""
    height, width = rgb.shape[:2]
    names = [output.name for output in encoder.get_outputs()]
    embeddings = dict(zip(names, encoder.run(None, {"pixel_values": prepare(rgb, 1024)})))
    scale = np.array([1024 / width, 1024 / height] * 2)
    feeds = {
        "input_points": np.zeros((1, 1, 0, 2), np.float32),
        "input_labels": np.zeros((1, len(boxes), 0), np.int64),
        "input_boxes": (np.array(boxes) * scale)[None].astype(np.float32),
    }
    scores, masks = decoder.run(["iou_scores", "pred_masks"], {**feeds, **embeddings})
    chosen = scores[0].argmax(1)
    large = [enlarge(masks[0, i, k], width, height) > 0 for i, k in enumerate(chosen)]
    return np.stack(large), chosen, scores[0].max(1)


def enlarge(logits, width, height):
    big = Image.fromarray(logits).resize((1024, 1024), Image.BILINEAR)
    return np.asarray(big.resize((width, height), Image.BILINEAR))


def iou_of(a, b):
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    both = max(0, wide) * max(0, high)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both + 1e-9)


def matches(found, truth, kind, level=0.5):
    """(score, hit) of every detection of a class in one picture, greedy from the best score."""
    left = [box[2:] for box in truth if box[0] == kind]
    rows = []
    for score, label, *box in found:
        if label != kind or score < 0.001:
            continue
        ious = [iou_of(box, other) for other in left]
        hit = bool(ious) and max(ious) >= level
        if hit:
            left.pop(int(np.argmax(ious)))
        rows.append((float(score), hit))
    return rows


def average_precision(rows, total):
    rows = sorted(rows, reverse=True)
    hits = np.cumsum([hit for _, hit in rows])
    precision = hits / np.arange(1, len(rows) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float(sum(best[i] for i, (_, hit) in enumerate(rows) if hit) / max(1, total))


def near(mask, pixels):
    picture = Image.fromarray(mask.astype(np.uint8) * 255)
    return np.asarray(picture.filter(ImageFilter.MaxFilter(2 * pixels + 1))) > 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--count", type=int, default=300, help="held-out pictures")
    parser.add_argument("--data", help="folder with shards of exactly these seeds, else they are drawn")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    detector = session(options.models / "demo-rf-detr-nano/onnx/model.onnx", options.threads)
    folder = options.models / "demo-sam2.1-tiny/onnx"
    encoder = session(folder / "vision_encoder.onnx", options.threads)
    decoder = session(folder / "prompt_encoder_mask_decoder.onnx", options.threads)
    rows, totals = {k: [] for k in range(3)}, np.zeros(3, int)
    ious, wrong, pixels, errors = {k: [] for k in range(3)}, np.zeros(3, int), np.zeros(4), []
    for picture in pictures(HELD_OUT, options.count, options.data):
        size = picture.rgb.shape[0]
        found = detect(detector, picture.rgb)
        truth = [(kind, instance, *(edge / size for edge in box)) for kind, instance, *box in picture.boxes]
        for kind in range(3):
            rows[kind] += matches(found, truth, kind)
            totals[kind] += sum(box[0] == kind for box in truth)
        if not picture.boxes:
            continue
        masks, chosen, claimed = segment(encoder, decoder, picture.rgb, [box[2:] for box in picture.boxes])
        for mask, choice, claim, (kind, instance, *_) in zip(masks, chosen, claimed, picture.boxes):
            true = picture.planes[kind] == instance
            ious[kind].append((mask & true).sum() / max(1, (mask | true).sum()))
            errors.append(abs(claim - ious[kind][-1]))
            wrong[kind] += choice != kind
            if kind == CRACK:
                every = near(picture.planes[kind] > 0, 2)
                pixels += (mask & every).sum(), mask.sum(), (true & near(mask, 2)).sum(), true.sum()
    print(f"{options.count} held-out pictures, seeds from {HELD_OUT}")
    for kind, name in enumerate(CLASSES):
        ap = average_precision(rows[kind], totals[kind])
        sure = [hit for score, hit in rows[kind] if score >= 0.5]
        print(
            f"{name:9s} instances {totals[kind]:4d}  AP50 {ap:.3f}  at score 0.5: precision "
            f"{sum(sure) / max(1, len(sure)):.3f} recall {sum(sure) / max(1, totals[kind]):.3f}  "
            f"mask IoU {np.mean(ious[kind]):.3f} (median {np.median(ious[kind]):.3f}), "
            f"other class chosen {wrong[kind]}"
        )
    print(f"crack pixels at 2 px: precision {pixels[0] / pixels[1]:.3f} recall {pixels[2] / pixels[3]:.3f}")
    print(f"iou_scores: mean error {np.mean(errors):.3f}")


if __name__ == "__main__":
    main()
