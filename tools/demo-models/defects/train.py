"""Trains the network on cached pictures (see `cache.py`) for a given time, on a CPU.

Per step: a batch at a random scale, cropped, turned and flipped, its light and colour changed.
The truth is the share of each 2 x 2 cell that is covered, raised so that hairlines keep together.
Weights are averaged over time; the checkpoint holds the average and everything to go on from.
"""

import argparse
import copy
import math
import os
import time

import numpy as np
import torch
import torch.nn.functional as F

from cache import shards, unpack
from net import Net, normalise

VIEWS = ((320, 512), (320, 448), (320, 384), (384, 384), (320, 320))  # (crop, size of the whole)
SHARE = (0.3, 0.15, 0.25, 0.25, 0.05)
COVER = 1.6  # a cell counts as covered from 1 / (2 * COVER) of its area
CLASS_WEIGHT = (1.5, 1.0, 2.0)


def draw_batch(rng, pools, count):
    """One batch: normalised pictures and soft truth at half their resolution."""
    crop, whole = VIEWS[rng.choice(len(VIEWS), p=SHARE)]
    window = min(512, round(crop * 512 / whole / 2) * 2)
    stack = []
    for _ in range(count):
        pool = pools[rng.integers(len(pools))]
        top, left = rng.integers(0, 512 - window + 1, 2)
        picture = pool[rng.integers(len(pool)), top : top + window, left : left + window]
        picture = np.rot90(picture, rng.integers(4))
        stack.append(picture[:, ::-1] if rng.random() < 0.5 else picture)
    stack = np.ascontiguousarray(np.stack(stack))
    pixels = torch.from_numpy(np.ascontiguousarray(np.moveaxis(stack[..., :3], 3, 1))).float()
    truth = torch.from_numpy((unpack(stack[..., 3]) > 0).astype(np.float32))
    if window != crop:
        pixels = F.interpolate(pixels, size=(crop, crop), mode="bilinear", antialias=True)
    truth = F.interpolate(truth, size=(crop // 2, crop // 2), mode="area")
    return normalise(recolour(rng, pixels)), (truth * COVER).clamp(max=1)


def recolour(rng, pixels):
    """Random exposure, contrast, white balance, saturation, gamma and noise."""
    count = len(pixels)

    def some(low, high, channels=1):
        return torch.from_numpy(rng.uniform(low, high, (count, channels, 1, 1)).astype(np.float32))

    grey = pixels.mean(1, keepdim=True)
    pixels = grey + (pixels - grey) * some(0.4, 1.3)
    level = pixels.mean((1, 2, 3), keepdim=True)
    pixels = level + (pixels - level) * some(0.75, 1.25)
    pixels = (pixels * some(0.8, 1.2) * some(0.94, 1.06, 3)).clamp(0, 255)
    pixels = 255 * (pixels / 255) ** some(0.8, 1.25)
    if rng.random() < 0.5:
        pixels = pixels + some(0, 5) * torch.from_numpy(
            rng.standard_normal(pixels.shape, dtype=np.float32)
        )
    return pixels


def loss_of(logits, truth):
    """Cross-entropy with more weight on what is rare, and overlap (dice) per class."""
    weight = 1 + 2 * truth
    entropy = F.binary_cross_entropy_with_logits(logits, truth, weight, reduction="none").mean((0, 2, 3))
    chance = torch.sigmoid(logits)
    both, either = (chance * truth).sum((0, 2, 3)), (chance + truth).sum((0, 2, 3))
    dice = 1 - (2 * both + 50) / (either + 50)
    return ((4 * entropy + 0.5 * dice) * torch.tensor(CLASS_WEIGHT)).sum(), dice.detach()


def blend(average, net, step):
    decay = min(0.998, (1 + step) / (20 + step))
    with torch.no_grad():
        for mean, now in zip(average.state_dict().values(), net.state_dict().values()):
            if mean.dtype.is_floating_point:
                mean.lerp_(now, 1 - decay)
            else:
                mean.copy_(now)


def save(path, net, average, step):
    torch.save({"net": net.state_dict(), "average": average.state_dict(), "step": step}, path + ".partial")
    os.replace(path + ".partial", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of shards from cache.py")
    parser.add_argument("--out", default="net.pt", help="checkpoint to write")
    parser.add_argument("--resume", help="checkpoint to start from")
    parser.add_argument("--minutes", type=float, default=45)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--rate", type=float, default=3e-3, help="highest learning rate")
    parser.add_argument("--threads", type=int, default=1, help="more only pay on an idle machine")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    net = Net().to(memory_format=torch.channels_last)
    average, start = copy.deepcopy(net), 0
    if options.resume:
        state = torch.load(options.resume)
        net.load_state_dict(state["net"])
        average.load_state_dict(state["average"])
        start = state["step"]
    print(sum(p.numel() for p in net.parameters()), "parameters", flush=True)
    adam = torch.optim.AdamW(net.parameters(), options.rate, weight_decay=1e-3)
    begun, step, pools, recent = time.time(), 0, shards(options.data), []
    while (part := (time.time() - begun) / (60 * options.minutes)) < 1:
        rate = options.rate * min(1, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * part) + 0.004)
        for group in adam.param_groups:
            group["lr"] = rate
        pixels, truth = draw_batch(rng, pools, options.batch)
        with torch.autocast("cpu", torch.bfloat16):
            logits = net(pixels.to(memory_format=torch.channels_last))
        loss, dice = loss_of(logits.float(), truth)
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        adam.step()
        step += 1
        blend(average, net, start + step)
        recent.append(dice.numpy())
        if step % 50 == 0:
            figures = " ".join(f"{value:.3f}" for value in np.mean(recent[-50:], 0))
            print(f"{time.time() - begun:5.0f} s  step {step}  loss {loss.item():.3f}  dice {figures}", flush=True)
            pools = shards(options.data)
        if step % 200 == 0:
            save(options.out, net, average, start + step)
    save(options.out, net, average, start + step)
    print("done", step, "steps")


if __name__ == "__main__":
    main()
