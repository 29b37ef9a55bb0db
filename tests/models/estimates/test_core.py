"""The core of an estimate: bounds of the card around what the trees give; wrong files refused."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.card import Card, Input, Training
from telltale.models.estimates.boosted import Boosting, asked, grown, side_by_side
from telltale.models.estimates.core import TREES, EstimateCore, EstimateSettings
from telltale.models.estimates.intervals import ErrorTable
from telltale.models.onnx_files.core import FILE
from telltale.models.trees.ensemble import Trees
from telltale.models.trees.kept_trees import kept_trees, read_trees
from telltale.models.trees.write_onnx import onnx_trees
from telltale.profiles.schema import Output
from tests.models.onnx_files.files import relu

TABLE = ErrorTable((0.05, 0.5, 0.95), (), ((-2.0, 0.0, 3.0),))
SETTINGS = EstimateSettings(TABLE, least_scale=0.5)


@pytest.fixture(scope="module")
def trees() -> Trees:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(500, 2))
    how = Boosting(trees=15, depth=3, rate=0.3, least_rows=5, column_share=1.0)
    return side_by_side([grown(rows, rows[:, 0] * 10.0, how), grown(rows, rows[:, 1] ** 2, how)])


def card(settings: EstimateSettings, columns: tuple[str, ...] = ("a", "b")) -> Card:
    outputs = ("value", "low", "high", *(f"c{at:g}" for at in settings.within))
    return Card(
        name="it",
        title="It",
        task="forecast",
        runtime="estimate",
        inputs={name: Input("1") for name in columns},
        columns=columns,
        core_outputs=(*outputs, *(("now",) if settings.anchor else ())),
        outputs={"value": Output("It", "1")},
        training=Training("none", is_simulated=True),
        settings=msgspec.to_builtins(settings),
    )


def core(trees: Trees, **changes: Any) -> EstimateCore:
    settings = msgspec.structs.replace(SETTINGS, **changes)
    return EstimateCore(card(settings), {FILE: onnx_trees(trees), TREES: kept_trees(trees)})


def rows(n: int = 40) -> FloatArray:
    return np.random.default_rng(1).normal(size=(n, 2))


def test_bounds_are_the_tables_errors_times_the_predicted_scale(trees: Trees) -> None:
    found, given = core(trees).run(rows()[:, None, :]), asked(trees, rows())
    scale = np.maximum(given[:, 1], 0.5)
    np.testing.assert_allclose(found[:, 0], given[:, 0], atol=1e-4)
    np.testing.assert_allclose(found[:, 1], given[:, 0] - 2.0 * scale, atol=1e-4)
    np.testing.assert_allclose(found[:, 2], given[:, 0] + 3.0 * scale, atol=1e-4)


def test_an_anchor_is_added_to_value_and_bounds_and_handed_on(trees: Trees) -> None:
    plain, anchored = core(trees).run(rows()[:, None, :]), core(trees, anchor="a")
    found = anchored.run(rows()[:, None, :])
    np.testing.assert_allclose(found[:, :3], plain + rows()[:, :1], atol=1e-9)
    np.testing.assert_array_equal(found[:, 3], rows()[:, 0])


def test_where_readings_come_in_steps_the_change_is_whole_steps(trees: Trees) -> None:
    plain = core(trees, anchor="a").run(rows()[:, None, :])
    found = core(trees, anchor="a", step=0.5).run(rows()[:, None, :])
    change, steps = plain[:, 0] - rows()[:, 0], (found[:, 0] - rows()[:, 0]) / 0.5
    np.testing.assert_allclose(steps, np.round(change / 0.5), atol=1e-9)
    assert len(np.unique(np.round(steps))) > 10
    np.testing.assert_allclose(found[:, 1] - found[:, 0], plain[:, 1] - plain[:, 0], atol=1e-9)


def test_nothing_lies_below_the_least_possible(trees: Trees) -> None:
    found = core(trees, least=0.0).run(rows()[:, None, :])
    assert found.min() == 0.0


def test_chances_follow_the_levels(trees: Trees) -> None:
    found = core(trees, within=(-1e6, 1e6)).run(rows()[:, None, :])
    assert (found[:, 3] == 0.05).all()
    assert (found[:, 4] == 0.95).all()


def test_a_row_gets_the_same_bits_whatever_is_asked_beside_it(trees: Trees) -> None:
    whole = core(trees).run(rows()[:, None, :])
    single = np.concatenate([core(trees).run(row[None, None, :]) for row in rows()])
    assert whole.tobytes() == single.tobytes()


def test_shares_add_up_to_what_the_trees_say(trees: Trees) -> None:
    evidence = core(trees).evidence(rows()[:, None, :])
    assert evidence is not None
    np.testing.assert_allclose(np.abs(evidence.share).sum(axis=1), 1.0)
    assert np.abs(evidence.share[:, 0]).mean() > 0.9  # the value hangs on the first column alone
    bare = EstimateCore(card(SETTINGS), {FILE: onnx_trees(trees)})
    assert bare.evidence(rows()[:, None, :]) is None


def test_kept_trees_are_read_as_they_were(trees: Trees) -> None:
    again = read_trees(kept_trees(trees), "it/trees.npz")
    assert asked(again, rows()).tobytes() == asked(trees, rows()).tobytes()


def test_files_that_are_not_what_the_card_says_are_refused(trees: Trees) -> None:
    with pytest.raises(ModelError, match=r"model\.onnx is missing"):
        EstimateCore(card(SETTINGS), {})
    with pytest.raises(ModelError, match="anchor 'z' is none of the columns a, b"):
        core(trees, anchor="z")
    wrong = msgspec.structs.replace(card(SETTINGS), settings={"least_scale": -1.0})
    with pytest.raises(ModelError, match=r"it/card\.json: settings"):
        EstimateCore(wrong, {FILE: onnx_trees(trees)})
    network = relu()
    with pytest.raises(ModelError, match=r"it/model\.onnx: an estimate is made by trees"):
        EstimateCore(card(SETTINGS), {FILE: network})
    broken = kept_trees(trees).replace(b"threshold", b"thresholx")
    with pytest.raises(ModelError, match="these arrays are no trees"):
        read_trees(broken, "it/trees.npz")
