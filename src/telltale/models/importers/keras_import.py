"""The importer of `.keras` and `.h5`."""

from __future__ import annotations

from pathlib import Path

from telltale.models.importers.base import Converted
from telltale.models.importers.keras_file import open_keras
from telltale.models.importers.keras_layers import keras_graph


def convert(path: Path) -> Converted:
    """Return a Keras model as ONNX. Raises ModelError, naming the layer that is not read."""
    with open_keras(path) as model:
        return Converted(keras_graph(model), f"Keras {model.version}")
