"""Both towers. Small: what they have to tell apart is drawn by `shapes.py`."""

import torch
from torch import nn

EMBEDDING = 512


def block(inputs, outputs, stride):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class Vision(nn.Module):
    """pixel_values [B, 3, 224, 224] -> [B, 512]"""

    FEATURES = 256

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 24, 5, 2, 2, bias=False), nn.BatchNorm2d(24), nn.ReLU(inplace=True),
            block(24, 32, 1), block(32, 48, 2), block(48, 64, 1), block(64, 96, 2), block(96, 128, 1),
        )  # fmt: skip
        self.head = nn.Sequential(nn.Linear(self.FEATURES, 256), nn.ReLU(), nn.Linear(256, EMBEDDING))

    def forward(self, pixel_values):
        # Half the size is enough for shapes, and a quarter of the work.
        return self.head(self.see(nn.functional.avg_pool2d(pixel_values, 2)))

    def see(self, halved):
        """What is there: the mean tells how many, the maximum what."""
        found = self.body(halved)
        return torch.cat([found.mean((2, 3)), found.amax((2, 3))], 1)


class Text(nn.Module):
    """input_ids [B, 77] -> [B, 512]: the words, whatever their order; words that were never seen count for nothing."""

    def __init__(self, words: int, table: torch.Tensor):
        super().__init__()
        self.register_buffer("table", table)
        self.embedding = nn.Embedding(words, 64, padding_idx=0)
        self.head = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, EMBEDDING))

    def forward(self, input_ids):
        places = self.table[input_ids].to(torch.int64)
        return self.head(self.embedding(places).sum(1))
