"""Golden data of how poses are estimated: crops around people as transformers' VitPoseImageProcessor and as OpenCV (for
RTMPose) make them, and keypoints as transformers reads them from heat maps.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install transformers torch torchvision scipy opencv-python-headless numpy
    /tmp/golden/bin/python tools/golden/make-pose-golden.py

Writes packages/workers/src/pose/testdata/pose-golden.json. Seeded. Bytes and little-endian float32 values are base64.
"""

import base64
import hashlib
import json
import pathlib

import cv2
import numpy as np
import scipy
import torch
import transformers
from transformers import VitPoseImageProcessor
from transformers.models.vitpose.modeling_vitpose import VitPoseEstimatorOutput

OUT = pathlib.Path(__file__).parents[2] / "packages/workers/src/pose/testdata/pose-golden.json"
WIDTH, HEIGHT = 90, 70
# x, y, width, height: inside, wide, tall, over each edge, a few pixels, larger than the picture.
BOXES = {
    "inside": [30.25, 20.5, 17.75, 31.0],
    "wide": [10.0, 30.0, 61.5, 12.25],
    "tall": [44.0, 3.5, 6.0, 62.0],
    "top left": [-4.0, -6.0, 30.0, 40.0],
    "bottom right": [70.0, 40.0, 25.0, 38.0],
    "tiny": [50.1, 33.3, 2.2, 3.1],
    "all": [0.0, 0.0, 90.0, 70.0],
}
SMALL = {"height": 32, "width": 24}
FULL = {"height": 256, "width": 192}


def text(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def picture(rng):
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    waves = np.stack([np.sin(x / a + y / b) * 90 + 128 for a, b in [(3.1, 7.0), (11.0, 2.3), (5.0, 5.0)]], -1)
    return (waves + rng.normal(0, 20, waves.shape)).clip(0, 255).astype(np.uint8)


def by_transformers(image, box, size):
    processor = VitPoseImageProcessor(size=size, do_rescale=False, do_normalize=False)
    pixels = processor(image, boxes=[[box]], return_tensors="np").pixel_values[0]
    return pixels.transpose(1, 2, 0).astype(np.uint8)


def by_opencv(image, box, size):
    """mmpose's TopdownAffine without UDP: three points, warpAffine."""
    x, y, width, height = box
    aspect = size["width"] / size["height"]
    centre = np.array([x + width / 2, y + height / 2])
    width, height = width * 1.25, height * 1.25
    if width > height * aspect:
        height = width / aspect
    else:
        width = height * aspect
    points = np.float32([centre, centre - [0, width / 2], centre - [width / 2, width / 2]])
    middle = np.array([size["width"], size["height"]]) / 2
    goals = np.float32([middle, middle - [0, size["width"] / 2], middle - [size["width"] / 2] * 2])
    # The third point is the first two's corner, turned left: (-dy, dx) of the second about the first.
    matrix = cv2.getAffineTransform(points, goals)
    return cv2.warpAffine(image, matrix, (size["width"], size["height"]), flags=cv2.INTER_LINEAR)


def crops(image):
    for name, box in BOXES.items():
        small, full = by_transformers(image, box, SMALL), by_transformers(image, box, FULL)
        yield {
            "name": name,
            "box": box,
            "udp": text(small),
            "udpFullSha256": hashlib.sha256(np.ascontiguousarray(full).tobytes()).hexdigest(),
            "corners": text(by_opencv(image, box, SMALL)),
        }


def normalised(image):
    processor = VitPoseImageProcessor(size=SMALL)
    return text(processor(image, boxes=[[BOXES["inside"]]], return_tensors="np").pixel_values[0].astype("<f4"))


def heatmaps(rng):
    """Bumps inside, at edges and corners, two in one map, noise on them, a flat map, one without a positive value."""
    width, height = 24, 32
    y, x = np.mgrid[0:height, 0:width]
    bump = lambda cx, cy, top=0.9, sigma=2.0: top * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * sigma**2))
    maps = [bump(cx, cy) for cx, cy in [(11.3, 15.8), (5.0, 20.0), (0.2, 14.6), (23.0, 31.0), (12.49, 0.4), (22.7, 8.5)]]
    maps += [bump(cx, cy) + rng.normal(0, 0.02, x.shape) for cx, cy in [(8.4, 9.1), (16.6, 25.2), (3.5, 28.5), (20.1, 4.3)]]
    maps += [bump(7.0, 8.2, 0.6) + bump(9.1, 9.0, 0.55), bump(14.2, 20.3, 0.3, 1.1), bump(10.6, 12.4, 0.02)]
    maps += [np.full(x.shape, 0.0005), -0.1 - bump(4.0, 4.0), bump(18.3, 18.9, 1.4), bump(6.6, 6.7, 0.8, 3.0)]
    return np.stack(maps).astype(np.float32)[None]


def decoded(maps):
    box = [30.25, 20.5, 17.75, 31.0]
    outputs = VitPoseEstimatorOutput(heatmaps=torch.from_numpy(maps))
    [[pose]] = VitPoseImageProcessor().post_process_pose_estimation(outputs, boxes=[[box]])
    keypoints = np.concatenate([pose["keypoints"].numpy(), pose["scores"].numpy()[:, None]], axis=1)
    return {
        **{"width": maps.shape[3], "height": maps.shape[2], "maps": text(maps.astype("<f4")), "box": box},
        "keypoints": keypoints.astype(float).round(5).tolist(),
    }


def main():
    rng = np.random.default_rng(8)
    image = picture(rng)
    golden = {
        "madeBy": f"transformers {transformers.__version__}, scipy {scipy.__version__}, OpenCV {cv2.__version__}",
        "picture": {"width": WIDTH, "height": HEIGHT, "data": text(image)},
        "crops": list(crops(image)),
        "normalised": normalised(image),
        "heatmaps": decoded(heatmaps(rng)),
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(golden, indent=1) + "\n")


main()
