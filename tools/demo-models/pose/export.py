"""Writes the model folder `demo-vitpose-markers`: a graph put together by hand, and `model.json`.

Nothing is learned. Each pixel belongs to the marker whose hue and brightness are nearest, if it is
saturated enough; of each marker's pixels those around the densest place are kept, and blurred to a
heat map as ViTPose gives it: UDP's grid, deviation 2, greatest value 1 where the marker is well seen.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.append(str(Path(__file__).resolve().parents[1]))
from model_files import put

ROOT = Path(__file__).resolve().parents[3]
MARKERS = ROOT / "packages" / "workers" / "test" / "mannequin" / "markers.json"
MODELS = ROOT / "packages" / "workers" / "src" / "models"
NAME = "demo-vitpose-markers"
OPSET = 17
HEIGHT, WIDTH, CELL = 256, 192, 4
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
DEVIATION = 2.0  # of a heat map's peak, in its cells
BRIGHTNESS_WEIGHT = 0.5  # light changes brightness more than hue
SPREAD = 0.08  # squared distance at which a pixel counts 1/e
REACH = 3  # cells around the densest one that belong to the marker
CENTRE = (14.0, 40.0)  # cells; of equal candidates the one nearer to the crop's middle line wins
FACE = 0.55  # area of a face's marker, of one on the body
LEAST = 0.3  # cells covered by the smallest whole marker
HIDDEN, WHOLE = 0.25, 0.75  # shares of a marker's usual area at which it counts as not seen and as well seen


def hue_of(rgb):
    """Pixel values to their place on the rim of the colour cube: 1 in the greatest channel, 0 in the least."""
    low, high = rgb.min(-1, keepdims=True), rgb.max(-1, keepdims=True)
    return (rgb - low) / (high - low)


class Graph:
    """Collects nodes and constants; each call answers the name of its result."""

    def __init__(self):
        self.nodes, self.constants, self.count = [], [], 0

    def constant(self, value):
        self.count += 1
        name = f"c{self.count}"
        kind = np.int64 if np.asarray(value).dtype == np.int64 and np.ndim(value) else np.float32
        self.constants.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def __call__(self, kind, *inputs, output=None, second=None, **attributes):
        self.count += 1
        output = output or f"t{self.count}"
        names = [each if isinstance(each, str) else self.constant(each) for each in inputs]
        outputs = [output] if second is None else [output, second]
        self.nodes.append(helper.make_node(kind, names, outputs, **attributes))
        return output


def memberships(graph, pixels, colours):
    """[B,3,h,w] -> [B,17,h,w]: how much each pixel belongs to each marker."""
    rgb = graph("Add", graph("Mul", pixels, np.reshape(STD, (1, 3, 1, 1))), np.reshape(MEAN, (1, 3, 1, 1)))
    high = graph("ReduceMax", rgb, axes=[1], keepdims=1)
    low = graph("ReduceMin", rgb, axes=[1], keepdims=1)
    span = graph("Sub", high, low)
    hue = graph("Div", graph("Sub", rgb, low), graph("Add", span, 1e-3))
    place = graph("Concat", hue, graph("Mul", high, np.sqrt(BRIGHTNESS_WEIGHT)), axis=1)
    targets = np.concatenate([hue_of(colours), np.sqrt(BRIGHTNESS_WEIGHT) * colours.max(1, keepdims=True)], 1)
    # |place - target|^2, its part without the target apart: all targets share it.
    shared = graph("ReduceSumSquare", place, axes=[1], keepdims=1)
    cross = graph("Conv", place, (-2 * targets)[:, :, None, None], (targets**2).sum(1))
    nearest = graph("ReduceMin", cross, axes=[1], keepdims=1)
    closeness = graph("Exp", graph("Mul", graph("Add", nearest, shared), -1 / SPREAD))
    saturated = ramp(graph, graph("Div", span, graph("Add", high, 1e-3)), 0.45, 0.7)
    weight = graph("Mul", closeness, graph("Mul", saturated, ramp(graph, high, 0.2, 0.35)))
    return graph("Where", graph("LessOrEqual", cross, nearest), weight, 0.0)


def ramp(graph, value, start, end):
    scaled = graph("Mul", graph("Sub", value, start), 1 / (end - start))
    return graph("Clip", scaled, 0.0, 1.0)


def blur(cells, size):
    """[cells, size] weights that sample Gaussians at UDP's places: cell 0 and the last one on the outermost pixels."""
    centres = np.arange(cells) * CELL + (CELL - 1) / 2
    places = np.arange(cells) * (size - 1) / (cells - 1)
    return np.exp(-((centres[None] - places[:, None]) ** 2) / (2 * (DEVIATION * CELL) ** 2))


