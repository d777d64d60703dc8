"""The network: where is crack, spalling, stain. One logit a class at half the input's resolution.

Everything the models answer is derived from these logits: `instances.py` turns them into boxes,
`prompts.py` into masks for a box or a point. The weights are shared by both exports.
"""

import torch
import torch.nn.functional as F
from torch import nn

CLASSES = 3
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def block(inputs, outputs, stride=1, dilation=1):
    convolution = nn.Conv2d(inputs, outputs, 3, stride, dilation, dilation, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class Residual(nn.Module):
    def __init__(self, channels, dilation=1):
        super().__init__()
        self.first = block(channels, channels, 1, dilation)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x):
        return F.relu(x + self.second(self.first(x)))


class Context(nn.Module):
    """Tells every place what the whole picture looks like: level, texture, light."""

    def __init__(self, channels):
        super().__init__()
        self.mix = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.ReLU(), nn.Conv2d(channels, channels, 1))

    def forward(self, x):
        return x + self.mix(x.mean((2, 3), keepdim=True))


class Net(nn.Module):
    """Encoder to stride 16 whose dilations span the picture, decoder back to stride 2."""

    def __init__(self, widths=(24, 48, 80, 104), decoder=(64, 40, 24)):
        super().__init__()
        w2, w4, w8, w16 = widths
        d8, d4, d2 = decoder
        self.down2 = nn.Sequential(block(3, w2, 2), block(w2, w2))
        self.down4 = nn.Sequential(block(w2, w4, 2), Residual(w4))
        self.down8 = nn.Sequential(block(w4, w8, 2), Residual(w8), Residual(w8, 2))
        self.down16 = nn.Sequential(
            block(w8, w16, 2), Residual(w16), Residual(w16, 2), Residual(w16, 4), Context(w16)
        )
        self.side8, self.up8, self.mix8 = nn.Conv2d(w8, d8, 1), nn.Conv2d(w16, d8, 1), block(d8, d8)
        self.side4, self.up4, self.mix4 = nn.Conv2d(w4, d4, 1), nn.Conv2d(d8, d4, 1), block(d4, d4)
        self.side2, self.up2, self.mix2 = nn.Conv2d(w2, d2, 1), nn.Conv2d(d4, d2, 1), block(d2, d2)
        self.head = nn.Conv2d(d2, CLASSES, 1)
        nn.init.constant_(self.head.bias, -3.0)

    def forward(self, x):
        x2 = self.down2(x)
        x4 = self.down4(x2)
        x8 = self.down8(x4)
        y = self.mix8(self.side8(x8) + double(self.up8(self.down16(x8))))
        y = self.mix4(self.side4(x4) + double(self.up4(y)))
        y = self.mix2(self.side2(x2) + double(self.up2(y)))
        return self.head(y)


def double(x):
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


def normalise(pixels):
    """uint8 or 0..255 float [.., 3, h, w] to the network's input."""
    mean = torch.tensor(MEAN).view(3, 1, 1) * 255
    std = torch.tensor(STD).view(3, 1, 1) * 255
    return (pixels.float() - mean) / std


def load(path):
    """The averaged weights of a checkpoint written by `train.py`, ready for inference."""
    net = Net()
    net.load_state_dict(torch.load(path, map_location="cpu")["average"])
    return net.eval()
