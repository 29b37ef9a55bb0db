"""A JSON file is told apart: XGBoost's, LightGBM's, or neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from telltale.errors import ModelError
from telltale.models.importers.boosters import convert
from tests.models.trees.grown import (
    by_lightgbm,
    by_xgboost,
    lightgbm_file,
    rows,
    targets,
    xgboost_file,
)

X = rows()


def test_both_libraries_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_bytes(xgboost_file(by_xgboost({}, X, targets(X))))
    assert convert(path).source == "XGBoost"
    path.write_bytes(lightgbm_file(by_lightgbm({}, X, targets(X)[:, 0])))
    assert convert(path).source == "LightGBM"


@pytest.mark.parametrize("text", [b"", b"{}", b'{"a": 1}', b"\xff\xfe"])
def test_another_json_is_refused_with_what_to_do(text: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_bytes(text)
    with pytest.raises(ModelError, match="neither XGBoost nor LightGBM"):
        convert(tmp_path / "model.json")
