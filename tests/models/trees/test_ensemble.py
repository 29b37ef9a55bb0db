"""`Trees` holds what is an ensemble of trees, and rounds its thresholds without moving a number."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.errors import ModelError
from telltale.models.trees.ensemble import LEAF, Trees, by_output, rounded_thresholds


def stump(threshold: float = 0.5, *, is_strict: bool = False, dtype: str = "float32") -> Trees:
    return Trees(
        starts=np.array([0, 3]),
        feature=np.array([0, LEAF, LEAF]),
        threshold=np.array([threshold, 0.0, 0.0]),
        left=np.array([1, LEAF, LEAF]),
        right=np.array([2, LEAF, LEAF]),
        is_missing_left=np.array([True, False, False]),
        value=np.array([[0.0], [1.0], [2.0]]),
        cover=np.array([2.0, 1.0, 1.0]),
        base=np.zeros(1),
        n_features=1,
        is_strict=is_strict,
        dtype=dtype,
    )


@given(
    threshold=st.floats(allow_nan=False),
    value=st.floats(width=32, allow_nan=False),
    is_strict=st.booleans(),
)
def test_a_rounded_threshold_lets_through_the_same_float32_numbers(
    threshold: float, value: float, is_strict: bool
) -> None:
    rounded = float(rounded_thresholds(stump(threshold, is_strict=is_strict))[0])
    assert float(np.float32(rounded)) == rounded
    with np.errstate(over="ignore", under="ignore"):
        above = float(np.nextafter(np.float32(rounded), np.float32(np.inf)))
    for number in (value, rounded, above):
        passes = number < threshold if is_strict else number <= threshold
        assert (number < rounded if is_strict else number <= rounded) == passes


def test_thresholds_of_float64_trees_stay() -> None:
    assert rounded_thresholds(stump(0.1, dtype="float64"))[0] == 0.1


def two_outputs(second: tuple[float, float]) -> Trees:
    """Return a tree for the first output and one whose left leaf gives `second`."""
    one = stump()
    twice: dict[str, Any] = {name: np.tile(getattr(one, name), 2) for name in SAME}
    return replace(
        one,
        starts=np.array([0, 3, 6]),
        left=np.array([1, LEAF, LEAF, 5, LEAF, LEAF]),
        right=np.array([2, LEAF, LEAF, 4, LEAF, LEAF]),
        value=np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [0.0, 0.0], [0.0, 3.0], list(second)]),
        base=np.array([0.1, 0.2]),
        **twice,
    )


SAME = "feature", "threshold", "is_missing_left", "cover"


def test_trees_for_one_output_each_are_put_apart_with_their_base() -> None:
    first, second = by_output(two_outputs((0.0, 4.0)))
    assert first.value[:, 0].tolist() == [0.0, 1.0, 2.0]
    assert second.value[:, 0].tolist() == [0.0, 3.0, 4.0]
    assert (first.left.tolist(), second.left.tolist()) == ([1, LEAF, LEAF], [2, LEAF, LEAF])
    assert (first.base.tolist(), second.base.tolist()) == ([0.1], [0.2])


@pytest.mark.parametrize("second", [(0.5, 4.0), (0.5, 0.0)])
def test_a_tree_for_several_outputs_keeps_all_together(second: tuple[float, float]) -> None:
    whole = two_outputs(second)
    assert by_output(whole) == (whole,)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no trees": ({"starts": np.array([0])}, "no trees"),
    "a node in a circle": ({"left": np.array([0, LEAF, LEAF])}, "no branch, or by two"),
    "a node reached twice": ({"right": np.array([1, LEAF, LEAF])}, "no branch, or by two"),
    "a branch out of it": ({"right": np.array([9, LEAF, LEAF])}, "leads nowhere"),
    "a column that is not there": ({"feature": np.array([7, LEAF, LEAF])}, "not one of 1"),
    "a value that is none": ({"value": np.full((3, 1), np.nan)}, "finite"),
    "a threshold that is none": ({"threshold": np.full(3, np.nan)}, "no number"),
    "a gap between trees": ({"starts": np.array([1, 3])}, "one after the other"),
    "too many columns": ({"n_features": 10**9}, "columns"),
    "two outputs, one value": ({"base": np.zeros(2)}, "no trees or no outputs"),
}


@pytest.mark.parametrize(("fields", "reason"), WRONG.values(), ids=WRONG)
def test_what_is_no_ensemble_of_trees_is_refused(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        replace(stump(), **fields)
