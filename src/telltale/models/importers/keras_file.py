"""Opens `.keras` and `.h5` files without Keras or TensorFlow, and reads weights out of them."""

from __future__ import annotations

import contextlib
import io
import json
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from telltale.errors import ModelError
from telltale.models.importers.keras_model import KerasModel, Weights, keras_model

MAX_CONFIG_BYTES = 16 * 2**20
MAX_WEIGHTS_BYTES = 256 * 2**20
MAX_ARRAYS = 64  # in one layer


@contextlib.contextmanager
def open_keras(path: Path) -> Iterator[KerasModel]:
    """Give what a `.keras` or `.h5` file holds, while it is open. Code in it is never run.

    Raises:
        ModelError: It is damaged or too large, or its layers do not follow one another. What goes
            wrong while it is open is told so too.
    """
    try:
        read = _open_archive if zipfile.is_zipfile(path) else _open_h5
        with read(path) as model:
            yield model
    except RecursionError:
        raise ModelError(f"{path.name}: its configuration is nested too deeply.") from None
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        raise ModelError(f"{path.name}: damaged: {error}.") from None
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ModelError(
            f"{path.name}: this is not a model that Keras saved ({type(error).__name__}: {error})."
        ) from None


@contextlib.contextmanager
def _open_archive(path: Path) -> Iterator[KerasModel]:
    """Read `.keras`: a zip archive of JSON and an HDF5 file."""
    with zipfile.ZipFile(path) as archive:
        config = json.loads(_unpacked(archive, "config.json", MAX_CONFIG_BYTES))
        metadata = json.loads(_unpacked(archive, "metadata.json", MAX_CONFIG_BYTES))
        store = io.BytesIO(_unpacked(archive, "model.weights.h5", MAX_WEIGHTS_BYTES))
    found: Counter[str] = Counter()

    def weights(entry: dict[str, Any]) -> Weights:
        kind = _snake_case(entry["class_name"])
        place = f"layers/{kind}" + (f"_{found[kind]}" if found[kind] else "")
        found[kind] += 1
        inner = {"TimeDistributed": "/layer", "LSTM": "/cell", "GRU": "/cell"}
        place += inner.get(entry["class_name"], "")
        return lambda: _numbered(file, f"{place}/vars")

    with h5py.File(store, "r") as file:
        yield keras_model(config, str(metadata["keras_version"]), weights)


def _unpacked(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """Return a file of the archive. The size in its header is not believed."""
    with archive.open(name) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ModelError(f"{name} unpacks to more than {most // 2**20} MB.")
    return data


@contextlib.contextmanager
def _open_h5(path: Path) -> Iterator[KerasModel]:
    """Read the older `.h5`."""

    def weights(entry: dict[str, Any]) -> Weights:
        name = entry["config"]["name"]
        return lambda: _named(file, f"model_weights/{name}")

    with h5py.File(path, "r") as file:
        if "model_config" not in file.attrs:
            raise ModelError(
                f"{path.name}: it holds weights only. Save the whole model: model.save(...)."
            )
        config = json.loads(_text(file.attrs["model_config"]))
        yield keras_model(config, _text(file.attrs.get("keras_version", "2")), weights)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _snake_case(name: str) -> str:
    """Return a class name as Keras writes it in a weights file: LeakyReLU is leaky_re_lu."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _numbered(file: h5py.File, place: str) -> list[np.ndarray]:
    """Return the arrays of a `.keras` layer: 0, 1, 2 ..."""
    group = _at(file, place)
    if len(group) > MAX_ARRAYS:
        raise ModelError(f"{place}: {len(group)} arrays in one layer.")
    return [_array(_at(group, str(at)), f"{place}/{at}") for at in range(len(group))]


def _named(file: h5py.File, place: str) -> list[np.ndarray]:
    """Return the arrays of an `.h5` layer, in the order that its attribute tells."""
    group = _at(file, place)
    names = [_text(name) for name in group.attrs["weight_names"]]
    if len(names) > MAX_ARRAYS:
        raise ModelError(f"{place}: {len(names)} arrays in one layer.")
    return [_array(_at(group, name), f"{place}/{name}") for name in names]


def _at(group: Any, place: str) -> Any:
    """Return what lies at a place, if every step to it stays in this file."""
    for part in place.split("/"):
        link = group.get(part, getlink=True)
        if link is None:
            raise ModelError(f"The weights have no {place!r}. Was the model saved whole?")
        if not isinstance(link, h5py.HardLink):
            raise ModelError(f"The weights at {place!r} lie in another file: refused.")
        group = group[part]
    return group


def _array(found: Any, place: str) -> np.ndarray:
    """Return one array of weights as float32."""
    if not isinstance(found, h5py.Dataset):
        raise ModelError(f"{place} is no array.")
    if found.external or found.is_virtual:
        raise ModelError(f"The weights at {place!r} lie in another file: refused.")
    if found.dtype.kind not in "fiu" or found.size * 4 > MAX_WEIGHTS_BYTES:
        raise ModelError(f"{place}: {found.dtype} of shape {found.shape} cannot be taken.")
    array = np.asarray(found[()], dtype=np.float32)
    if not np.isfinite(array).all():
        raise ModelError(f"{place} holds numbers that are not finite.")
    return array
