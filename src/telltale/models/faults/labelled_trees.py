"""Trees that tell labelled faults apart, and how well they do on stretches that were left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec
import numpy as np

from telltale.batch import FloatArray, IntArray
from telltale.models.card import Measured
from telltale.models.estimates.boosted import asked
from telltale.models.faults.labelled_core import NORMAL
from telltale.models.trees.ensemble import Trees
from telltale.models.trees.growing import grown_trees, xgboost_for
from telltale.profiles.schema import PositiveFloat

MOST_FOLDS = 10
MARGIN, MOST_LIMIT = 0.05, 0.9  # the limit lies so far above what normal stretches gave


class FaultSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How faults are learnt.

    Attributes:
        window_s: Over which level and spread of each channel are taken.
        trees: Per class.
        depth: Of a tree.
        least_limit: An intensity above it is an alarm; more where normal stretches came near it.
    """

    window_s: Annotated[PositiveFloat, msgspec.Meta(le=3600.0)] = 30.0
    trees: Annotated[int, msgspec.Meta(ge=1, le=500)] = 60
    depth: Annotated[int, msgspec.Meta(ge=1, le=8)] = 3
    least_limit: Annotated[float, msgspec.Meta(ge=0.05, le=0.9)] = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class FaultTable:
    """What the trees see: one row per question; parts are what is left out together.

    Attributes:
        rows: Shape (n, columns).
        label: Place of each row's class, shape (n,).
        part: Which part each is of, shape (n,); -1 is never left out.
    """

    rows: FloatArray
    label: IntArray
    part: IntArray


def left_out(table: FaultTable, n_classes: int, settings: FaultSettings) -> FloatArray:
    """Return what trees say that have not seen a row's part, shape (n, classes); else NaN."""
    given = np.full((len(table.rows), n_classes), np.nan)
    numbers = np.unique(table.part[table.part >= 0])
    n_folds = min(MOST_FOLDS, len(numbers))
    for fold in range(n_folds):
        is_out = np.isin(table.part, numbers[fold::n_folds])
        learnt = table.label[~is_out]
        if len(np.unique(learnt)) < n_classes:  # all stretches of a class fell into one fold
            continue
        trees = grown_classes(table.rows[~is_out], learnt, n_classes, settings)
        given[is_out] = asked(trees, table.rows[is_out])
    return given


def limit_of(given: FloatArray, table: FaultTable, at: int, settings: FaultSettings) -> float:
    """Return the limit of a fault: above what it came to on normal stretches left out."""
    normal = given[table.label == 0, at]
    normal = normal[np.isfinite(normal)]
    most = float(normal.max()) + MARGIN if len(normal) else settings.least_limit
    return round(min(max(settings.least_limit, most), MOST_LIMIT), 3)


def quality_of(
    given: FloatArray, table: FaultTable, classes: tuple[str, ...]
) -> tuple[Measured, ...]:
    """Return how well each class was told on stretches that were left out; unknown ones lack."""
    found = []
    is_known = np.isfinite(given).all(axis=1)
    for at, name in enumerate(classes):
        rows = np.flatnonzero(is_known & (table.label == at))
        if not len(rows):
            continue
        numbers = np.unique(table.part[rows])
        right = given[rows].argmax(axis=1) == at
        share = float(np.mean([right[table.part[rows] == number].mean() for number in numbers]))
        what = "parts of the normal stretch" if name == NORMAL else "stretches"
        protocol = f"{len(numbers)} {what} left out in turn, mean share of their time"
        found.append(Measured(f"{name} told right", round(share, 4), protocol))
    return tuple(found)


def grown_classes(
    rows: FloatArray, label: IntArray, n_classes: int, settings: FaultSettings
) -> Trees:
    """Return trees that give each class's probability; classes count alike.

    Raises:
        MissingExtraError: XGBoost is not installed.
    """
    xgboost = xgboost_for("Learning faults")
    weight = (len(label) / n_classes / np.bincount(label, minlength=n_classes))[label]
    data = xgboost.DMatrix(rows.astype(np.float32), label, weight=weight, nthread=1)
    how = {
        "objective": "multi:softprob",
        "num_class": n_classes,
        "max_depth": settings.depth,
        "eta": 0.1,
        "subsample": 0.7,
        "colsample_bynode": 0.5,
        "min_child_weight": 5.0,
        "tree_method": "hist",
        "seed": 0,
    }
    return grown_trees(xgboost, how, data, settings.trees)
