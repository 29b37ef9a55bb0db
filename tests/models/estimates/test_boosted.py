"""Grown trees: the library's own answers, held out by groups, joined without loss."""

from __future__ import annotations

import numpy as np
import pytest
import xgboost

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.estimates.boosted import (
    Boosting,
    asked,
    estimator,
    folds_of,
    grown,
    held_out,
    mean_of,
    side_by_side,
)
from telltale.models.trees.ensemble import LEAF, Trees

HOW = Boosting(trees=20, depth=4, least_rows=5)


def data(n: int = 600) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(n, 4))
    rows[rng.random((n, 4)) < 0.05] = np.nan
    target = 3.0 * np.nan_to_num(rows[:, 0]) + np.sin(np.nan_to_num(rows[:, 1]))
    return rows, target + rng.normal(0.0, 0.1, n)


def test_answers_are_those_of_the_library() -> None:
    rows, target = data()
    settings = {"max_depth": 4, "eta": 0.3, "tree_method": "hist", "nthread": 1, "seed": 0}
    booster = xgboost.train(settings, xgboost.DMatrix(rows.astype(np.float32), target), 25)
    how = Boosting(
        trees=25, depth=4, rate=0.3, row_share=1.0, column_share=1.0, least_rows=1, l2=1.0
    )
    expected = booster.predict(xgboost.DMatrix(rows.astype(np.float32)))
    found = asked(grown(rows, target, how), rows)[:, 0]
    # The library was given other histograms; what both learnt must agree all the same.
    assert np.corrcoef(found, expected)[0, 1] > 0.99
    assert np.abs(found - target).mean() < 0.5 * np.abs(target - target.mean()).mean()


def walked(trees: Trees, row: FloatArray) -> float:
    """Return the first output by plain steps from node to node."""
    total = float(trees.base[0])
    for root in trees.starts[:-1]:
        node = int(root)
        while trees.feature[node] != LEAF:
            x = np.float32(row[trees.feature[node]])
            is_left = trees.is_missing_left[node] if np.isnan(x) else x < trees.threshold[node]
            node = int(trees.left[node] if is_left else trees.right[node])
        total += trees.value[node, 0]
    return total


def test_answers_are_what_a_walk_from_node_to_node_gives() -> None:
    rows, target = data()
    both = side_by_side([grown(rows, target, HOW), grown(rows, target**2, HOW)])
    expected = [walked(both, row) for row in rows[:50]]
    np.testing.assert_allclose(asked(both, rows[:50])[:, 0], expected, rtol=1e-5, atol=1e-5)


def test_joined_ensembles_give_their_mean_or_stand_side_by_side() -> None:
    rows, target = data()
    one, other = grown(rows, target, HOW), grown(rows, -5.0 * target, HOW)
    each = np.column_stack([asked(one, rows), asked(other, rows)])
    mean = asked(mean_of([one, other]), rows)[:, 0]
    np.testing.assert_allclose(mean, each.mean(axis=1), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(asked(side_by_side([one, other]), rows), each, rtol=1e-6)


def test_the_same_data_give_the_same_trees() -> None:
    rows, target = data()
    one, other = (asked(grown(rows, target, HOW), rows) for _ in range(2))
    assert one.tobytes() == other.tobytes()


def test_seeds_differ_and_are_averaged() -> None:
    rows, target = data()
    single = asked(grown(rows, target, HOW), rows)
    double = asked(grown(rows, target, Boosting(trees=20, depth=4, least_rows=5, seeds=2)), rows)
    assert not np.array_equal(single, double)


def test_a_group_is_never_divided_between_folds() -> None:
    groups = np.repeat(np.arange(13), 7)
    folds = folds_of(groups, 5, np.random.default_rng(0))
    assert set(folds.tolist()) == {0, 1, 2, 3, 4}
    assert all(len(set(folds[groups == g].tolist())) == 1 for g in range(13))
    with pytest.raises(ModelError, match="at least two groups"):
        folds_of(np.zeros(9, dtype=np.int64), 5, np.random.default_rng(0))


def test_held_out_answers_know_nothing_of_their_own_fold() -> None:
    """The target is the group's number, and nothing in the columns tells it."""
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(20), 50)
    key = rng.normal(size=20)[groups]
    rows, target = np.column_stack([key, rng.normal(size=1000)]), groups.astype(np.float64)
    how = Boosting(trees=60, depth=5, rate=0.3, column_share=1.0, least_rows=1, l2=0.0)
    everything = np.ones(1000, dtype=np.bool_)
    folds = folds_of(groups, 5, rng)
    out = held_out(rows, target, how, folds, everything)
    assert np.abs(out - target).mean() > 2.0
    assert np.abs(asked(grown(rows, target, how), rows)[:, 0] - target).mean() < 0.5


def test_the_size_of_the_error_is_learnt_where_it_depends_on_the_columns() -> None:
    rng = np.random.default_rng(2)
    rows = rng.uniform(0.0, 1.0, (2000, 2))
    truth = rng.normal(0.0, np.where(rows[:, 0] > 0.5, 4.0, 0.5))
    folds = folds_of(np.arange(2000) // 20, 5, rng)
    found = estimator(
        rows,
        truth,
        truth,
        how=Boosting(trees=60, depth=2, rate=0.1, column_share=1.0),
        folds=folds,
        is_taught=np.ones(2000, dtype=np.bool_),
    )
    loud, calm = found.scale[rows[:, 0] > 0.55].mean(), found.scale[rows[:, 0] < 0.45].mean()
    assert loud > 4.0 * calm
    given = asked(found.trees, rows)
    assert given.shape == (2000, 2)
