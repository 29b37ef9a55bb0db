"""Writes a model's folder into `src/telltale/models/data/`, where the models that ship lie."""

from __future__ import annotations

import hashlib
import platform
import shutil
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, Batch, FloatArray
from telltale.models.card import Card
from telltale.models.folder import complete, read_folder, write_folder

SHIPPED = Path(__file__).resolve().parents[1] / "src" / "telltale" / "models" / "data"
START_NS = 1_767_225_600 * NS_PER_S  # 2026-01-01, of parity samples


def ship(card: Card, files: Mapping[str, bytes], samples: Batch, *libraries: str) -> Path:
    """Write the folder, load it again with every check, and return it."""
    made_by = {name: version(name) for name in ("telltale", "numpy", *libraries)}
    made_by["python"] = platform.python_version()
    card = msgspec.structs.replace(card, versions=made_by, created_ns=time.time_ns())
    folder = SHIPPED / card.name
    if folder.exists():
        shutil.rmtree(folder)
    write_folder(folder, *complete(card, files, samples))
    read_folder(folder)
    return folder


def parity_batch(name: str, columns: tuple[str, ...], values: FloatArray, step_s: float) -> Batch:
    """Return rows, shape (n, columns), as a batch with one row per step."""
    time_ns = START_NS + np.rint(np.arange(len(values)) * step_s * NS_PER_S).astype(np.int64)
    named = {column: np.ascontiguousarray(values[:, at]) for at, column in enumerate(columns)}
    return Batch(name, time_ns, named)


def rows_hash(*arrays: FloatArray) -> str:
    """Return the SHA-256 of arrays one after the other."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
