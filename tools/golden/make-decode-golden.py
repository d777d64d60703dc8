"""Golden vectors of decoding: small files of every kind that is accepted, and the pixels Pillow reads from them.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install pillow numpy
    /tmp/golden/bin/python tools/golden/make-decode-golden.py

Writes packages/workers/src/media/testdata/decode-golden.json. Seeded. `rgb` is what
`ImageOps.exif_transpose(Image.open(file)).convert("RGB")` gives, in base64 like the file.
"""

import base64
import io
import json
import pathlib
import struct
import zlib

import numpy as np
import PIL
from PIL import Image, ImageCms, ImageOps

OUT = pathlib.Path(__file__).parents[2] / "packages/workers/src/media/testdata/decode-golden.json"
WIDTH, HEIGHT = 23, 17


def scene(rng):
    """Slopes in three colours with noise: any mirroring, turning or mixing of channels shows."""
    slope = np.add.outer(np.linspace(0, 160, HEIGHT), np.linspace(0, 90, WIDTH))
    return np.clip(slope[..., None] * [1, 0.7, 0.4] + rng.normal(0, 12, (HEIGHT, WIDTH, 3)), 0, 255).astype(np.uint8)


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def wide_profile():
    """sRGB with other primaries: colour management would change every pixel."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes(12)  # the time of its making
    primaries = {b"rXYZ": (0.60, 0.31, 0.02), b"gXYZ": (0.20, 0.63, 0.06)}
    for index in range(struct.unpack(">I", profile[128:132])[0]):
        name, offset, _ = struct.unpack(">4sII", profile[132 + 12 * index : 144 + 12 * index])
        if name in primaries:
            fixed = (int(value * 65536) for value in primaries[name])
            profile[offset + 8 : offset + 20] = struct.pack(">iii", *fixed)
    return bytes(profile)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def raw_png(colour_type, rows, extra=b"", depth=16):
    """PNG kinds that Pillow does not write."""
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colour_type, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows), 9)
    parts = chunk(b"IHDR", head) + extra + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def jpegs(image):
    yield "JPEG 4:2:0", saved(image, "JPEG", quality=85)
    yield "JPEG 4:4:4", saved(image, "JPEG", quality=95, subsampling=0)
    yield "progressive JPEG", saved(image, "JPEG", quality=80, progressive=True)
    yield "grey JPEG", saved(image.convert("L"), "JPEG", quality=85)
    yield "JPEG with a colour profile", saved(image, "JPEG", quality=90, icc_profile=wide_profile())
    cmyk = bytearray(saved(image.convert("CMYK"), "JPEG", quality=90))
    yield "CMYK JPEG", bytes(cmyk)
    cmyk[cmyk.index(b"Adobe") + 11] = 2
    yield "YCCK JPEG", bytes(cmyk)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield f"JPEG with EXIF orientation {orientation}", saved(image, "JPEG", quality=85, exif=exif)


def pngs(image, rng):
    alpha = rng.integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
    clear = Image.fromarray(np.dstack([np.asarray(image), alpha]))
    palette = image.quantize(40)
    deep = np.asarray(image).astype(int) * 257 + rng.integers(-100, 100, (HEIGHT, WIDTH, 3))
    deep = np.clip(deep, 0, 65535).astype(">u2")
    yield "RGB PNG", saved(image, "PNG")
    yield "RGBA PNG", saved(clear, "PNG")
    yield "grey PNG", saved(image.convert("L"), "PNG")
    yield "grey PNG with alpha", saved(clear.convert("LA"), "PNG")
    yield "1-bit PNG", saved(image.convert("1"), "PNG")
    yield "palette PNG", saved(palette, "PNG")
    yield "palette PNG with transparency", saved(palette, "PNG", transparency=3)
    yield "16-bit RGB PNG", raw_png(2, deep)
    yield "16-bit RGBA PNG", raw_png(6, np.dstack([deep, alpha.astype(">u2") * 257]).astype(">u2"))
    yield "PNG with a gamma", raw_png(2, np.asarray(image), chunk(b"gAMA", struct.pack(">I", 100_000)), depth=8)
    yield "PNG with a colour profile", saved(image, "PNG", icc_profile=wide_profile())


def webps(image, rng):
    alpha = rng.integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
    clear = Image.fromarray(np.dstack([np.asarray(image), alpha]))
    turned = image.transpose(Image.ROTATE_90)
    yield "lossy WebP", saved(image, "WEBP", quality=80)
    yield "lossless WebP", saved(image, "WEBP", lossless=True)
    yield "WebP with alpha", saved(clear, "WEBP", lossless=True, exact=True)
    yield "animated WebP", saved(image, "WEBP", lossless=True, save_all=True, append_images=[turned.resize(image.size)])


def gifs(image):
    """Besides what Pillow writes: frames that do not cover the screen, which it reads but never makes."""
    palette = image.quantize(40)
    small = saved(palette, "GIF", transparency=3)
    yield "GIF", saved(palette, "GIF", interlace=0)
    yield "interlaced GIF", saved(palette, "GIF", interlace=1)
    yield "GIF with transparency", small
    yield "GIF of 256 colours", saved(image.quantize(256), "GIF")
    yield "grey GIF", saved(image.convert("L"), "GIF")
    yield "1-bit GIF", saved(image.convert("1"), "GIF")
    yield "animated GIF", saved(palette, "GIF", save_all=True, append_images=[image.transpose(Image.ROTATE_180)])
    yield "GIF with a comment", saved(palette, "GIF", comment=b"a comment of " + b"many words " * 40)
    frame_at = small.index(b",", 13 + 3 * 64)
    while small[frame_at + 5 : frame_at + 9] != struct.pack("<HH", WIDTH, HEIGHT):
        frame_at = small.index(b",", frame_at + 1)
    placed = bytearray(small)
    placed[frame_at + 1 : frame_at + 5] = struct.pack("<HH", 3, 5)
    yield "GIF whose frame reaches over its screen", bytes(placed)
    placed[6:10] = struct.pack("<HH", WIDTH + 9, HEIGHT + 7)
    yield "GIF whose first frame is smaller than its screen", bytes(placed)
    plain = bytearray(saved(palette, "GIF", interlace=0))
    plain[6:10] = struct.pack("<HH", WIDTH + 9, HEIGHT + 7)
    yield "GIF without transparency around its first frame", bytes(plain)
    noise = Image.fromarray(np.random.default_rng(7).integers(0, 256, (75, 75), dtype=np.uint8))
    yield "GIF whose table of codes is full", saved(noise, "GIF")


def animations(image):
    turned = image.transpose(Image.ROTATE_180)
    yield "animated PNG", saved(image, "PNG", save_all=True, append_images=[turned])
    yield "animated PNG with a picture of its own", saved(
        image, "PNG", save_all=True, default_image=True, append_images=[turned, image]
    )


def main():
    rng = np.random.default_rng(20262)
    image = Image.fromarray(scene(rng))
    rows = []
    for name, data in [*jpegs(image), *pngs(image, rng), *webps(image, rng), *gifs(image), *animations(image)]:
        decoded = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
        text = {key: base64.b64encode(value).decode() for key, value in {"file": data, "rgb": decoded.tobytes()}.items()}
        rows.append({"name": name, "width": decoded.width, "height": decoded.height, **text})
    golden = {"madeBy": f"Pillow {PIL.__version__}", "files": rows}
    OUT.write_text(json.dumps(golden, indent=2) + "\n")


if __name__ == "__main__":
    main()
