"""Pictures of shapes and what they show: everything the demo CLIP model knows.

A picture has one to four shapes of one kind and colour on a background with a pattern. The same seed gives the same
picture. Every fifth combination (see `is_held_out`) is kept from training.
"""

import colorsys
import io
import math
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

COLOURS = {
    "red": (0.0, 0.9, 0.85),
    "orange": (0.075, 0.95, 0.98),
    "yellow": (0.155, 0.9, 0.97),
    "green": (0.35, 0.8, 0.6),
    "blue": (0.61, 0.85, 0.85),
    "purple": (0.77, 0.7, 0.65),
    "pink": (0.92, 0.45, 0.98),
    "black": (0.0, 0.0, 0.08),
}
KINDS = ["circle", "square", "triangle", "star", "cross", "ring"]
PATTERNS = ["plain", "striped", "checkered", "dotted"]
COUNTS = [1, 2, 3, 4]


class Scene(NamedTuple):
    colour: str
    kind: str
    count: int
    pattern: str


def all_scenes():
    return [Scene(c, k, n, p) for c in COLOURS for k in KINDS for n in COUNTS for p in PATTERNS]


def is_held_out(scene: Scene) -> bool:
    places = (list(COLOURS).index(scene.colour), KINDS.index(scene.kind), scene.count, PATTERNS.index(scene.pattern))
    return (places[0] * 3 + places[1] * 7 + places[2] * 11 + places[3] * 13) % 5 == 0


def draw(scene: Scene, seed: int, width: int = 224, height: int = 224) -> Image.Image:
    rng = np.random.default_rng([seed, 77])
    picture = background(scene.pattern, rng, width, height)
    colour = vary(COLOURS[scene.colour], rng)
    pen = ImageDraw.Draw(picture)
    for x, y, radius in places(scene.count, rng, width, height):
        shape(pen, scene.kind, x, y, radius, rng.uniform(-0.35, 0.35), colour)
    return spoil(picture, rng)


def vary(hsv, rng):
    hue, saturation, value = hsv
    shade = value * rng.uniform(0.85, 1.05) if value > 0.2 else value * rng.uniform(0.2, 2.2)
    rgb = colorsys.hsv_to_rgb(
        (hue + rng.uniform(-0.012, 0.012)) % 1, min(1, saturation * rng.uniform(0.85, 1.08)), min(1, shade)
    )
    return tuple(round(255 * part) for part in rgb)


def background(pattern, rng, width, height):
    """Two pale tones, so that no background has one of the colours."""

    def tone(low, high):
        rgb = colorsys.hsv_to_rgb(rng.uniform(), rng.uniform(0, 0.1), rng.uniform(low, high))
        return tuple(round(255 * part) for part in rgb)

    light, dark = tone(0.88, 1.0), tone(0.6, 0.76)
    picture = Image.new("RGB", (width, height), light)
    pen = ImageDraw.Draw(picture)
    cell = int(min(width, height) * rng.uniform(0.09, 0.16))
    if pattern == "striped":
        turned = rng.uniform() < 0.5
        for at in range(-max(width, height), 2 * max(width, height), 2 * cell):
            slant = max(width, height) if turned else 0
            pen.polygon([(at, 0), (at + cell, 0), (at + cell + slant, height), (at + slant, height)], fill=dark)
    elif pattern == "checkered":
        for row in range(0, height // cell + 1):
            for column in range(row % 2, width // cell + 1, 2):
                pen.rectangle([column * cell, row * cell, (column + 1) * cell - 1, (row + 1) * cell - 1], fill=dark)
    elif pattern == "dotted":
        dot = cell * 0.22
        for row in range(0, height // cell + 2):
            for column in range(0, width // cell + 2):
                x, y = (column + 0.5 * (row % 2)) * cell, row * cell
                pen.ellipse([x - dot, y - dot, x + dot, y + dot], fill=dark)
    return picture


def places(count, rng, width, height):
    side = min(width, height)
    radius = side * {1: rng.uniform(0.15, 0.36), 2: rng.uniform(0.12, 0.22)}.get(count, rng.uniform(0.1, 0.17))
    found = []
    for _ in range(400):
        if len(found) == count:
            break
        size = radius * rng.uniform(0.85, 1.15)
        x, y = rng.uniform(size, width - size), rng.uniform(size, height - size)
        if all(math.hypot(x - a, y - b) > 1.12 * (size + c) for a, b, c in found):
            found.append((x, y, size))
    return found if len(found) == count else places(count, rng, width, height)


def shape(pen, kind, x, y, radius, turn, colour):
    if kind == "circle":
        pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=colour)
    elif kind == "ring":
        box = [x - radius, y - radius, x + radius, y + radius]
        pen.ellipse(box, outline=colour, width=max(2, round(radius * 0.34)))
    else:
        pen.polygon([turned(point, x, y, radius, turn) for point in OUTLINES[kind]], fill=colour)


def turned(point, x, y, radius, turn):
    a, b = point
    return (
        x + radius * (a * math.cos(turn) - b * math.sin(turn)),
        y + radius * (a * math.sin(turn) + b * math.cos(turn)),
    )


def spikes(count, inner):
    points = []
    for at in range(2 * count):
        angle = math.pi * at / count - math.pi / 2
        reach = 1 if at % 2 == 0 else inner
        points.append((reach * math.cos(angle), reach * math.sin(angle)))
    return points


OUTLINES = {
    "square": [(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)],
    "triangle": [(0, -1), (0.92, 0.75), (-0.92, 0.75)],
    "star": spikes(5, 0.42),
    "cross": [
        (-0.3, -1), (0.3, -1), (0.3, -0.3), (1, -0.3), (1, 0.3), (0.3, 0.3),
        (0.3, 1), (-0.3, 1), (-0.3, 0.3), (-1, 0.3), (-1, -0.3), (-0.3, -0.3),
    ],
}  # fmt: skip


def spoil(picture, rng):
    """What cameras and files do: blur, light, noise, JPEG."""
    if rng.uniform() < 0.5:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 1.1)))
    levels = np.asarray(picture, np.float32) * rng.uniform(0.85, 1.06) + rng.uniform(-8, 8)
    levels += rng.normal(0, rng.uniform(0, 7), levels.shape)
    picture = Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))
    if rng.uniform() < 0.6:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=int(rng.integers(45, 95)))
        picture = Image.open(file).convert("RGB")
    return picture
