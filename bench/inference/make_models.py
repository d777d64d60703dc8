"""The models and pictures of the inference bench: CLIP ViT-B/32 in its true shape with random weights.

    python make_models.py --out FOLDER

One set of weights, drawn by open_clip's own initialisation with a seed, in three forms:

    open_clip.pt        as open_clip loads it
    clip-float32/       the layout, names and shapes of the public ONNX export (vision tower 351 MB)
    clip-int8/          the same, with the weights of its matrix products in 8 bits (tools/convert/quantize_clip.py)

and pictures/: JPEGs of 640 x 480, parts of the example photos and of noise with the spectrum of photographs. Random
weights make the speed of the true ones, not their embeddings.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import open_clip
import torch
from PIL import Image, ImageOps

ROOT = pathlib.Path(__file__).resolve().parents[2]
PHOTOS = ROOT / "examples/defects/photos"
TOKENIZER = ROOT / "packages/workers/src/models/demo-clip/tokenizer.json"
ARCHITECTURE = "ViT-B-32-quickgelu"
WIDTH, HEIGHT = 640, 480
PICTURES = 32


class Attention(torch.nn.Module):
    """Heads as the public exports have them: three products, where open_clip's module has one."""

    def __init__(self, source, mask):
        super().__init__()
        self.heads = source.num_heads
        width = source.embed_dim
        self.parts = torch.nn.ModuleList(torch.nn.Linear(width, width) for _ in range(3))
        for part, weight, bias in zip(self.parts, source.in_proj_weight.chunk(3), source.in_proj_bias.chunk(3)):
            part.weight.data, part.bias.data = weight.clone(), bias.clone()
        self.out = source.out_proj
        self.mask = mask

    def forward(self, x):
        batch, length, width = x.shape
        size = width // self.heads
        split = lambda part: part(x).reshape(batch, length, self.heads, size).transpose(1, 2)
        query, key, value = (split(part) for part in self.parts)
        scores = (query * size**-0.5) @ key.transpose(2, 3)
        if self.mask is not None:
            scores = scores + self.mask
        mixed = torch.softmax(scores, dim=-1) @ value
        return self.out(mixed.transpose(1, 2).reshape(batch, length, width))


class Block(torch.nn.Module):
    def __init__(self, source, mask=None):
        super().__init__()
        self.attention = Attention(source.attn, mask)
        self.before, self.between = source.ln_1, source.ln_2
        self.widen, self.narrow = source.mlp.c_fc, source.mlp.c_proj

    def forward(self, x):
        x = x + self.attention(self.before(x))
        wide = self.widen(self.between(x))
        return x + self.narrow(wide * torch.sigmoid(1.702 * wide))


class Vision(torch.nn.Module):
    def __init__(self, source):
        super().__init__()
        self.patches, self.first = source.conv1, source.class_embedding
        self.places = source.positional_embedding
        self.before, self.after = source.ln_pre, source.ln_post
        self.blocks = torch.nn.ModuleList(Block(one) for one in source.transformer.resblocks)
        self.projection = source.proj

    def forward(self, pixel_values):
        x = self.patches(pixel_values).flatten(2).transpose(1, 2)
        x = torch.cat([self.first.expand(x.shape[0], 1, -1), x], dim=1) + self.places
        x = self.before(x)
        for block in self.blocks:
            x = block(x)
        return self.after(x[:, 0]) @ self.projection


class Text(torch.nn.Module):
    def __init__(self, source):
        super().__init__()
        self.tokens, self.places = source.token_embedding, source.positional_embedding
        self.blocks = torch.nn.ModuleList(Block(one, source.attn_mask) for one in source.transformer.resblocks)
        self.after, self.projection = source.ln_final, source.text_projection

    def forward(self, input_ids):
        x = self.tokens(input_ids) + self.places
        for block in self.blocks:
            x = block(x)
        ends = input_ids.to(torch.int32).argmax(dim=-1)
        x = self.after(x)[torch.arange(x.shape[0]), ends]
        return x @ self.projection


def export(tower, example, file, names, axes):
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        tower, (example,), file, input_names=[names[0]], output_names=[names[1]], opset_version=17,
        dynamic_axes={names[0]: axes, names[1]: {0: axes[0]}}, dynamo=False,
    )


def write_model(model, folder):
    pixels = torch.randn(2, 3, 224, 224)
    ids = torch.randint(1, 40_000, (2, 77))
    ids[:, 20:] = 49407
    vision, text = Vision(model.visual).eval(), Text(model).eval()
    with torch.no_grad():
        for mine, theirs in ((vision(pixels), model.encode_image(pixels)), (text(ids), model.encode_text(ids))):
            difference = (mine - theirs).abs().max().item()
            assert difference < 1e-4, f"the exported tower differs from open_clip's by {difference}"
        axes = {0: "batch_size"}
        export(vision, pixels, folder / "onnx/vision_model.onnx", ("pixel_values", "image_embeds"), axes)
        export(text, ids, folder / "onnx/text_model.onnx", ("input_ids", "text_embeds"), axes)
    shutil.copy(TOKENIZER, folder / "tokenizer.json")
    (folder / "config.json").write_text(json.dumps({"model_type": "clip"}))
    preprocessor = {
        "size": {"shortest_edge": 224},
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711],
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor))


def noise_picture(random):
    """Amplitudes that fall with the frequency, as in photographs; channels that mostly agree."""
    rows, columns = np.fft.fftfreq(HEIGHT)[:, None], np.fft.fftfreq(WIDTH)[None, :]
    radius = np.hypot(rows, columns)
    radius[0, 0] = 1
    planes = []
    for _ in range(4):
        phases = np.exp(2j * np.pi * random.random((HEIGHT, WIDTH)))
        plane = np.fft.ifft2(phases / radius ** random.uniform(0.9, 1.4)).real
        planes.append((plane - plane.mean()) / plane.std())
    grey, colours = planes[0], planes[1:]
    channels = [128 + random.uniform(-40, 40) + 45 * (0.9 * grey + 0.4 * colour) for colour in colours]
    return Image.fromarray(np.clip(np.stack(channels, axis=-1), 0, 255).astype(np.uint8))


def photo_part(photo, random):
    scale = random.uniform(0.5, 1.0)
    width, height = int(photo.width * scale), int(photo.height * scale)
    if width * HEIGHT > height * WIDTH:
        width = height * WIDTH // HEIGHT
    else:
        height = width * HEIGHT // WIDTH
    left, top = random.integers(0, photo.width - width + 1), random.integers(0, photo.height - height + 1)
    part = photo.crop((left, top, left + width, top + height)).resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    return ImageOps.mirror(part) if random.random() < 0.5 else part


def write_pictures(folder):
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(7)
    files = sorted(file for file in PHOTOS.iterdir() if file.suffix in (".jpg", ".webp"))
    photos = [ImageOps.exif_transpose(Image.open(file)).convert("RGB") for file in files]
    for index in range(PICTURES):
        isNoise = index % 4 == 3
        picture = noise_picture(random) if isNoise else photo_part(photos[index % len(photos)], random)
        picture.save(folder / f"{index:02}.jpg", quality=90)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    model = open_clip.create_model(ARCHITECTURE).eval()
    torch.save(model.state_dict(), out / "open_clip.pt")
    write_model(model, out / "clip-float32")
    write_pictures(out / "pictures")
    quantize = ROOT / "tools/convert/quantize_clip.py"
    arguments = ["--model", out / "clip-float32", "--out", out / "clip-int8", "--pictures", out / "pictures"]
    subprocess.run([sys.executable, quantize, *arguments, "--report", out / "quantized.json"], check=True)


main()
