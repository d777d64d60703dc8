"""The peer: open_clip on torch's CPU, for the inference bench.

    python open_clip_peer.py first MODEL.pt PICTURE     one picture; the time is the caller's to take
    python open_clip_peer.py serve MODEL.pt PICTURES    answers lines of JSON on stdin, one line each

What `serve` is asked: {"batch": 8, "seconds": 4, "whole": true}; whole is from the JPEG on, else the model alone.
{"embed": true} answers the embedding of each picture, {"memory": true} the resident bytes.
"""

import concurrent.futures
import io
import json
import os
import pathlib
import sys
import time

import open_clip
import torch
from PIL import Image

ARCHITECTURE = "ViT-B-32-quickgelu"


def load(file):
    model, _, preprocess = open_clip.create_model_and_transforms(ARCHITECTURE, pretrained=file)
    return model.eval(), preprocess


def prepare(preprocess, data):
    return preprocess(Image.open(io.BytesIO(data)))


def first(file, picture):
    model, preprocess = load(file)
    with torch.inference_mode():
        pixels = prepare(preprocess, pathlib.Path(picture).read_bytes()).unsqueeze(0)
        embedding = model.encode_image(pixels, normalize=True)
    print(json.dumps(embedding[0].tolist()), flush=True)


def measure(model, preprocess, files, pool, batch, seconds, whole):
    """Pictures a second. The next batch is decoded in threads while this one runs, as a data loader would."""
    fixed = torch.stack([prepare(preprocess, files[at % len(files)]) for at in range(batch)])
    begin = lambda at: [pool.submit(prepare, preprocess, files[(at + i) % len(files)]) for i in range(batch)]
    done, startedAt = 0, time.perf_counter()
    coming = begin(0) if whole else None
    while time.perf_counter() - startedAt < seconds:
        pixels = torch.stack([one.result() for one in coming]) if whole else fixed
        if whole:
            coming = begin(done + batch)
        model.encode_image(pixels, normalize=True).tolist()
        done += batch
    rate = done / (time.perf_counter() - startedAt)
    if whole:
        concurrent.futures.wait(coming)
    return rate


def resident_bytes():
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def serve(file, folder):
    model, preprocess = load(file)
    files = [one.read_bytes() for one in sorted(pathlib.Path(folder).glob("*.jpg"))]
    # No more threads than cores for both: oneDNN's and the decoders' sleep while they wait.
    pool = concurrent.futures.ThreadPoolExecutor(max_workers=1)
    print(json.dumps({"ready": True, "torch": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        with torch.inference_mode():
            if "embed" in request:
                pixels = torch.stack([prepare(preprocess, one) for one in files])
                answer = {"embeddings": model.encode_image(pixels, normalize=True).tolist()}
            elif "memory" in request:
                answer = {"residentBytes": resident_bytes()}
            else:
                arguments = (request["batch"], request["seconds"], request["whole"])
                answer = {"perSecond": measure(model, preprocess, files, pool, *arguments)}
        print(json.dumps(answer), flush=True)


{"first": first, "serve": serve}[sys.argv[1]](*sys.argv[2:])
