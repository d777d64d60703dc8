"""Renders the sample photographs of `examples/defects/photos` and `truth.json` beside them.

Seeds are held out from training. One photograph is stored turned, with EXIF orientation 6; the
boxes of `truth.json` are those of the upright picture, half-open, in its pixels.
"""

import argparse
import json
from pathlib import Path

from PIL import Image

from concrete import CLASSES, SAMPLES, compose

PHOTOS = Path(__file__).resolve().parents[3] / "examples" / "defects" / "photos"
SCENES = (  # file, seed after SAMPLES, width, height, (cracks, spallings, stains)
    ("wall-crack.jpg", 8, 1280, 960, (1, 0, 0)),
    ("beam-crack-spalling.jpg", 4, 1280, 960, (1, 1, 0)),
    ("wall-stains.webp", 11, 800, 600, (1, 0, 2)),
    ("column-portrait.jpg", 5, 960, 1280, (1, 1, 1)),
)
TURNED = "column-portrait.jpg"


def store(picture, path, quality):
    image = Image.fromarray(picture.rgb)
    if path.suffix == ".webp":
        image.save(path, quality=quality, method=6)
    elif path.name == TURNED:
        exif = Image.Exif()
        exif[0x0112] = 6  # turn by 90 degrees clockwise to see it upright
        image.transpose(Image.Transpose.ROTATE_90).save(path, quality=quality, exif=exif)
    else:
        image.save(path, quality=quality)


def truth_of(picture):
    height, width = picture.rgb.shape[:2]
    boxes = [{"class": CLASSES[kind], "box": box} for kind, _, *box in picture.boxes]
    return {"width": width, "height": height, "boxes": boxes}


def contact_sheet(scene, count, path):
    """Small pictures of the scene with other seeds, to choose from."""
    _, _, width, height, counts = scene
    sheet = Image.new("RGB", (4 * width // 3, -(-count // 4) * height // 3))
    for index in range(count):
        picture = compose(SAMPLES + index, width, height, counts, quality="kept")
        small = Image.fromarray(picture.rgb).resize((width // 3, height // 3), Image.BILINEAR)
        sheet.paste(small, (index % 4 * (width // 3), index // 4 * (height // 3)))
    sheet.save(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=PHOTOS)
    parser.add_argument("--quality", type=int, default=88)
    parser.add_argument("--choose", type=int, metavar="SCENE", help="write contact-sheet.png of one scene instead")
    parser.add_argument("--count", type=int, default=16, help="seeds on the contact sheet")
    options = parser.parse_args()
    if options.choose is not None:
        contact_sheet(SCENES[options.choose], options.count, "contact-sheet.png")
        return
    options.out.mkdir(parents=True, exist_ok=True)
    truth = {}
    for name, seed, width, height, counts in SCENES:
        picture = compose(SAMPLES + seed, width, height, counts, quality="kept")
        store(picture, options.out / name, options.quality)
        truth[name] = truth_of(picture)
        print(name, (options.out / name).stat().st_size, "bytes", truth[name]["boxes"])
    (options.out / "truth.json").write_text(json.dumps({"photos": truth}, indent=2) + "\n")


if __name__ == "__main__":
    main()
