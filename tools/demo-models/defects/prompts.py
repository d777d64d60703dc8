"""The SAM 2.1 contract from the same logits: a picture's embeddings, then masks for prompts.

The encoder puts the three class logits into the first channels of the finest embedding; the rest
of the embeddings only keeps the contract's shapes. The decoder offers crack, spalling and stain as
the three candidates, each kept inside the box or to the areas under the positive points, and a
perceptron fitted by `calibrate.py` estimates each candidate's IoU.
"""

import torch
import torch.nn.functional as F
from torch import nn

from instances import Judge

GRID = 256  # side of the masks
AREA = 64  # side of the grid on which areas under points are found
OUTSIDE = -10.0
FEATURES = 8


class Encoder(nn.Module):
    """`pixel_values` [B,3,1024,1024] -> the three `image_embeddings`."""

    def __init__(self, net, offset=(0.0, 0.0, 0.0)):
        super().__init__()
        self.net = net
        self.register_buffer("offset", torch.tensor(offset).view(1, 3, 1, 1))

    def forward(self, pixels):
        logits = self.net(F.avg_pool2d(pixels, 2)) - self.offset
        half, quarter = F.avg_pool2d(logits, 2), F.avg_pool2d(logits, 4)
        return padded(logits, 32), padded(half, 64), padded(quarter, 256)


def padded(x, channels):
    return F.pad(x, (0, 0, 0, 0, 0, channels - 3))


class Decoder(nn.Module):
    """Prompts and embeddings to candidates; P is the number of boxes, or else of point sets.

    `input_points` [B,P,N,2], `input_labels` [B,P,N], `input_boxes` [B,NB,4], all in pixels of the
    1024 picture. No points is N = 0, no boxes NB = 0: both fall out of broadcasting.
    """

    def __init__(self, judge=None):
        super().__init__()
        self.judge = judge or Judge(FEATURES)
        self.register_buffer("ahead", torch.arange(GRID).float() + 0.5, False)
        self.register_buffer("cells", torch.arange(AREA).float() + 0.5, False)
        self.register_buffer("whole", torch.tensor([[[0.0, 0.0, 1024.0, 1024.0]]]), False)

    def forward(self, points, labels, boxes, finest, middle, coarse):
        logits = finest[:, None, :3] + 0 * (middle.mean() + coarse.mean())
        boxes = self.boxes_or_whole(boxes)
        edges = boxes / (1024 / GRID)
        across = (self.ahead >= edges[..., 0:1] - 0.5) & (self.ahead <= edges[..., 2:3] + 0.5)
        down = (self.ahead >= edges[..., 1:2] - 0.5) & (self.ahead <= edges[..., 3:4] + 0.5)
        gate = (down.float().unsqueeze(-1) * across.float().unsqueeze(-2)).unsqueeze(2)
        under, against = self.areas_under(points, labels, finest[:, :3])
        gate = gate * under
        masks = logits * gate + OUTSIDE * (1 - gate)
        features = self.features(masks, boxes)
        flat = features.permute(2, 0, 1, 3).flatten(1, 2)
        estimate = self.judge(flat).reshape(3, features.shape[0], -1).permute(1, 2, 0)
        empty = ((masks > 0).float().sum((3, 4)) < 1).float()
        scores = torch.sigmoid(estimate) * (1 - empty) * (1 - against)
        return scores, masks, 8 * (scores.amax(2, keepdim=True) - 0.25)

    def boxes_or_whole(self, boxes):
        """The boxes, or one box round the whole picture if there are none."""
        whole = self.whole.expand(boxes.shape[0], 1, 4)
        count = torch.clamp(torch._shape_as_tensor(boxes)[1], min=1)
        index = torch.arange(count)
        return torch.cat([boxes, whole], 1).index_select(1, index)

    def areas_under(self, points, labels, logits):
        """[B,P,3,256,256]: 1 in the areas under positive points, or everywhere without any; and
        [B,P,3]: 1 where a negative point lies on the candidate."""
        spots = points / (1024 / AREA)
        near_x = ((self.cells - spots[..., 0:1]).abs() <= 1.0).float()
        near_y = ((self.cells - spots[..., 1:2]).abs() <= 1.0).float()
        near = near_y.unsqueeze(-1) * near_x.unsqueeze(-2)  # [B,P,N,64,64]
        sign = labels.unsqueeze(-1).unsqueeze(-1)
        wanted = (near * (sign == 1).float()).sum(2, keepdim=True).clamp(max=1)
        unwanted = (near * (sign == 0).float()).sum(2, keepdim=True).clamp(max=1)
        covered = F.max_pool2d((logits > 0).float(), GRID // AREA).unsqueeze(1)  # [B,1,3,64,64]
        state = (wanted * covered).flatten(0, 1)
        shape = covered + 0 * wanted
        limit = shape.flatten(0, 1)
        for _ in range(48):
            state = F.max_pool2d(state, 3, 1, 1) * limit
        area = state.reshape(shape.shape)
        free = (wanted.amax((3, 4), keepdim=True) < 0.5).float()
        area = area * (1 - free) + free
        area = F.interpolate(area.flatten(0, 1), scale_factor=float(GRID // AREA), mode="nearest")
        against = (unwanted * shape).amax((3, 4))
        return area.reshape(shape.shape[0], -1, 3, GRID, GRID), against

    def features(self, masks, boxes):
        """What is known of a candidate within its prompt: [B,P,3,FEATURES]."""
        inside = (masks > 0).float()
        chance = torch.sigmoid(masks)
        count = inside.sum((3, 4))
        columns, rows = inside.amax(3), inside.amax(4)
        left = GRID - (columns * (GRID + 0.5 - self.ahead)).amax(3)
        top = GRID - (rows * (GRID + 0.5 - self.ahead)).amax(3)
        right = (columns * (self.ahead + 0.5)).amax(3)
        bottom = (rows * (self.ahead + 0.5)).amax(3)
        edges = (boxes / (1024 / GRID)).unsqueeze(2)
        wide = (edges[..., 2] - edges[..., 0]).clamp(min=1)
        high = (edges[..., 3] - edges[..., 1]).clamp(min=1)
        share = (right - left).clamp(min=0) / wide * (bottom - top).clamp(min=0) / high
        fill = count / (wide * high)
        sure = (chance * inside).sum((3, 4)) / count.clamp(min=1)
        unsure = (chance * (1 - inside)).sum((3, 4)) / count.clamp(min=1)
        best = fill.amax(2, keepdim=True)
        whole_area = torch.log(wide * high / 1000) + 0 * fill
        rows = [share * 2, (share > 0.85).float(), fill * 3, torch.log(fill + 1e-3), sure * 8 - 6]
        rows += [unsure.clamp(max=2) * 2, whole_area, (best - fill) * 3]
        return torch.stack(rows, 3)

