"""Synthetic photographs of concrete with cracks, spalling and stains, and their truth.

`compose(seed, width, height)` gives a `Picture`: RGB, one plane of instance ids per class, and
half-open boxes. The same seed and size always give the same picture.

The truth is made to be answerable: two cracks never touch (a branched crack is one instance), a
crack ends where it meets spalling, two blobs of one class keep a gap, every instance has a least
visible size, and its contrast rises with the texture of the surface.

One long file: the order in which its layers are drawn is what makes the truth right.

Seeds: training 0.., held-out pictures `HELD_OUT`.., sample photographs `SAMPLES`...
"""

import argparse
from dataclasses import dataclass

import numpy as np
from PIL import Image

import surface
from surface import Drawing, blur, fractal_noise, shifted

CLASSES = ("crack", "spalling", "stain")
CRACK, SPALLING, STAIN = range(3)
HELD_OUT = 10_000_000
SAMPLES = 20_000_000
REFERENCE = 512  # pixels; feature sizes below are for a picture of REFERENCE x REFERENCE


@dataclass
class Picture:
    rgb: np.ndarray  # uint8 [h, w, 3]
    planes: np.ndarray  # uint8 [3, h, w]: instance id per class, 0 = none
    boxes: list  # (class index, instance id, x0, y0, x1, y1)


class Scene:
    """One picture in the making: the surface, the light and the truth so far."""

    def __init__(self, seed, width, height):
        self.rng = np.random.default_rng(seed)
        self.width, self.height = width, height
        self.unit = (width * height) ** 0.5 / REFERENCE
        angle = self.rng.uniform(0, 2 * np.pi)
        self.light = (np.cos(angle), np.sin(angle))
        self.rgb, self.texture = surface.cast_surface(self.rng, height, width, self.unit)
        self.planes = np.zeros((3, height, width), np.uint8)

    def is_free(self, mask, kind, gap):
        """No instance of `kind` within `gap` reference pixels of the mask."""
        return not (grown(mask, gap * self.unit) & (self.planes[kind] > 0)).any()

    def record(self, mask, kind):
        self.planes[kind][mask] = self.planes[kind].max() + 1

    def point(self, margin):
        return (
            self.rng.uniform(margin, 1 - margin) * self.width,
            self.rng.uniform(margin, 1 - margin) * self.height,
        )


