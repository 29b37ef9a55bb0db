"""The importer of `.json`: gradient boosting, as XGBoost saves it and LightGBM dumps it."""

from __future__ import annotations

from pathlib import Path

from telltale.errors import ModelError
from telltale.models.importers.base import Converted
from telltale.models.trees.ensemble import Trees
from telltale.models.trees.lightgbm_json import lightgbm_trees
from telltale.models.trees.write_onnx import onnx_trees
from telltale.models.trees.xgboost_json import xgboost_trees


def read_booster(text: bytes) -> tuple[Trees, str, tuple[str, ...]]:
    """Return the trees of a JSON file, the library that wrote it, and notes.

    Raises:
        ModelError: It is from neither library, or cannot be read.
    """
    if b'"tree_info"' in text and b'"tree_structure"' in text:
        return lightgbm_trees(text), "LightGBM", ()
    if b'"learner"' in text:
        trees, notes = xgboost_trees(text)
        return trees, "XGBoost", notes
    raise ModelError(
        "This JSON is from neither XGBoost nor LightGBM. Write it with "
        'booster.save_model("model.json"), or json.dump(booster.dump_model(), file).'
    )


def convert(path: Path) -> Converted:
    """Return a booster as ONNX."""
    trees, source, notes = read_booster(path.read_bytes())
    return Converted(onnx_trees(trees), source, notes)
