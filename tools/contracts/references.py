"""Where the reference tensors of one architecture are kept: data.bin holds them one after another, index.json says what
lies where. The tests of packages/workers read both."""

import importlib.metadata
import json
import shutil

import numpy as np

from cache import CACHE

DTYPES = {"uint8": "uint8", "float32": "float32", "int64": "int64", "bool": "uint8"}


class References:
    """Collects tensors and facts of one architecture; `save` writes them. `model` is the folder of the export."""

    def __init__(self, name, packages):
        self.folder = CACHE / "references" / name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.model = self.folder / "model"
        (self.model / "onnx").mkdir(parents=True)
        self.made_by = {package: importlib.metadata.version(package) for package in packages}
        self.tensors = {}
        self.facts = {}
        self.data = (self.folder / "data.bin").open("wb")

    def add(self, name, tensor):
        """A numpy array or torch tensor; booleans are written as bytes."""
        array = np.asarray(tensor.detach().cpu() if hasattr(tensor, "detach") else tensor)
        dtype = DTYPES[str(array.dtype)]
        array = np.ascontiguousarray(array, dtype)
        # Typed arrays of JavaScript begin at multiples of their elements' size.
        self.data.write(b"\0" * (-self.data.tell() % 8))
        self.tensors[name] = {"dtype": dtype, "dims": list(array.shape), "offset": self.data.tell()}
        self.data.write(array.tobytes())

    def save(self):
        self.data.close()
        index = {"madeBy": self.made_by, "facts": self.facts, "tensors": self.tensors}
        (self.folder / "index.json").write_text(json.dumps(index, indent=1) + "\n")
        print(f"{self.folder}: {len(self.tensors)} tensors, {self.made_by}")
