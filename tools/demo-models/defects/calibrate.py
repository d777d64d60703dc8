"""Fits the two perceptrons that score: is this area an instance, and how good is this mask.

It uses pictures of their own seeds, between training and held-out ones.
"""

import argparse

import numpy as np
import torch
import torch.nn.functional as F

import net as network
from cache import pictures as cached
from instances import Detector, Judge
from net import normalise
from prompts import FEATURES, Decoder, Encoder

SEEDS = 5_000_000
OFFSETS = np.arange(-1.0, 2.3, 0.25)


def pixels_of(picture, size):
    x = torch.from_numpy(np.moveaxis(picture.rgb, 2, 0)[None].copy()).float()
    return normalise(F.interpolate(x, size=(size, size), mode="bilinear", antialias=True))


def overlap(a, b):
    """IoU of every box of `a` [n,4] with every one of `b` [m,4]."""
    low = torch.maximum(a[:, None, :2], b[None, :, :2])
    high = torch.minimum(a[:, None, 2:], b[None, :, 2:])
    both = (high - low).clamp(min=0).prod(2)
    return both / ((a[:, 2:] - a[:, :2]).prod(1)[:, None] + (b[:, 2:] - b[:, :2]).prod(1)[None] - both)


def detector_samples(detector, picture):
    """Per class: features of the areas found, and whether each is the best match of a true box."""
    edges, features, valid = detector.areas(pixels_of(picture, 384))
    size = picture.rgb.shape[0]
    for kind in range(3):
        kept = valid[kind] > 0
        if not kept.any():
            continue
        good = torch.zeros(int(kept.sum()))
        truth = torch.tensor([box[2:] for box in picture.boxes if box[0] == kind]).float() / size
        if len(truth):
            iou = overlap(edges[kind][kept], truth)
            best = iou.argmax(0)
            good[best[iou.amax(0) >= 0.5]] = 1
        yield kind, features[kind][kept], good


def truth_masks(picture):
    return [(picture.planes[box[0]] == box[1], box) for box in picture.boxes]


def decoder_samples(decoder, embeddings, picture):
    """Features of the candidates for each true box, and their IoU with the true mask."""
    truths = truth_masks(picture)
    size = picture.rgb.shape[0]
    boxes = torch.tensor([box[2:] for _, box in truths]).float()[None] * (1024 / size)
    boxes = boxes + torch.randn(boxes.shape) * 4
    points, labels = torch.zeros(1, 1, 0, 2), torch.zeros(1, len(truths), 0, dtype=torch.int64)
    _, masks, _ = decoder(points, labels, boxes, *embeddings)
    features = decoder.features(masks, boxes)[0]
    large = F.interpolate(masks[0], size=(size, size), mode="bilinear") > 0
    truth = torch.from_numpy(np.stack([mask for mask, _ in truths]))[:, None]
    iou = (large & truth).sum((2, 3)) / (large | truth).sum((2, 3)).clamp(min=1)
    return features, iou


def fit(judge, groups, steps=600):
    """groups: (class, features, target 0..1) lists; cross-entropy, whole batch."""
    adam = torch.optim.Adam(judge.parameters(), 0.02, weight_decay=1e-4)
    for step in range(steps):
        loss = 0.0
        for kind, (features, target) in groups.items():
            stack = torch.zeros(3, *features.shape)
            stack[kind] = features
            loss = loss + F.binary_cross_entropy_with_logits(judge(stack)[kind], target)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return float(loss.detach())


def best_offset(net, pictures):
    """Per class, the logit that gives the best IoU at the picture's own resolution."""
    both, either = np.zeros((3, len(OFFSETS))), np.zeros((3, len(OFFSETS)))
    for picture in pictures:
        logits = F.interpolate(net(pixels_of(picture, 512)), size=picture.rgb.shape[:2], mode="bilinear")[0]
        for kind in range(3):
            truth = torch.from_numpy(picture.planes[kind] > 0)
            for index, offset in enumerate(OFFSETS):
                mask = logits[kind] > offset
                both[kind, index] += (mask & truth).sum()
                either[kind, index] += (mask | truth).sum()
    print("IoU by offset", np.round(both / either, 3).tolist())
    return tuple(float(OFFSETS[k]) for k in (both / either).argmax(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="net.pt")
    parser.add_argument("--out", default="judges.pt")
    parser.add_argument("--count", type=int, default=300, help="pictures")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--data", help="folder with shards of exactly these seeds, else they are drawn")
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    net = network.load(options.weights)
    detector, pictures = Detector(net), list(cached(SEEDS, options.count, options.data))
    found, judged = {k: [] for k in range(3)}, []
    with torch.no_grad():
        offset = best_offset(net, pictures[:80])
        encoder, decoder = Encoder(net, offset), Decoder()
        for picture in pictures:
            for kind, features, good in detector_samples(detector, picture):
                found[kind].append((features, good))
            if picture.boxes:
                embeddings = encoder(pixels_of(picture, 1024))
                judged.append(decoder_samples(decoder, embeddings, picture))
    groups = {k: tuple(torch.cat(part) for part in zip(*rows)) for k, rows in found.items() if rows}
    for kind, (_, good) in groups.items():
        print("class", kind, "areas", len(good), "instances", int(good.sum()))
    print("detector loss", fit(detector.judge, groups))
    features, iou = (torch.cat(part) for part in zip(*judged))
    estimate = Judge(FEATURES)
    print("decoder loss", fit(estimate, {k: (features[:, k], iou[:, k]) for k in range(3)}))
    torch.save({"detector": detector.judge.state_dict(), "decoder": estimate.state_dict(), "offset": offset}, options.out)


if __name__ == "__main__":
    main()
