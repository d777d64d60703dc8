"""Trains the detector on drawn pictures (see `render-pictures.ts`) for a given time, on a CPU."""

import argparse
import copy
import math
import os
import time

import numpy as np
import torch
import torch.nn.functional as F

from net import SIDE, STRIDE, Net, normalise
from pictures import people_of, shards

CELLS = SIDE // STRIDE


def draw_batch(rng, pool, count):
    """Pictures, some of them flipped, cut or smeared, with the targets of every cell."""
    pixels, targets = [], []
    for _ in range(count):
        shard, boxes = pool[rng.integers(len(pool))]
        index = rng.integers(len(boxes))
        picture, people = np.array(shard[index]), people_of(boxes[index]).copy()
        if rng.random() < 0.5:
            picture = picture[:, ::-1]
            people[:, 0] = 1 - people[:, 0]
        pixels.append(np.ascontiguousarray(picture))
        targets.append(targets_of(people))
    pixels = torch.from_numpy(np.stack(pixels))
    return recolour(rng, normalise(pixels)), *(torch.from_numpy(np.stack(part)) for part in zip(*targets))


def recolour(rng, x):
    """Exposure, and the smear of a picture that was made small or stored with loss."""
    gain = torch.from_numpy(rng.uniform(0.85, 1.15, (len(x), 3, 1, 1)).astype(np.float32))
    x = x * gain + torch.from_numpy(rng.uniform(-0.2, 0.2, (len(x), 1, 1, 1)).astype(np.float32))
    if rng.random() < 0.3:
        half = F.interpolate(x, scale_factor=rng.uniform(0.5, 0.9), mode="bilinear", antialias=True)
        x = F.interpolate(half, size=(SIDE, SIDE), mode="bilinear")
    return x


def targets_of(people):
    """Heat of centres [1,c,c], distances to the edges in cells [4,c,c], and how much each cell's distances count."""
    heat = np.zeros((1, CELLS, CELLS), np.float32)
    reach, weight = np.ones((4, CELLS, CELLS), np.float32), np.zeros((1, CELLS, CELLS), np.float32)
    y, x = np.mgrid[:CELLS, :CELLS].astype(np.float32) + 0.5
    for cx, cy, w, h in people[np.argsort(-people[:, 2] * people[:, 3])] * CELLS:
        wide, high = max(0.5, 0.09 * w), max(0.5, 0.09 * h)
        column, row = min(CELLS - 1, int(cx)), min(CELLS - 1, int(cy))
        bump = np.exp(-(((x - column - 0.5) / wide) ** 2 + ((y - row - 0.5) / high) ** 2) / 2)
        edges = np.stack([x - cx + w / 2, y - cy + h / 2, cx + w / 2 - x, cy + h / 2 - y])
        near = (bump > weight[0]) & (bump > 0.3) & (edges.min(0) > 0.05)
        reach[:, near], weight[0, near] = edges[:, near], bump[near]
        heat[0] = np.maximum(heat[0], bump)
    return heat, reach, weight


def loss_of(logits, edges, heat, reach, weight):
    """CornerNet's focal loss of centres; of edges 1 - GIoU, and the error of their logarithms."""
    chance = torch.sigmoid(logits)
    is_centre = (heat > 0.999).float()
    hit = F.logsigmoid(logits) * (1 - chance) ** 2 * is_centre
    miss = F.logsigmoid(-logits) * chance**2 * (1 - heat) ** 4 * (1 - is_centre)
    centres = -(hit + miss).sum() / is_centre.sum().clamp(min=1)
    found = edges.exp()
    both = torch.minimum(found, reach)
    most = torch.maximum(found, reach)

    def area(sides):
        return (sides[:, 0:1] + sides[:, 2:3]) * (sides[:, 1:2] + sides[:, 3:4])

    either = area(found) + area(reach) - area(both)
    overlap = area(both) / either - (area(most) - either) / area(most)
    wrong = (edges - reach.clamp(min=0.05).log()).abs().mean(1, keepdim=True)
    sizes = ((1 - overlap + 0.3 * wrong) * weight).sum() / weight.sum().clamp(min=1)
    return centres + 2 * sizes, centres.detach(), sizes.detach()


def blend(average, net, step):
    decay = min(0.995, (1 + step) / (10 + step))
    with torch.no_grad():
        for mean, now in zip(average.state_dict().values(), net.state_dict().values()):
            if mean.dtype.is_floating_point:
                mean.lerp_(now, 1 - decay)
            else:
                mean.copy_(now)


def save(path, average):
    torch.save({"average": average.state_dict()}, path + ".partial")
    os.replace(path + ".partial", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of shards from render-pictures.ts")
    parser.add_argument("--out", default="net.pt", help="checkpoint to write")
    parser.add_argument("--resume", help="checkpoint to start from")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=4e-3, help="highest learning rate")
    parser.add_argument("--threads", type=int, default=1, help="more only pay on an idle machine")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    rng, pool = np.random.default_rng(options.seed), list(shards(options.data))
    net = Net().to(memory_format=torch.channels_last)
    if options.resume:
        net.load_state_dict(torch.load(options.resume)["average"])
    average = copy.deepcopy(net)
    print(sum(p.numel() for p in net.parameters()), "parameters,", len(pool), "shards", flush=True)
    adam = torch.optim.AdamW(net.parameters(), options.rate, weight_decay=1e-3)
    begun, step, recent = time.time(), 0, []
    while (part := (time.time() - begun) / (60 * options.minutes)) < 1:
        step += 1
        rate = options.rate * min(1, step / 60) * (0.5 + 0.5 * math.cos(math.pi * part) + 0.004)
        for group in adam.param_groups:
            group["lr"] = rate
        pixels, *targets = draw_batch(rng, pool, options.batch)
        with torch.autocast("cpu", torch.bfloat16):
            logits, edges = net(pixels.contiguous(memory_format=torch.channels_last))
        loss, *parts = loss_of(logits.float(), edges.float(), *targets)
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        adam.step()
        blend(average, net, step)
        recent.append([part.item() for part in parts])
        if step % 25 == 0:
            centres, sizes = np.mean(recent[-50:], 0)
            print(f"{time.time() - begun:5.0f} s  step {step}  centres {centres:.3f}  sizes {sizes:.3f}", flush=True)
            pool = list(shards(options.data))
        if step % 100 == 0:
            save(options.out, average)
    save(options.out, average)
    print("done", step, "steps")


if __name__ == "__main__":
    main()
