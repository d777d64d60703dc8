"""Writes the tiny ONNX models that the tests of packages/workers run on: every output is arithmetic that a reader can
redo by hand, in the contracts of the public exports but a few kB small. Nothing in them is trained or random.

    python -m venv /tmp/golden && /tmp/golden/bin/pip install onnx==1.23.2 numpy
    /tmp/golden/bin/python tools/golden/make-onnx-fixtures.py
"""

import json
import pathlib

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

OUT = pathlib.Path(__file__).resolve().parents[2] / "packages/workers/test/fixtures"
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64

# Boxes of the tiny detectors (cx, cy, w, h as parts of the picture) and what each class adds to its score.
BOXES = [[0.25, 0.25, 0.5, 0.5], [0.5, 0.5, 1.0, 1.0], [0.75, 0.75, 0.25, 0.5], [0.5, 0.5, 1.0, 0.5]]
LOGITS = [[-9.0, 2.0, -9.0], [-9.0, -9.0, 1.0], [-9.0, -1.0, -9.0], [3.0, -9.0, -9.0]]


def info(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def const(name, values, dtype=np.float32):
    return numpy_helper.from_array(np.array(values, dtype), name)


def write(path, nodes, inputs, outputs, initializers):
    graph = helper.make_graph(nodes, path.stem, inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="spillway-tests")
    model.ir_version = 9
    checker.check_model(model, full_check=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    save(model, path)
    print(path.relative_to(OUT), path.stat().st_size, "bytes")


def detector(path, picture, boxes_name, logits_name, shape, out_batch):
    """Class scores = LOGITS + mean of the red, green and blue plane: a test sees what arrives after normalisation."""
    nodes = [
        helper.make_node("ReduceMean", [picture], ["planes"], axes=[2, 3], keepdims=0),
        helper.make_node("Unsqueeze", ["planes", "one"], ["rows"]),
        helper.make_node("Add", ["base", "rows"], [logits_name]),
        helper.make_node("Mul", ["rows", "zero"], ["nothing"]),
        helper.make_node("ReduceSum", ["nothing", "last"], ["none"], keepdims=1),
        helper.make_node("Add", ["where", "none"], [boxes_name]),
    ]
    outputs = [info(boxes_name, FLOAT, [out_batch, 4, 4]), info(logits_name, FLOAT, [out_batch, 4, 3])]
    inits = [
        const("one", [1], np.int64),
        const("last", [2], np.int64),
        const("zero", 0.0),
        const("base", [LOGITS]),
        const("where", [BOXES]),
    ]
    write(path, nodes, [info(picture, FLOAT, shape)], outputs, inits)


def embeddings(batch):
    return [
        info("image_embeddings.0", FLOAT, [batch, 32, 16, 16]),
        info("image_embeddings.1", FLOAT, [batch, 64, 8, 8]),
        info("image_embeddings.2", FLOAT, [batch, 256, 4, 4]),
    ]


def segmenter(folder):
    """Embedding 0 = brightness of each 4 x 4 block; a mask = that brightness inside the box, -10 outside.
    Candidate 0 is dimmer by 100 (nothing left), 1 is as it is, 2 is brighter by 100 (the whole box)."""
    nodes = [helper.make_node("ReduceMean", ["pixel_values"], ["grey"], axes=[1], keepdims=1)]
    inits = []
    for level, (channels, cell) in enumerate([(32, 4), (64, 8), (256, 16)]):
        side = 64 // cell
        nodes += [
            helper.make_node("AveragePool", ["grey"], [f"pool{level}"], kernel_shape=[cell, cell], strides=[cell, cell]),
            helper.make_node("Expand", [f"pool{level}", f"shape{level}"], [f"image_embeddings.{level}"]),
        ]
        inits.append(const(f"shape{level}", [1, channels, side, side], np.int64))
    write(folder / "onnx/vision_encoder.onnx", nodes, [info("pixel_values", FLOAT, [1, 3, 64, 64])], embeddings(1), inits)

    centres = (np.arange(16) + 0.5) * 4
    nodes = [
        helper.make_node("Slice", ["image_embeddings.0", "zero1", "one1", "axis1"], ["bright"]),
        helper.make_node("Split", ["input_boxes"], ["x0", "y0", "x1", "y1"], axis=2),
    ]
    for name in ["x0", "y0", "x1", "y1"]:
        nodes.append(helper.make_node("Unsqueeze", [name, "tail"], [f"{name}u"]))
    nodes += [
        helper.make_node("Greater", ["columns", "x0u"], ["left"]),
        helper.make_node("Less", ["columns", "x1u"], ["right"]),
        helper.make_node("Greater", ["rows", "y0u"], ["top"]),
        helper.make_node("Less", ["rows", "y1u"], ["bottom"]),
        helper.make_node("And", ["left", "right"], ["across"]),
        helper.make_node("And", ["top", "bottom"], ["down"]),
        helper.make_node("And", ["across", "down"], ["inside"]),
        helper.make_node("Unsqueeze", ["bright", "axis1"], ["bright5"]),
        helper.make_node("Add", ["bright5", "offsets"], ["candidates"]),
        helper.make_node("Where", ["inside", "candidates", "outside"], ["pred_masks"]),
        helper.make_node("Mul", ["x0", "nothing"], ["blank"]),
        helper.make_node("Add", ["blank", "ious"], ["iou_scores"]),
    ]
    inits = [
        const("zero1", [0], np.int64),
        const("one1", [1], np.int64),
        const("axis1", [1], np.int64),
        const("tail", [3, 4], np.int64),
        const("columns", centres.reshape(1, 1, 1, 1, 16)),
        const("rows", centres.reshape(1, 1, 1, 16, 1)),
        const("offsets", np.array([-100.0, 0.0, 100.0]).reshape(1, 1, 3, 1, 1)),
        const("outside", -10.0),
        const("nothing", 0.0),
        const("ious", [[[0.25, 0.875, 0.5]]]),
    ]
    # The slice keeps its channel axis, so brightness is [1, 1, 16, 16] and fits every box and candidate.
    inputs = [
        info("input_points", FLOAT, ["batch", "point_batch", "points", 2]),
        info("input_labels", INT64, ["batch", "label_batch", "labels"]),
        info("input_boxes", FLOAT, ["batch", "boxes", 4]),
        *embeddings("batch"),
    ]
    outputs = [
        info("iou_scores", FLOAT, ["batch", "prompts", 3]),
        info("pred_masks", FLOAT, ["batch", "prompts", 3, 16, 16]),
    ]
    write(folder / "onnx/prompt_encoder_mask_decoder.onnx", nodes, inputs, outputs, inits)


def arithmetic(path):
    nodes = [
        helper.make_node("Add", ["numbers", "numbers"], ["doubled"]),
        helper.make_node("Mul", ["counts", "counts"], ["squared"]),
    ]
    inputs = [info("numbers", FLOAT, ["n"]), info("counts", INT64, ["m", 2])]
    outputs = [info("doubled", FLOAT, ["n"]), info("squared", INT64, ["m", 2])]
    write(path, nodes, inputs, outputs, [])


def powers(path):
    """Each square matrix to the 16th power, by 15 products: as slow as the matrix that a test feeds is large."""
    nodes = [helper.make_node("MatMul", ["matrix" if i == 2 else f"power{i - 1}", "matrix"], [f"power{i}"]) for i in range(2, 17)]
    shape = ["batch", "side", "side"]
    write(path, nodes, [info("matrix", FLOAT, shape)], [info("power16", FLOAT, shape)], [])


def poses_in_columns_and_rows(path):
    """RTMPose's contract: each column scores as its lightest pixel of the keypoint's colour (red, green, blue in turn), as
    each row does, twice over, since two places go to a pixel. Scores are cut to 0 … 1."""
    nodes = [helper.make_node("Gather", ["input", "colours"], ["planes"], axis=1)]
    inits = [
        const("colours", np.arange(17) % 3, np.int64),
        const("low", 0.0),
        const("high", 1.0),
        const("tail", [3], np.int64),
        const("twice", [1, 1, 1, 2], np.int64),
    ]
    for name, axis, size in [("simcc_x", 2, 384), ("simcc_y", 3, 512)]:
        inits.append(const(f"{name}_shape", [0, 17, size], np.int64))
        nodes += [
            helper.make_node("ReduceMax", ["planes"], [f"{name}_best"], axes=[axis], keepdims=0),
            helper.make_node("Clip", [f"{name}_best", "low", "high"], [f"{name}_cut"]),
            helper.make_node("Unsqueeze", [f"{name}_cut", "tail"], [f"{name}_one"]),
            helper.make_node("Tile", [f"{name}_one", "twice"], [f"{name}_two"]),
            helper.make_node("Reshape", [f"{name}_two", f"{name}_shape"], [name]),
        ]
    outputs = [info("simcc_x", FLOAT, ["batch", 17, 384]), info("simcc_y", FLOAT, ["batch", 17, 512])]
    write(path, nodes, [info("input", FLOAT, ["batch", 3, 256, 192])], outputs, inits)


arithmetic(OUT / "arithmetic.onnx")
powers(OUT / "powers.onnx")
detector(OUT / "official-rf-detr.onnx", "input", "dets", "labels", [1, 3, 32, 32], 1)
EXPORT = OUT / "rfdetr_small-ONNX"
detector(
    EXPORT / "onnx/model.onnx", "pixel_values", "pred_boxes", "logits", ["batch", 3, "height", "width"], "batch"
)
(EXPORT / "config.json").write_text(
    json.dumps({"model_type": "rf_detr", "id2label": {"0": "wall", "1": "crack", "2": "spall"}}, indent=2) + "\n"
)
(EXPORT / "preprocessor_config.json").write_text(
    json.dumps({"size": {"height": 32, "width": 32}, "image_mean": [0, 0, 0], "image_std": [1, 1, 1]}, indent=2) + "\n"
)
poses_in_columns_and_rows(OUT / "rtmpose-tiny/end2end.onnx")
segmenter(OUT / "sam2.1-tiny-ONNX")
(OUT / "sam2.1-tiny-ONNX/config.json").write_text(json.dumps({"model_type": "sam2"}, indent=2) + "\n")