def heatmaps(graph, belongs):
    """[B,17,h,w] -> [B,17,h/4,w/4]."""
    rows, columns = HEIGHT // CELL, WIDTH // CELL
    cells = graph("AveragePool", belongs, kernel_shape=[CELL, CELL], strides=[CELL, CELL])
    down, across = blur(rows, HEIGHT), blur(columns, WIDTH).T

    def spread(x):
        return graph("MatMul", down, graph("MatMul", x, across))

    y, x = np.mgrid[:rows, :columns] - np.reshape([rows - 1, columns - 1], (2, 1, 1)) / 2
    central = np.exp(-((x / CENTRE[0]) ** 2) / 2 - (y / CENTRE[1]) ** 2 / 2)
    # Denser neighbourhoods first: a narrower blur than the heat map's, so that two candidates stay apart.
    dense = graph("Mul", pooled(graph, cells), central[None, None])
    peak = graph("ReduceMax", dense, axes=[2, 3], keepdims=1)
    seed = graph("Cast", graph("GreaterOrEqual", dense, peak), to=TensorProto.FLOAT)
    wide = 2 * REACH + 1
    window = graph("MaxPool", seed, kernel_shape=[wide, wide], pads=[REACH] * 4, strides=[1, 1])
    heat = spread(graph("Mul", cells, window))
    most = graph("ReduceMax", heat, axes=[2, 3], keepdims=1)
    # How large a whole marker is in this picture is told by the others: most of them are whole.
    area = graph("Mul", most, np.where(np.arange(17) < 5, 1 / FACE, 1.0).reshape(1, 17, 1, 1))
    largest = graph("TopK", area, np.int64([9]), axis=1, output="largest", second="order")
    median = graph("Slice", largest, np.int64([8]), np.int64([9]), np.int64([1]))
    share = graph("Div", area, graph("Max", median, LEAST))
    peak = ramp(graph, share, HIDDEN, WHOLE)
    graph("Mul", heat, graph("Div", peak, graph("Max", most, 1e-6)), output="heatmaps")


def pooled(graph, cells):
    return graph(
        "AveragePool", cells, kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[1, 1], count_include_pad=1
    )


def build():
    markers = json.loads(MARKERS.read_text())
    colours = np.array([marker["rgb"] for marker in markers], np.float64) / 255
    graph = Graph()
    heatmaps(graph, memberships(graph, "pixel_values", colours))
    shape = ["batch", 3, HEIGHT, WIDTH]
    maps = ["batch", len(markers), HEIGHT // CELL, WIDTH // CELL]
    inputs = [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, shape)]
    outputs = [helper.make_tensor_value_info("heatmaps", TensorProto.FLOAT, maps)]
    body = helper.make_graph(graph.nodes, NAME, inputs, outputs, graph.constants)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(), [marker["name"] for marker in markers]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=MODELS, help="folder of the model folders")
    options = parser.parse_args()
    data, names = build()
    about = {
        "id": NAME,
        "contract": "vitpose",
        "variant": "markers",
        "demo": True,
        "description": "Demo model put together by hand: in the contract of ViTPose it finds the coloured "
        "markers on the joints of drawn mannequins, and nothing else.",
        "labels": {str(index): name for index, name in enumerate(names)},
        "licence": "MIT",
        "source": "tools/demo-models/pose",
        "vramBytes": 500_000_000,
        "files": {"onnx/model.onnx": {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}},
    }
    put(options.out / NAME / "onnx" / "model.onnx", data)
    put(options.out / NAME / "model.json", (json.dumps(about, indent=2) + "\n").encode())
    print(f"{NAME}/onnx/model.onnx: {len(data)} bytes")


if __name__ == "__main__":
    main()
