"""The concrete without defects, and what a camera does to it.

Owns: noise, the cast surface, its harmless features (pores, seams, tie holes, board marks,
scratches, shadows) and the camera (vignette, blur, sensor noise, JPEG). None of these is ever
part of the truth: they are what a detector must learn to leave alone.
"""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter


def fractal_noise(rng, height, width, coarsest=4, octaves=6, gain=0.6):
    """Sum of ever finer bicubic noise, zero mean and unit deviation; `coarsest` cells across."""
    total = np.zeros((height, width), np.float32)
    amplitude, longest = 1.0, max(height, width)
    for octave in range(octaves):
        cells = coarsest * 2**octave
        rows = int(np.clip(round(cells * height / longest), 2, height))
        columns = int(np.clip(round(cells * width / longest), 2, width))
        grid = Image.fromarray(rng.standard_normal((rows, columns)).astype(np.float32))
        total += amplitude * np.asarray(grid.resize((width, height), Image.BICUBIC))
        amplitude *= gain
        if cells >= longest:
            break
    total -= total.mean()
    return total / (total.std() + 1e-6)


def blur(array, radius):
    """Gaussian blur of a 0..1 float array (8-bit inside, which is enough for masks)."""
    picture = Image.fromarray((np.clip(array, 0, 1) * 255).astype(np.uint8))
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(radius)), np.float32) / 255


class Drawing:
    """A supersampled 8-bit canvas; coordinates are picture pixels, the result is 0..1 coverage."""

    def __init__(self, height, width, factor=2):
        self.size, self.factor = (width, height), factor
        self.image = Image.new("L", (width * factor, height * factor), 0)
        self.draw = ImageDraw.Draw(self.image)

    def line(self, points, width, value=255):
        f = self.factor
        scaled = [(x * f, y * f) for x, y in points]
        self.draw.line(scaled, fill=value, width=max(1, round(width * f)), joint="curve")

    def ellipse(self, x, y, rx, ry, value=255):
        f = self.factor
        self.draw.ellipse([(x - rx) * f, (y - ry) * f, (x + rx) * f, (y + ry) * f], fill=value)

    def polygon(self, points, value=255):
        self.draw.polygon([(x * self.factor, y * self.factor) for x, y in points], fill=value)

    def coverage(self):
        return np.asarray(self.image.resize(self.size, Image.BOX), np.float32) / 255


def shifted(array, dx, dy):
    return np.roll(array, (round(dy), round(dx)), (0, 1))


def cast_surface(rng, height, width, unit):
    """Bare concrete, float RGB around 90..200, and the strength of its texture."""
    level = rng.uniform(100, 195)
    mottle = rng.uniform(3, 11)
    grain = rng.uniform(2, 6)
    grey = level + mottle * fractal_noise(rng, height, width, 3, 5, 0.75)
    grey += grain * fractal_noise(rng, height, width, 48, 5, 0.9)
    aggregate = fractal_noise(rng, height, width, 90, 2, 0.8)
    grey -= rng.uniform(0, 16) * np.clip(aggregate - rng.uniform(1.2, 2.2), 0, 2)
    if rng.random() < 0.18:
        grey = board_marks(rng, grey, unit)
    tint = np.array([1 + rng.uniform(-0.05, 0.08), 1, 1 - rng.uniform(-0.05, 0.12)], np.float32)
    warm = fractal_noise(rng, height, width, 2, 3, 0.6)[..., None] * rng.uniform(0, 2.5)
    rgb = grey[..., None] * tint + warm * np.array([1, 0.2, -1], np.float32)
    return rgb.astype(np.float32), float(np.hypot(0.6 * mottle, grain))


def board_marks(rng, grey, unit):
    """Timber formwork: parallel boards, each with its own tone and faint grain along it."""
    height, width = grey.shape
    if rng.random() < 0.5:
        return board_marks_down(rng, grey.T, unit).T
    return board_marks_down(rng, grey, unit)


