"""The network: where is the centre of a person, and how far from there are the box's edges.

CenterNet's head on a small pyramid: one logit and four distances a cell of 8 x 8 pixels. Peaks are
picked inside the graph, so the outputs are those of RF-DETR and need no suppression.
"""

import torch
import torch.nn.functional as F
from torch import nn

SIDE, STRIDE = 256, 8
QUERIES = 100
NEVER = -12.0
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def block(inputs, outputs, stride=1):
    convolution = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first = block(channels, channels)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        return F.relu(x + self.second(self.first(x)))


class Net(nn.Module):
    """[B,3,256,256] -> logits [B,1,32,32] and logarithms of distances [B,4,32,32] (left, top, right, bottom; cells)."""

    def __init__(self, widths=(12, 24, 40, 64, 80), pyramid=36):
        super().__init__()
        w2, w4, w8, w16, w32 = widths
        self.down8 = nn.Sequential(block(3, w2, 2), block(w2, w4, 2), block(w4, w8, 2), Residual(w8))
        self.down16 = nn.Sequential(block(w8, w16, 2), Residual(w16), Residual(w16))
        self.down32 = nn.Sequential(block(w16, w32, 2), Residual(w32), Residual(w32))
        self.sides = nn.ModuleList(nn.Conv2d(width, pyramid, 1) for width in (w8, w16, w32))
        self.mixes = nn.ModuleList(block(pyramid, pyramid) for _ in range(2))
        self.centre = nn.Sequential(block(pyramid, pyramid), nn.Conv2d(pyramid, 1, 1))
        self.edges = nn.Sequential(block(pyramid, pyramid), nn.Conv2d(pyramid, 4, 1))
        nn.init.constant_(self.centre[1].bias, -4.0)
        nn.init.constant_(self.edges[1].bias, 1.3)

    def forward(self, x):
        x8 = self.down8(x)
        x16 = self.down16(x8)
        y = self.sides[2](self.down32(x16))
        for side, mix, finer in zip((1, 0), self.mixes, (x16, x8)):
            y = mix(self.sides[side](finer) + F.interpolate(y, scale_factor=2.0, mode="nearest"))
        return self.centre(y), self.edges(y).clamp(-3, 5)


class Detector(nn.Module):
    """The RF-DETR contract, batch 1: `input` [1,3,256,256] -> `dets` [1,Q,4], `labels` [1,Q,2] (0 unused, 1 person)."""

    def __init__(self, net):
        super().__init__()
        self.net = net
        cells = SIDE // STRIDE
        y, x = torch.meshgrid(torch.arange(cells), torch.arange(cells), indexing="ij")
        self.register_buffer("places", torch.stack([x, y]).float().flatten(1)[None] + 0.5, False)

    def forward(self, x):
        logits, edges = self.net(x)
        peaks = (F.max_pool2d(logits, 3, 1, 1) <= logits).float()
        logits = (logits.clamp(NEVER, -NEVER) * peaks + NEVER * (1 - peaks)).flatten(1)
        best, pick = logits.topk(QUERIES, 1)
        reach = edges.flatten(2).exp()
        low = (self.places - reach[:, :2]).clamp(min=0)
        high = (self.places + reach[:, 2:]).clamp(max=SIDE // STRIDE)
        boxes = torch.cat([(low + high) / 2, high - low], 1) * (STRIDE / SIDE)
        dets = boxes.gather(2, pick[:, None].expand(-1, 4, -1)).transpose(1, 2)
        return dets, torch.stack([torch.full_like(best, NEVER), best], 2)


def normalise(pixels):
    """uint8 [n, side, side, 3] to the network's input."""
    mean, std = torch.tensor(MEAN).view(3, 1, 1) * 255, torch.tensor(STD).view(3, 1, 1) * 255
    return (pixels.permute(0, 3, 1, 2).float() - mean) / std


def load(path):
    """The averaged weights of a checkpoint written by `train.py`, ready for inference."""
    net = Net()
    net.load_state_dict(torch.load(path, map_location="cpu")["average"])
    return net.eval()
