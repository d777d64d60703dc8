"""Renders the pictures of `examples/picture-search/shapes` and `truth.json` beside them.

Seeds are held out from training. Names say nothing of what is shown.
"""

import json
from pathlib import Path

from shapes import COLOURS, KINDS, PATTERNS, Scene, draw

PICTURES = Path(__file__).resolve().parents[3] / "examples" / "picture-search" / "shapes"
FIRST_SEED = 30_000_000
SIZES = ((288, 288), (320, 288), (288, 320))
ENDINGS = (".webp", ".jpg", ".webp", ".webp")


def scenes():
    """Each colour with each kind once, with counts and patterns in turn, in no order that can be seen."""
    for at in range(len(COLOURS) * len(KINDS)):
        place = at * 29 % (len(COLOURS) * len(KINDS))
        colour, kind = place % len(COLOURS), place // len(COLOURS)
        yield Scene(list(COLOURS)[colour], KINDS[kind], 1 + (colour + kind * 3) % 4, PATTERNS[(colour // 2 + kind) % 4])


def main():
    PICTURES.mkdir(parents=True, exist_ok=True)
    rows = []
    for at, scene in enumerate(scenes()):
        width, height = SIZES[at % len(SIZES)]
        picture = draw(scene, FIRST_SEED + at, width, height)
        ending = ENDINGS[at % len(ENDINGS)]
        name = f"picture-{at + 1:02}{ending}"
        picture.save(PICTURES / name, quality=70, method=6, optimize=True)
        rows.append({"file": name, **scene._asdict()})
    (PICTURES / "truth.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
