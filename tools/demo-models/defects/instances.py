"""From class logits to detections, inside the graph: RF-DETR's `dets` and `labels`.

A long thin crack has no useful centre to regress a box from, so boxes are read off connected
areas. On a coarse grid every covered cell carries the extent known to it and an identity; a
masked max-pool, repeated, spreads the greatest value through each area, gaps of a cell or two
included. The cell that still has its own identity stands for its area. A small perceptron fitted by
`calibrate.py` turns what is known of an area into the logit that it is an instance.
"""

import torch
import torch.nn.functional as F
from torch import nn

QUERIES_PER_CLASS = 100
NEVER = -12.0
FEATURES = 12


class Spread(nn.Module):
    """Finds the areas of one or more planes: [n, h, w] chance in, area properties out.

    `cell` is the grid's pitch in logits' pixels, `reach` the pool's radius in cells (reach - 1
    empty cells are bridged), `rounds` how often it is applied. Cells above `weak` join areas, only
    pixels above `strong` count for their extent.
    """

    def __init__(self, grid, cell, reach, rounds, weak, strong):
        super().__init__()
        self.grid, self.cell, self.reach, self.rounds = grid, cell, reach, rounds
        self.weak, self.strong = weak, strong
        size = grid * cell
        ahead = torch.arange(1, size + 1).float()
        self.register_buffer("forwards", ahead, False)
        self.register_buffer("backwards", size + 1 - ahead, False)
        self.register_buffer("identity", torch.arange(1, grid * grid + 1).float().view(1, 1, grid, grid), False)

    def pool(self, x):
        wide = 2 * self.reach + 1
        x = F.max_pool2d(x, (1, wide), 1, (0, self.reach))
        return F.max_pool2d(x, (wide, 1), 1, (self.reach, 0))

    def forward(self, chance, others):
        """chance [n,1,s,s], others [n,m,s,s] -> boxes [n,Q,4] 0..1 and features [n,Q,F]."""
        size, count = self.grid * self.cell, self.grid * self.grid
        strong = (chance > self.strong).float()
        lines = [self.backwards.view(1, 1, 1, -1), self.backwards.view(1, 1, -1, 1)]
        lines += [self.forwards.view(1, 1, 1, -1), self.forwards.view(1, 1, -1, 1)]
        extent = F.max_pool2d(torch.cat([line * strong for line in lines], 1), self.cell)
        peak = F.max_pool2d(chance, self.cell)
        covered = (peak > self.weak).float()
        state = torch.cat([extent, self.identity * covered, peak], 1) * covered
        for _ in range(self.rounds):
            state = self.pool(state) * covered
        planes = chance.shape[0]
        left, top, right, bottom, identity, peak_of = state.flatten(2).unbind(1)
        left, top = size - left, size - top
        own = self.identity.flatten(1)
        stands = ((identity == own) & (right > 0)).float()
        _, pick = (stands * (1 + (right - left) + (bottom - top))).topk(QUERIES_PER_CLASS, 1)
        valid = torch.gather(stands, 1, pick)
        chosen = own.expand(planes, count).gather(1, pick)
        member = (identity.unsqueeze(1) == chosen.unsqueeze(2)).float() * valid.unsqueeze(2)
        mean = F.avg_pool2d(torch.cat([chance, chance * chance, strong, others], 1), self.cell)
        cells = torch.cat([torch.ones_like(covered), mean, peak], 1).flatten(2).transpose(1, 2)
        sums = member @ cells
        edges = torch.stack([left, top, right, bottom], 2)
        edges = edges.gather(1, pick.unsqueeze(2).expand(planes, QUERIES_PER_CLASS, 4)) / size
        return edges, describe(edges, sums, peak_of.gather(1, pick)), valid


def describe(edges, sums, peak):
    """Scale-free properties of each area: [n, Q, FEATURES]."""
    cells = sums[..., 0].clamp(min=1)
    wide = (edges[..., 2] - edges[..., 0]).clamp(min=1e-3)
    high = (edges[..., 3] - edges[..., 1]).clamp(min=1e-3)
    strong = sums[..., 3].clamp(min=1e-3)
    rows = [
        torch.log(cells),
        torch.log(strong),
        torch.log(wide + high) * 2,
        torch.log(wide * high),
        torch.log(wide / high).abs(),
        torch.log(cells / (wide * high)) - 6,
        peak * 4 - 2,
        sums[..., 1] / cells * 8,
        sums[..., 2] / sums[..., 1].clamp(min=1e-3) * 4 - 2,
        sums[..., -1] / cells * 4 - 2,
        sums[..., 4] / cells * 8,
        sums[..., 5] / cells * 8,
    ]
    return torch.stack(rows, 2)


class Judge(nn.Module):
    """Properties to a logit, one small perceptron a class: [3, Q, F] -> [3, Q]."""

    def __init__(self, features=FEATURES, classes=3, hidden=16):
        super().__init__()
        self.into = nn.Parameter(torch.randn(classes, features, hidden) * 0.2)
        self.shift = nn.Parameter(torch.zeros(classes, 1, hidden))
        self.out = nn.Parameter(torch.randn(classes, hidden, 1) * 0.2)
        self.level = nn.Parameter(torch.zeros(classes, 1, 1))

    def forward(self, features):
        hidden = F.relu(features @ self.into + self.shift)
        return (hidden @ self.out + self.level).squeeze(-1)


class Detector(nn.Module):
    """The RF-DETR contract, batch 1: `input` [1,3,384,384] -> `dets`, `labels`."""

    def __init__(self, net, judge=None, size=384):
        super().__init__()
        self.net, self.judge = net, judge or Judge()
        self.lines = Spread(size // 4, 2, 3, 44, 0.08, 0.40)
        self.patches = Spread(size // 8, 4, 1, 40, 0.5, 0.5)

    def areas(self, x):
        chance = torch.sigmoid(self.net(x))
        crack, spalling, stain = chance[:, 0:1], chance[:, 1:2], chance[:, 2:3]
        lines = self.lines(crack, torch.cat([spalling, stain], 1))
        blobs = torch.cat([spalling, stain], 0)
        others = torch.cat([torch.cat([crack, stain], 1), torch.cat([crack, spalling], 1)], 0)
        patches = self.patches(blobs, others)
        return [torch.cat([a, b], 0) for a, b in zip(lines, patches)]

    def forward(self, x):
        edges, features, valid = self.areas(x)
        logit = self.judge(features).clamp(NEVER, -NEVER) * valid + NEVER * (1 - valid)
        low, high = edges[..., :2], edges[..., 2:]
        sides = torch.cat([(low + high) / 2, (high - low).clamp(min=0)], 2) * valid.unsqueeze(2)
        never = torch.full_like(logit, NEVER)
        rows = []
        for kind in range(3):
            columns = [never[kind]] * 4
            columns[kind + 1] = logit[kind]
            rows.append(torch.stack(columns, 1))
        return sides.reshape(1, -1, 4), torch.cat(rows, 0).unsqueeze(0)
