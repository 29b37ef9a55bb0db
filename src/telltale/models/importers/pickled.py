"""The importer of `.pkl` and `.joblib`: scalers and linear models, read without unpickling."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from telltale.errors import ModelError
from telltale.models.importers.base import Converted
from telltale.models.importers.pickle_machine import Made
from telltale.models.importers.pickle_reader import read_pickle
from telltale.models.importers.sklearn_steps import STEPS, columns_of
from telltale.models.onnx_files.graph import OnnxGraph

MAX_UNPACKED_BYTES = 128 * 2**20
ESTIMATORS: dict[str, str] = {  # class -> what comes out
    "ElasticNet": "prediction",
    "Lasso": "prediction",
    "LinearRegression": "prediction",
    "LogisticRegression": "probability",
    "MaxAbsScaler": "transformed",
    "MinMaxScaler": "transformed",
    "Ridge": "prediction",
    "RobustScaler": "transformed",
    "StandardScaler": "transformed",
}
MODULES = (
    "sklearn.preprocessing._data",
    "sklearn.preprocessing.data",  # before 0.22
    "sklearn.linear_model._base",
    "sklearn.linear_model.base",
    "sklearn.linear_model._ridge",
    "sklearn.linear_model.ridge",
    "sklearn.linear_model._coordinate_descent",
    "sklearn.linear_model._logistic",
)
CLASSES = frozenset(f"{module}.{name}" for module in MODULES for name in ESTIMATORS)
PACKED: tuple[tuple[bytes, Callable[[BinaryIO], Any]], ...] = (  # first bytes -> how to unpack
    (b"\x1f\x8b", lambda file: gzip.GzipFile(fileobj=file)),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ\x00", lzma.LZMAFile),
    (b"\x5d\x00\x00", lzma.LZMAFile),
)
LZ4 = b"\x04\x22\x4d\x18"


def convert(path: Path) -> Converted:
    """Return a pickled scaler or linear model as ONNX.

    Raises:
        ModelError: It holds anything else. Nothing in the file is run.
    """
    made = read_pickle(io.BytesIO(_unpacked(path.read_bytes())), CLASSES)
    kind = made.by.rpartition(".")[2]
    if kind not in ESTIMATORS or not isinstance(made.state, dict):
        raise ModelError(f"Pickle: it holds {made.by}. Read are {', '.join(ESTIMATORS)}.")
    attributes = {name: _value(value) for name, value in made.state.items()}
    width = columns_of(attributes)
    graph = OnnxGraph((width,), "float64")
    name, columns = STEPS[kind](graph, attributes, (graph.input, width))
    version = attributes.get("_sklearn_version", "")
    onnx = graph.written({ESTIMATORS[kind]: (name, (columns,))})
    return Converted(onnx, f"scikit-learn {version} {kind}".replace("  ", " "), _notes(attributes))


def _unpacked(data: bytes) -> bytes:
    """Return the pickle inside what joblib or its user compressed."""
    if data.startswith(LZ4):
        raise ModelError("LZ4 is not unpacked. Compress with zlib, gzip, bz2, xz, or not at all.")
    try:
        if data[:1] == b"\x78":
            unpacking = zlib.decompressobj()
            found = unpacking.decompress(data, MAX_UNPACKED_BYTES + 1)
        else:
            opener = next((o for magic, o in PACKED if data.startswith(magic)), None)
            if opener is None:
                return data
            with opener(io.BytesIO(data)) as file:
                found = file.read(MAX_UNPACKED_BYTES + 1)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise ModelError(f"Cannot be unpacked: {error}.") from None
    if len(found) > MAX_UNPACKED_BYTES:
        raise ModelError(f"It unpacks to more than {MAX_UNPACKED_BYTES // 2**20} MB.")
    return found


def _value(value: Any) -> Any:
    """Return an attribute as the steps take it: arrays as arrays, single numbers as numbers."""
    if not isinstance(value, Made):
        return value
    if value.by == "scalar" and value.array is not None:
        return value.array[0].item()
    return value.array


def _notes(attributes: dict[str, Any]) -> tuple[str, ...]:
    notes = []
    if isinstance(names := attributes.get("feature_names_in_"), np.ndarray):
        notes.append(f"Columns in order: {', '.join(map(str, names))}.")
    if isinstance(classes := attributes.get("classes_"), np.ndarray):
        notes.append(f"Classes in order: {', '.join(map(str, classes))}.")
    return tuple(notes)