def grown(mask, radius):
    """Dilation by about `radius` pixels, on a coarser grid because it only keeps distances."""
    step = max(1, int(radius // 4))
    height, width = mask.shape
    small = np.zeros((-(-height // step), -(-width // step)), bool)
    rows, columns = np.nonzero(mask)
    small[rows // step, columns // step] = True
    for _ in range(int(np.ceil(radius / step))):
        wider = small.copy()
        wider[1:] |= small[:-1]
        wider[:-1] |= small[1:]
        small = wider.copy()
        small[:, 1:] |= wider[:, :-1]
        small[:, :-1] |= wider[:, 1:]
    return np.kron(small, np.ones((step, step), bool))[:height, :width]


# --- stains -----------------------------------------------------------------------------------

STAIN_COLOURS = {  # what the stain does to the colour: (multiply, add)
    "rust": ((0.86, 0.67, 0.50), (6, -2, -5)),
    "damp": ((0.62, 0.63, 0.65), (0, 0, 0)),
    "efflorescence": ((0.62, 0.62, 0.62), (92, 91, 88)),
    "growth": ((0.62, 0.70, 0.50), (0, 2, 0)),
}


def blob(scene, centre, radius, stretch, roughness, coarsest=3):
    """A ragged patch: signed field, > 0 inside, about 1 at the heart; the whole picture's size."""
    rng, reach = scene.rng, 2.0 * radius * max(stretch, 1 / stretch)
    x0, x1 = int(max(0, centre[0] - reach)), int(min(scene.width, centre[0] + reach))
    y0, y1 = int(max(0, centre[1] - reach)), int(min(scene.height, centre[1] + reach))
    field = np.full((scene.height, scene.width), -1.0, np.float32)
    if x1 - x0 < 4 or y1 - y0 < 4:
        return field
    y, x = np.mgrid[y0:y1, x0:x1].astype(np.float32)
    angle = rng.uniform(0, np.pi)
    dx, dy = x - centre[0], y - centre[1]
    along = (dx * np.cos(angle) + dy * np.sin(angle)) / stretch
    across = (dy * np.cos(angle) - dx * np.sin(angle)) * stretch
    distance = np.hypot(along, across) / radius
    rough = fractal_noise(rng, y1 - y0, x1 - x0, coarsest, 6, 0.62)
    field[y0:y1, x0:x1] = np.clip(1 - distance + roughness * rough, -1, 2)
    return field


def add_stain(scene):
    rng = scene.rng
    radius = rng.uniform(20, 85) * scene.unit
    centre = scene.point(0.06)
    field = blob(scene, centre, radius, rng.uniform(0.7, 1.4), rng.uniform(0.14, 0.34))
    softness = rng.uniform(0.12, 0.6)
    if rng.random() < 0.4:
        field = np.maximum(field, run_down(scene, field))
    amount = np.clip(0.5 + field / softness, 0, 1)
    amount = keep_largest(amount, 0.5)
    mask = (amount > 0.5) & (scene.planes[SPALLING] == 0)
    if mask.sum() < 500 * scene.unit**2 or not scene.is_free(mask, STAIN, 22):
        return False
    kind = str(rng.choice(list(STAIN_COLOURS), p=[0.4, 0.27, 0.2, 0.13]))
    multiply, add = (np.array(v, np.float32) for v in STAIN_COLOURS[kind])
    strength = np.clip(rng.uniform(0.5, 1.0) + scene.texture / 60, 0, 1)
    patchy = 1 - rng.uniform(0.05, 0.28) * np.clip(fractal_noise(rng, *mask.shape, 8, 5, 0.7), -1, 1.5)
    edge = 1 + rng.uniform(0, 0.25) * np.clip(1 - np.abs(field) / 0.12, 0, 1)  # tide line
    alpha = np.clip(amount * strength * patchy * edge, 0, 1)[..., None]
    alpha = alpha * (scene.planes[SPALLING] == 0)[..., None]
    change = (scene.rgb * multiply + add - scene.rgb) * alpha
    if np.abs(change[mask].mean(0)).max() < 10 + scene.texture:
        return False  # too faint to see
    scene.rgb = scene.rgb + change
    scene.record(mask, STAIN)
    return True


def run_down(scene, field):
    """Streaks below a stain: the field carried downwards, column by column, fading with depth."""
    rng = scene.rng
    length = rng.uniform(30, 110) * scene.unit
    columns = np.clip(fractal_noise(rng, 2, scene.width, 24, 3, 0.7)[0] * 0.5 + 0.45, 0, 1)
    result = field.copy()
    for step in range(1, 25):
        depth = round(step * length / 24)
        moved = shifted(field, 0, depth)
        moved[:depth] = field[0]  # what comes down from beyond the picture
        result = np.maximum(result, moved + (columns[None] - 0.55) - 0.02 * step)
    return result


def keep_largest(amount, level):
    """Drops islands: whatever is not joined to the largest patch at `level`, seen coarsely."""
    step = 4
    height, width = amount.shape
    rows, columns = height // step, width // step
    coarse = amount[: rows * step, : columns * step].reshape(rows, step, columns, step).max((1, 3)) > level
    if not coarse.any():
        return amount
    best, left = None, coarse.copy()
    while left.any() and (best is None or left.sum() > best.sum()):
        seed = np.zeros_like(left)
        seed[np.unravel_index(np.argmax(left), left.shape)] = True
        while True:
            wider = grown(seed, 1) & left
            if (wider == seed).all():
                break
            seed = wider
        left &= ~seed
        if best is None or seed.sum() > best.sum():
            best = seed
    near = np.kron(grown(best, 3), np.ones((step, step), bool))
    near = np.pad(near, ((0, height - near.shape[0]), (0, width - near.shape[1])), mode="edge")
    return amount * blur(near, step)


# --- spalling ---------------------------------------------------------------------------------


def add_spalling(scene):
    rng, unit = scene.rng, scene.unit
    radius = rng.uniform(17, 72) * unit
    field = blob(scene, scene.point(0.06), radius, rng.uniform(0.75, 1.35), rng.uniform(0.13, 0.26), 2)
    mask = keep_largest((field > 0).astype(np.float32), 0.5) > 0.5
    stained = scene.planes[STAIN] > 0
    if mask.sum() < 450 * unit**2 or not scene.is_free(mask, SPALLING, 18):
        return False
    if (mask & stained).sum() > 0.25 * mask.sum() or (mask & stained).sum() > 0.2 * max(1, stained.sum()):
        return False
    inside = blur(mask.astype(np.float32), 0.8 * unit)
    depth = np.clip(blur(mask.astype(np.float32), 6 * unit) * 2 - 0.9, 0, 1)
    texture = broken_face(scene, mask)
    tone = scene.rgb.mean() * rng.uniform(0.72, 1.06) - rng.uniform(0, 18) * depth
    tint = np.array([1 + rng.uniform(0, 0.06), 1, 1 - rng.uniform(0.0, 0.07)], np.float32)
    tint *= scene.rgb.mean((0, 1)) / scene.rgb.mean()
    face = (tone + texture)[..., None] * tint
    if rng.random() < 0.35:
        rust = np.clip(fractal_noise(rng, *mask.shape, 6, 4), 0, 1.4)[..., None] * rng.uniform(0.3, 0.9)
        face += rust * np.array([16, -14, -32], np.float32)
    scene.rgb = scene.rgb * (1 - inside[..., None]) + face * inside[..., None]
    reach = rng.uniform(2.5, 5.5) * unit
    ledge = shifted(inside, scene.light[0] * reach, scene.light[1] * reach)
    scene.rgb -= rng.uniform(35, 75) * np.clip(inside - ledge, 0, 1)[..., None]
    away = shifted(inside, -scene.light[0] * reach * 0.6, -scene.light[1] * reach * 0.6)
    scene.rgb += rng.uniform(12, 38) * np.clip(inside - away, 0, 1)[..., None]
    if rng.random() < 0.2 and radius > 40 * unit:
        add_bar(scene, mask)
    scene.planes[STAIN][mask] = 0
    scene.record(mask, SPALLING)
    return True


def broken_face(scene, mask):
    """Rough matrix with stones in it, lit from the scene's side; in grey levels around 0."""
    rng, unit = scene.rng, scene.unit
    height, width = mask.shape
    relief = fractal_noise(rng, height, width, 22, 6, 0.85)
    slope = relief - shifted(relief, scene.light[0] * 1.5 * unit, scene.light[1] * 1.5 * unit)
    texture = rng.uniform(7, 15) * relief + rng.uniform(8, 18) * slope
    rows, columns = np.nonzero(mask)
    stones, tones = Drawing(height, width), Drawing(height, width)
    for _ in range(int(mask.sum() / (rng.uniform(70, 200) * unit**2))):
        pick = rng.integers(len(rows))
        turn = np.linspace(0, 2 * np.pi, 9)[:-1] + rng.uniform(0, 1)
        radii = rng.uniform(1.2, 5.5) * unit * rng.uniform(0.55, 1.1, 8)
        outline = list(zip(columns[pick] + radii * np.cos(turn), rows[pick] + radii * np.sin(turn)))
        stones.polygon(outline)
        tones.polygon(outline, int(rng.uniform(60, 255)))
    cover, tone = stones.coverage(), tones.coverage()
    edge = cover - shifted(cover, scene.light[0] * unit, scene.light[1] * unit)
    return texture * (1 - 0.35 * cover) + cover * (tone - 0.6) * 50 + rng.uniform(4, 16) * edge


def add_bar(scene, mask):
    """A rusty reinforcing bar seen at the bottom of the spalling."""
    rng, unit = scene.rng, scene.unit
    rows, columns = np.nonzero(mask)
    x, y = columns.mean(), rows.mean()
    angle = rng.choice([0, np.pi / 2]) + rng.normal(0, 0.06)
    reach, breadth = 2 * max(mask.shape), rng.uniform(5, 9) * unit
    ends = [(x + side * reach * np.cos(angle), y + side * reach * np.sin(angle)) for side in (-1, 1)]
    bar, ridge = Drawing(*mask.shape), Drawing(*mask.shape)
    bar.line(ends, breadth)
    ridge.line(ends, 0.3 * breadth)
    within = blur(mask.astype(np.float32), unit)
    shape, round_ = bar.coverage() * within, blur(ridge.coverage(), 0.25 * breadth) * within
    ribs = fractal_noise(rng, *mask.shape, 60, 4, 0.9)[..., None] * 13
    steel = np.array([88, 58, 42], np.float32) + ribs + 55 * round_[..., None]
    shade = shifted(shape, scene.light[0] * 2 * unit, scene.light[1] * 2 * unit)
    scene.rgb = scene.rgb * (1 - shape[..., None]) + steel * shape[..., None]
    scene.rgb -= 35 * np.clip(shape - shade, 0, 1)[..., None]


# --- cracks -----------------------------------------------------------------------------------


def crack_path(rng, start, angle, length, step, wander):
    """A tortuous line: small kinks at every step, a slow drift that comes back to its heading."""
    points, heading, drift = [start], angle, 0.0
    x, y = start
    for _ in range(int(length / step)):
        drift = 0.9 * drift + rng.normal(0, wander * 0.35)
        heading = angle + drift + rng.normal(0, wander)
        if rng.random() < 0.03:
            angle += rng.normal(0, 0.45)
        x, y = x + step * np.cos(heading), y + step * np.sin(heading)
        points.append((x, y))
    return points


def longest_run(points, is_open):
    """The longest stretch of consecutive points for which `is_open` holds."""
    best, run = [], []
    for point in points:
        if is_open(point):
            run.append(point)
        else:
            run = []
        if len(run) > len(best):
            best = list(run)
    return best


def roughness(rng, count, knots):
    """Smooth noise of unit deviation along a line."""
    at = np.linspace(0, knots - 1, count)
    return np.interp(at, np.arange(knots), rng.standard_normal(knots))


def draw_crack(rng, drawing, points, width, tapers):
    """Dots along the refined path, of changing size; `tapers`: which ends (start, end) run out."""
    path = np.array(points)
    lengths = np.hypot(*np.diff(path, axis=0).T)
    along = np.concatenate([[0], np.cumsum(lengths)])
    count = max(4, int(along[-1] / max(0.5, 0.35 * drawing.least)))
    at = np.linspace(0, along[-1], count)
    x, y = np.interp(at, along, path[:, 0]), np.interp(at, along, path[:, 1])
    knots = max(4, int(along[-1] / drawing.least / 2))
    size = 1 + 0.3 * roughness(rng, count, 7) + 0.16 * roughness(rng, count, knots)
    x = x + 0.22 * width * roughness(rng, count, knots)
    y = y + 0.22 * width * roughness(rng, count, knots)
    share = at / along[-1]
    if tapers[0]:
        size = np.minimum(size, 0.3 + share * 5)
    if tapers[1]:
        size = np.minimum(size, 0.3 + (1 - share) * 5)
    radii = np.maximum(width * np.clip(size, 0.3, 1.7), drawing.least) / 2
    for column, row, radius in zip(x, y, radii):
        drawing.ellipse(column, row, radius, radius)


def add_crack(scene, length=None, width=None):
    rng, unit = scene.rng, scene.unit
    length = (length or rng.uniform(0.22, 1.15)) * REFERENCE * unit
    width = (width or float(np.clip(rng.gamma(3.0, 0.9), 1.4, 6.5))) * unit
    angle, step = rng.uniform(0, 2 * np.pi), rng.uniform(2.5, 6) * unit
    x, y = scene.point(0.12)
    start = (x - 0.5 * length * np.cos(angle), y - 0.5 * length * np.sin(angle))
    wander = rng.uniform(0.12, 0.42)
    blocked = grown(scene.planes[SPALLING] > 0, 2 * unit) & ~(scene.planes[SPALLING] > 0)

    def is_open(point):
        column, row = int(point[0]), int(point[1])
        if not (-8 <= column < scene.width + 8 and -8 <= row < scene.height + 8):
            return False
        row, column = np.clip(row, 0, scene.height - 1), np.clip(column, 0, scene.width - 1)
        return not (scene.planes[SPALLING][row, column] and not blocked[row, column])

    points = longest_run(crack_path(rng, start, angle, length, step, wander), is_open)
    if len(points) * step < 70 * unit:
        return False
    drawing = Drawing(scene.height, scene.width, 3)
    drawing.least = 1.0 * unit
    draw_crack(rng, drawing, points, width, (rng.random() < 0.85, rng.random() < 0.85))
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2])):
        at = int(rng.uniform(0.15, 0.85) * len(points))
        turn = rng.choice([-1, 1]) * rng.uniform(0.5, 1.3)
        branch = crack_path(
            rng, points[at], angle + turn, rng.uniform(25, 130) * unit, step, wander
        )
        branch = branch[: max(2, len(longest_run(branch, is_open)))]
        draw_crack(rng, drawing, branch, width * rng.uniform(0.45, 0.8), (False, True))
    cover = drawing.coverage() * (scene.planes[SPALLING] == 0)
    mask = cover > 0.4
    if mask.sum() < 90 * unit or not scene.is_free(mask, CRACK, 26):
        return False
    paint_crack(scene, cover)
    scene.record(mask, CRACK)
    return True


def paint_crack(scene, cover):
    """Darkness that varies along the crack, and the faintly lit edge of the far side."""
    rng, unit = scene.rng, scene.unit
    vary = np.clip(1 + 0.16 * fractal_noise(rng, *cover.shape, 10, 4), 0.65, 1.3)
    here = scene.rgb.mean(2)[cover > 0.4].mean()
    contrast = max(rng.uniform(0.28, 0.75) * here, 22 + 2.6 * scene.texture)
    soft = np.maximum(cover, 0.45 * blur(cover, 1.1 * unit))
    lit = np.clip(shifted(cover, scene.light[0] * 1.6 * unit, scene.light[1] * 1.6 * unit) - cover, 0, 1)
    scene.rgb -= (contrast * soft * vary)[..., None] * np.array([0.97, 1, 1.02], np.float32)
    scene.rgb += rng.uniform(0, 16) * lit[..., None]
    np.clip(scene.rgb, rng.uniform(8, 30), None, out=scene.rgb)


# --- a whole picture --------------------------------------------------------------------------

ADD = (add_crack, add_spalling, add_stain)


def boxes_of(planes):
    """(class index, id, x0, y0, x1, y1), half-open, for every instance in the planes."""
    boxes = []
    for kind in range(len(CLASSES)):
        for instance in range(1, int(planes[kind].max()) + 1):
            rows, columns = np.nonzero(planes[kind] == instance)
            if len(rows):
                edges = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
                boxes.append((kind, instance, *(int(edge) for edge in edges)))
    return boxes


def compose(seed, width=REFERENCE, height=REFERENCE, counts=None, quality=None):
    """A picture from its seed. `counts` fixes how many (cracks, spallings, stains) to try."""
    scene = Scene(seed, width, height)
    rng = scene.rng
    if counts is None:
        counts = (rng.choice([0, 1, 1, 2, 3]), rng.choice([0, 0, 1, 1, 2]), rng.choice([0, 0, 1, 1, 2]))
    surface.add_distractors(rng, scene.rgb, scene.unit, scene.light)
    for kind in (STAIN, SPALLING, CRACK):
        for _ in range(int(counts[kind])):
            for _ in range(5):
                if ADD[kind](scene):
                    break
    lit = surface.light_up(rng, scene.rgb, scene.unit)
    rgb = surface.photograph(rng, lit, scene.unit, quality)
    return Picture(rgb, scene.planes, boxes_of(scene.planes))


def training_picture(seed, size=REFERENCE):
    """A picture of random aspect squashed to a square, as the detector sees every photograph."""
    rng = np.random.default_rng([seed, 1])
    aspect = float(rng.choice([1, 4 / 3, 3 / 4, 3 / 2, 2 / 3, 16 / 9]))
    width, height = round(size * aspect**0.5), round(size / aspect**0.5)
    picture = compose(seed, width, height)
    rgb = Image.fromarray(picture.rgb).resize((size, size), Image.BILINEAR)
    planes = [Image.fromarray(plane).resize((size, size), Image.NEAREST) for plane in picture.planes]
    planes = np.stack([np.asarray(plane) for plane in planes])
    return Picture(np.asarray(rgb), planes, boxes_of(planes))


def main():
    parser = argparse.ArgumentParser(description="Write a sheet of synthetic pictures with their truth.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=6)
    parser.add_argument("--out", default="sheet.png")
    options = parser.parse_args()
    columns = []
    for seed in range(options.seed, options.seed + options.count):
        picture = training_picture(seed)
        truth = (np.moveaxis(picture.planes > 0, 0, 2) * 255).astype(np.uint8)
        columns.append(np.concatenate([picture.rgb, truth], 0))
    Image.fromarray(np.concatenate(columns, 1)).save(options.out)


if __name__ == "__main__":
    main()
