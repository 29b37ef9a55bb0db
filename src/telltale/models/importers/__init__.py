"""Importers: foreign models, read without running their code, as ONNX. By suffix of the file."""

from __future__ import annotations

# Suffix -> function that reads a file and gives a `Converted`. Each runs in a process of its own.
IMPORTERS: dict[str, str] = {
    ".h5": "telltale.models.importers.keras_import:convert [models]",
    ".json": "telltale.models.importers.boosters:convert [models]",
    ".keras": "telltale.models.importers.keras_import:convert [models]",
    ".joblib": "telltale.models.importers.pickled:convert [models]",
    ".pickle": "telltale.models.importers.pickled:convert [models]",
    ".pkl": "telltale.models.importers.pickled:convert [models]",
    ".pb": "telltale.models.importers.saved_model:convert [tensorflow]",
    ".zip": "telltale.models.importers.saved_model:convert [tensorflow]",
}
