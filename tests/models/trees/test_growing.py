"""XGBoost's training says how far it is, ends when it is told to, and grows the same trees."""

from __future__ import annotations

import numpy as np
import pytest
import xgboost

from telltale.models.progress import Step, Stopped, heard_by
from telltale.models.trees.growing import steps_told

ROUNDS = 12


def grown() -> bytes:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 3))
    data = xgboost.DMatrix(rows, rows.sum(axis=1), nthread=1)
    callbacks = steps_told(xgboost, ROUNDS)
    settings = {"max_depth": 3, "nthread": 1}
    booster = xgboost.train(settings, data, num_boost_round=ROUNDS, callbacks=callbacks)
    return bytes(booster.save_raw("json"))


def test_each_tree_is_told_and_telling_changes_none() -> None:
    heard: list[Step | None] = []
    with heard_by(heard.append):
        told = grown()
    assert heard == [Step(at, ROUNDS, "tree") for at in range(1, ROUNDS + 1)]
    assert told == grown()


def test_it_ends_at_the_next_tree() -> None:
    trees = 0

    def stop_at_three(_: Step | None) -> None:
        nonlocal trees
        trees += 1
        if trees == 3:
            raise Stopped

    with heard_by(stop_at_three), pytest.raises(Stopped):
        grown()
    assert trees == 3
