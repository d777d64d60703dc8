"""Trains both towers together: a caption and a picture belong together where the caption is true of the picture.

    python train.py --out towers.pt --minutes 9

Four small heads that name colour, kind, count and pattern help the vision tower along; they are not kept.
"""

import argparse
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import torch
from torch import nn

from captions import caption, matches
from net import Text, Vision
from shapes import COLOURS, COUNTS, KINDS, PATTERNS, all_scenes, draw, is_held_out
from tokens import read_tokenizer, used_ids

MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 3, 1, 1)
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(1, 3, 1, 1)
SCENES = [scene for scene in all_scenes() if not is_held_out(scene)]


def render(seed):
    scene = SCENES[seed % len(SCENES)]
    picture = np.asarray(draw(scene, seed), np.float32)
    return np.round(picture.reshape(112, 2, 112, 2, 3).mean((1, 3))).astype(np.uint8)


def labels(scene):
    return (
        list(COLOURS).index(scene.colour), KINDS.index(scene.kind), COUNTS.index(scene.count),
        PATTERNS.index(scene.pattern),
    )  # fmt: skip


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", required=True)
    options.add_argument("--minutes", type=float, default=9)
    options.add_argument("--pictures", type=int, default=14000)
    options.add_argument("--batch", type=int, default=128)
    args = options.parse_args()
    torch.manual_seed(1)
    with ProcessPoolExecutor() as pool:
        pictures = np.stack(list(pool.map(render, range(args.pictures), chunksize=64)))
    print(f"{len(pictures)} pictures of {len(SCENES)} combinations", flush=True)

    tokenizer = read_tokenizer()
    ids = used_ids(tokenizer)
    table = torch.zeros(tokenizer.get_vocab_size(), dtype=torch.uint8)
    for place, number in enumerate(ids, 1):
        table[number] = place
    vision, text = Vision(), Text(len(ids) + 1, table)
    heads = nn.ModuleList(nn.Linear(Vision.FEATURES, len(one)) for one in (COLOURS, KINDS, COUNTS, PATTERNS))
    named = torch.tensor([labels(SCENES[seed % len(SCENES)]) for seed in range(args.pictures)])
    scale = nn.Parameter(torch.tensor(2.3))
    bias = nn.Parameter(torch.tensor(-6.0))
    parameters = [*vision.parameters(), *text.parameters(), *heads.parameters(), scale, bias]
    optimizer = torch.optim.AdamW(parameters, 2e-3, weight_decay=1e-4)
    rng = np.random.default_rng(2)
    started, step = time.time(), 0
    while (share := (time.time() - started) / (60 * args.minutes)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1, (step + 1) / 50) * (1 - share) + 2e-5
        chosen = rng.integers(len(pictures), size=args.batch)
        scenes = [SCENES[seed % len(SCENES)] for seed in chosen]
        written = [caption(scene, rng) for scene in scenes]
        rows = torch.tensor([one.ids for one in tokenizer.encode_batch([words for words, _ in written])])
        true = torch.tensor(
            [[matches(scene, other, names) for other, (_, names) in zip(scenes, written)] for scene in scenes]
        )
        pixels = torch.from_numpy(pictures[chosen]).permute(0, 3, 1, 2)
        if rng.uniform() < 0.5:
            pixels = pixels.flip(3)
        pixels = (pixels.float() / 255 - MEAN) / STD
        with torch.autocast("cpu", torch.bfloat16):
            found = vision.see(pixels.contiguous(memory_format=torch.channels_last))
        found = found.float()
        seen = nn.functional.normalize(vision.head(found))
        said = nn.functional.normalize(text(rows))
        logits = seen @ said.T * scale.exp() + bias
        # Pairs that belong together are rare: both kinds weigh the same.
        loss = nn.functional.binary_cross_entropy_with_logits(logits, true.float(), reduction="none")
        loss = loss[true].mean() + loss[~true].mean()
        pairs = loss.item()
        for place, head in enumerate(heads):
            loss = loss + 0.5 * nn.functional.cross_entropy(head(found), named[chosen, place])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 50 == 0:
            print(f"step {step} loss {loss.item():.3f} of which pairs {pairs:.3f}, scale {scale.exp().item():.1f}", flush=True)
            torch.save({"vision": vision.state_dict(), "text": text.state_dict(), "ids": ids}, args.out)
    torch.save({"vision": vision.state_dict(), "text": text.state_dict(), "ids": ids}, args.out)
    print(f"{step} steps", flush=True)


if __name__ == "__main__":
    main()