def board_marks_down(rng, grey, unit):
    height, width = grey.shape
    result, x = grey.copy(), -rng.uniform(0, 60 * unit)
    board = rng.uniform(45, 110) * unit
    while x < width:
        left, right = max(0, int(x)), min(width, int(x + board))
        if right - left > 2:
            rows = max(2, height // max(1, int(40 * unit)))
            fibres = rng.standard_normal((rows, right - left)).astype(np.float32)
            fibres = np.asarray(Image.fromarray(fibres).resize((right - left, height), Image.BICUBIC))
            result[:, left:right] += rng.normal(0, 4) + 2.2 * fibres
        if 0 <= x < width - 2:
            result[:, int(x) : int(x + max(1, 1.2 * unit))] += rng.uniform(-16, 12)
        x += board * rng.uniform(0.9, 1.1)
    return result


def add_distractors(rng, rgb, unit, light):
    """Seams, tie holes, pores and scratches, drawn into `rgb` in place."""
    height, width = rgb.shape[:2]
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        add_seam(rng, rgb, unit)
    if rng.random() < 0.15:
        add_tie_holes(rng, rgb, unit, light)
    pores = Drawing(height, width)
    for _ in range(int(rng.choice([0, 15, 40, 110]) * rng.uniform(0.5, 1.2))):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        radius = unit * min(6.0, 0.7 + rng.pareto(2.2))
        pores.ellipse(x, y, radius, radius * rng.uniform(0.6, 1), int(rng.uniform(110, 255)))
    hollow = pores.coverage()
    rim = np.clip(shifted(hollow, light[0] * unit, light[1] * unit) - hollow, 0, 1)
    rgb -= rng.uniform(25, 75) * hollow[..., None]
    rgb += rng.uniform(0, 25) * rim[..., None]
    if rng.random() < 0.25:
        add_scratches(rng, rgb, unit)


def add_seam(rng, rgb, unit):
    """A formwork seam: dead straight, right across, upright or level within a few degrees."""
    height, width = rgb.shape[:2]
    drawing, slope = Drawing(height, width), rng.normal(0, 0.02)
    breadth = rng.uniform(1, 5) * unit
    if rng.random() < 0.5:
        x = rng.uniform(0, width)
        ends = [(x, -2), (x + slope * height, height + 2)]
    else:
        y = rng.uniform(0, height)
        ends = [(-2, y), (width + 2, y + slope * width)]
    drawing.line(ends, breadth)
    seam = drawing.coverage()
    fade = np.clip(0.75 + 0.3 * fractal_noise(rng, height, width, 6, 3), 0.2, 1.2)
    rgb += (rng.choice([-1, -1, 1]) * rng.uniform(10, 42) * seam * fade)[..., None]
    if rng.random() < 0.4:
        shift = (breadth, 0) if ends[0][1] == -2 else (0, breadth)
        rgb += (rng.uniform(6, 20) * shifted(seam, *shift))[..., None]


def add_tie_holes(rng, rgb, unit, light):
    height, width = rgb.shape[:2]
    drawing, radius = Drawing(height, width), rng.uniform(4, 9) * unit
    y, pitch = rng.uniform(0.15, 0.85) * height, rng.uniform(0.35, 0.7) * width
    x = rng.uniform(0.1, 0.4) * width
    while x < width:
        drawing.ellipse(x, y, radius, radius)
        x += pitch
    hole = drawing.coverage()
    rgb -= rng.uniform(40, 85) * hole[..., None]
    lit = np.clip(shifted(hole, light[0] * 2 * unit, light[1] * 2 * unit) - hole, 0, 1)
    rgb += 22 * lit[..., None]


def add_scratches(rng, rgb, unit):
    """Light, straight and short: rubbed marks, no cracks."""
    height, width = rgb.shape[:2]
    drawing = Drawing(height, width)
    for _ in range(rng.integers(1, 5)):
        x, y, angle = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0, np.pi)
        length = rng.uniform(15, 90) * unit
        end = (x + length * np.cos(angle), y + length * np.sin(angle))
        drawing.line([(x, y), end], rng.uniform(0.5, 1.6) * unit)
    rgb += rng.uniform(12, 35) * drawing.coverage()[..., None]


def light_up(rng, rgb, unit):
    """Uneven light, vignette and at times a cast shadow; returns the new picture."""
    height, width = rgb.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    gain = 1 + rng.uniform(-0.16, 0.16) * x + rng.uniform(-0.16, 0.16) * y
    gain -= rng.uniform(0, 0.13) * (x * x + y * y)
    if rng.random() < 0.3:
        angle, offset = rng.uniform(0, 2 * np.pi), rng.uniform(-0.5, 0.5)
        side = np.cos(angle) * x + np.sin(angle) * y - offset
        if rng.random() < 0.4:
            side = np.minimum(side, rng.uniform(0.25, 0.7) - side)
        soft = rng.choice([0.01, 0.04, 0.2])
        gain *= 1 - rng.uniform(0.15, 0.45) / (1 + np.exp(-np.clip(side / soft, -30, 30)))
    return rgb * gain[..., None]


def photograph(rng, rgb, unit, quality=None):
    """Optics, sensor noise and JPEG: float RGB in, uint8 RGB out."""
    noise = rng.uniform(0.5, 4.5)
    grain = rng.standard_normal(rgb.shape[:2]).astype(np.float32)[..., None]
    colour = rng.standard_normal(rgb.shape).astype(np.float32)
    picture = Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8))
    if rng.random() < 0.5:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 0.75) * unit))
    noisy = np.asarray(picture, np.float32) + noise * (0.8 * grain + 0.4 * colour)
    picture = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
    if quality is None:
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=int(rng.integers(55, 96)))
        picture = Image.open(stream).convert("RGB")
    return np.asarray(picture)
