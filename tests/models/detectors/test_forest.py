"""The isolation forest: trees that separate, and the mean path of the source."""

from __future__ import annotations

import math

import numpy as np
import pytest

from telltale.models.detectors.forest import ForestSettings, grown
from telltale.models.detectors.forest_core import usual_path


def test_the_usual_path_is_that_of_a_failed_search_in_a_binary_tree() -> None:
    harmonic = sum(1.0 / i for i in range(1, 256))
    assert usual_path(256) == pytest.approx(2.0 * harmonic - 2.0 * 255 / 256, rel=1e-3)
    assert [usual_path(n) for n in (0, 1, 2)] == [0.0, 0.0, 1.0]


def test_rows_far_from_all_others_are_set_apart_by_fewer_cuts() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(2000, 4))
    forest = grown(rows, ForestSettings(), rng)
    inside, one_off = np.zeros((1, 4)), np.array([[0.0, 0.0, 8.0, 0.0]])
    usual = forest.scores(rows)
    assert forest.scores(inside)[0] < np.quantile(usual, 0.5)
    assert forest.scores(one_off)[0] > usual.max()


def test_every_drawn_row_ends_in_a_leaf_and_paths_add_up() -> None:
    rows = np.random.default_rng(2).normal(size=(64, 2))
    forest = grown(rows, ForestSettings(trees=20, rows=64), np.random.default_rng(3))
    found = -np.log2(forest.scores(rows)) * usual_path(64)
    assert (found > 1.0).all()
    assert found.mean() == pytest.approx(usual_path(64) * 1.5, rel=0.3)  # half the cuts miss


def test_the_same_seed_grows_the_same_trees() -> None:
    rows = np.random.default_rng(4).normal(size=(300, 3))
    one, other = (grown(rows, ForestSettings(), np.random.default_rng(5)) for _ in range(2))
    assert one.cuts.tobytes() == other.cuts.tobytes()


def test_rows_that_are_all_alike_are_survived() -> None:
    rows = np.full((300, 3), 7.0)
    forest = grown(rows, ForestSettings(trees=10), np.random.default_rng(6))
    assert math.isfinite(forest.scores(rows[:1])[0])
