"""How the folders of demo models are written, whichever network is inside."""

import os

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def halve(graph):
    """Stores large weights as float16 and casts them to float32 where they are used: half the bytes, the same arithmetic."""
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 512 or values.ndim != 4:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name + ".half"))
        casts.append(helper.make_node("Cast", [name + ".half"], [name], to=TensorProto.FLOAT))
    nodes = list(graph.node)
    del graph.node[:]
    for node in nodes:
        node.doc_string = ""
    graph.node.extend(casts + nodes)


def put(path, data):
    """Writes a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(data)
    os.replace(partial, path)
