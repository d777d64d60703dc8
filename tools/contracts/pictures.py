"""The pictures that both sides look at: drawn, seeded, as PNG (and one JPEG), in shapes that reach every branch of the
resamplers: shrunk, enlarged, one axis of each, odd margins, already of the right size."""

import numpy as np
from PIL import Image

from cache import CACHE

FOLDER = CACHE / "pictures"
# 285 x 160 becomes 399 x 224 before CLIP's crop: a margin of 175, whose half is rounded in two ways.
SIZES = {
    "landscape": (1280, 720),
    "portrait": (481, 641),
    "odd-margin": (285, 160),
    "small": (97, 64),
    "wide": (2050, 331),
    "large": (2600, 1951),
    "square": (1024, 1024),
}


def draw(width, height, seed):
    """Shades, waves of all lengths, thin dark lines, patches of plain colour, noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    picture = np.zeros((height, width, 3))
    for channel in range(3):
        for length in (2.7, 9.0, 41.0, 230.0):
            angle = rng.uniform(0, np.pi)
            wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / length + rng.uniform(0, 6))
            picture[..., channel] += 12 * np.log(length + 1) * wave
        picture[..., channel] += 128 + rng.uniform(-60, 60) * (x / width - 0.5) + rng.uniform(-60, 60) * (y / height - 0.5)
    for _ in range(6):
        left, top = rng.integers(0, width - 4), rng.integers(0, height - 4)
        right, bottom = left + rng.integers(4, width // 3 + 5), top + rng.integers(4, height // 3 + 5)
        picture[top:bottom, left:right] = rng.uniform(0, 255, 3)
    for _ in range(5):
        slope, start = rng.uniform(-1, 1), rng.uniform(0, height)
        picture[np.abs(y - start - slope * x) < rng.uniform(0.5, 2)] = rng.uniform(0, 70)
    return (picture + rng.normal(0, 8, picture.shape)).clip(0, 255).astype(np.uint8)


def load_pictures():
    """Name → (file name, Pillow picture); drawn at the first call."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    files = {name: f"{name}.png" for name in SIZES} | {"photo": "photo.jpg"}
    for seed, (name, file) in enumerate(files.items()):
        if (FOLDER / file).exists():
            continue
        image = Image.fromarray(draw(*SIZES.get(name, (800, 533)), seed))
        image.save(FOLDER / file, **({"quality": 90} if file.endswith(".jpg") else {}))
    return {name: (file, Image.open(FOLDER / file).convert("RGB")) for name, file in files.items()}
