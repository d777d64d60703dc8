"""CLIP's own tokenizer (`tools/golden/make-clip-tokenizer.py`), and the ids that captions are made of."""

from itertools import product
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from captions import FRAMES, write
from shapes import all_scenes

MODEL = Path(__file__).resolve().parents[3] / "packages/workers/src/models/demo-clip"
END = "<|endoftext|>"


def read_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    end = tokenizer.token_to_id(END)
    tokenizer.enable_truncation(77)
    tokenizer.enable_padding(length=77, pad_id=end, pad_token=END)
    return tokenizer


def used_ids(tokenizer: Tokenizer) -> list[int]:
    rng = np.random.default_rng(0)
    found = set()
    for scene, names in product(all_scenes(), [(1, 1, 1, 1), (1, 0, 1, 0), (0, 1, 0, 1), (0, 0, 0, 1)]):
        for _ in range(4):
            found.update(tokenizer.encode(write(scene, names, rng, FRAMES)).ids)
    found -= {tokenizer.token_to_id("<|startoftext|>"), tokenizer.token_to_id(END)}
    assert len(found) < 255
    return sorted(found)
