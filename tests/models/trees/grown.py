"""Ensembles grown by the real libraries, and rows that lie next to their thresholds."""

from __future__ import annotations

import json
from typing import Any

import lightgbm
import numpy as np
import xgboost

from telltale.batch import FloatArray
from telltale.models.trees.ensemble import LEAF, Trees

ROWS, COLUMNS, ROUNDS = 1_000, 6, 25


def rows(dtype: str = "float32", *, has_missing: bool = True) -> FloatArray:
    """Return rows of float32 numbers, or of float64 ones that are none."""
    rng = np.random.default_rng(0)
    found = rng.normal(size=(ROWS, COLUMNS)).astype(dtype).astype(np.float64)
    if has_missing:
        found[rng.random(found.shape) < 0.05] = np.nan
    return found


def targets(given: FloatArray, count: int = 1) -> FloatArray:
    """Return what is to be learnt, shape (n, count)."""
    x = np.nan_to_num(given)
    noise = np.random.default_rng(1).normal(scale=0.1, size=(len(x), count))
    steps = np.arange(count)
    found: FloatArray = x[:, :1] * x[:, 1:2] + steps * x[:, 2:3] ** 2 + noise
    return found


def classes(given: FloatArray, count: int) -> FloatArray:
    """Return classes 0, 1, ... of about equal size."""
    values = targets(given)[:, 0]
    edges = np.quantile(values, np.linspace(0.0, 1.0, count + 1)[1:-1])
    return np.digitize(values, edges).astype(np.float64)


def by_xgboost(settings: dict[str, Any], given: FloatArray, wanted: FloatArray) -> Any:
    """Return a booster of XGBoost."""
    whole = {"nthread": 1, "max_depth": 5, "eta": 0.3, "seed": 0, **settings}
    return xgboost.train(whole, xgboost.DMatrix(given, wanted), ROUNDS)


def xgboost_file(booster: Any) -> bytes:
    """Return what `save_model("model.json")` writes."""
    return bytes(booster.save_raw("json"))


def by_lightgbm(settings: dict[str, Any], given: FloatArray, wanted: FloatArray) -> Any:
    """Return a booster of LightGBM."""
    whole = {"num_threads": 1, "verbose": -1, "seed": 0, "num_leaves": 15, **settings}
    return lightgbm.train(whole, lightgbm.Dataset(given, wanted), ROUNDS)


def lightgbm_file(booster: Any) -> bytes:
    """Return what `json.dump(booster.dump_model(), file)` writes."""
    return json.dumps(booster.dump_model()).encode()


def next_to_thresholds(trees: Trees, given: FloatArray) -> FloatArray:
    """Return rows of which one column is a threshold, or the number just above or below."""
    rng = np.random.default_rng(2)
    nodes = np.flatnonzero((trees.feature != LEAF) & np.isfinite(trees.threshold))
    found = given[rng.integers(0, len(given), 600)].copy()
    dtype = np.dtype(trees.dtype).type
    for at, row in enumerate(found):
        node = rng.choice(nodes)
        threshold = dtype(trees.threshold[node])
        towards = (threshold, dtype(np.inf), dtype(-np.inf))[at % 3]
        row[trees.feature[node]] = np.nextafter(threshold, towards)
    return found


def relative(found: FloatArray, wanted: FloatArray) -> float:
    """Return the largest difference, as a part of the largest number."""
    wanted = np.asarray(wanted, dtype=np.float64).reshape(found.shape)
    return float(np.abs(found - wanted).max() / max(1.0, np.abs(wanted).max()))
