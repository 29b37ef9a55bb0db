"""What a detector learns from: windows of normal readings that bridge nothing, in three parts."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.batch import Batch, FloatArray
from telltale.models.card import Window
from telltale.models.deep.normal_windows import Windows, limit_of, windows_of
from telltale.models.deep.scale import Scale
from tests.models.toys import START_NS, stream, toy_card

CARD = toy_card(
    inputs={"a": toy_card().inputs["a"]},
    features={},
    columns=("a",),
    after={},
    core_outputs=("smooth",),
    window=Window(3, 0.0, 0.25),
)


def ends_of(windows: Windows) -> list[int]:
    return [int(ns - START_NS) // 100_000_000 for ns in windows.time_ns]


def test_windows_bridge_neither_a_pause_nor_an_abnormal_sample() -> None:
    batch = stream({"a": np.arange(12.0)})
    late = Batch("m", batch.time_ns + np.where(np.arange(12) >= 8, 10**10, 0), batch.columns)
    is_normal = np.ones(12, dtype=np.bool_)
    is_normal[4] = False
    windows = windows_of(CARD, late, is_normal)
    assert windows.values[:, :, 0].tolist() == [
        [0, 1, 2],
        [1, 2, 3],
        [5, 6, 7],
        [8, 9, 10],
        [9, 10, 11],
    ]


def test_without_normal_samples_there_are_no_windows() -> None:
    batch = stream({"a": np.arange(12.0)})
    assert len(windows_of(CARD, batch, np.zeros(12, dtype=np.bool_))) == 0


def test_no_sample_lies_in_two_parts() -> None:
    windows = windows_of(CARD, stream({"a": np.arange(200.0)}), None)
    train, limit, check = windows.parts()
    seen = [set(part.values.ravel().tolist()) for part in (train, limit, check)]
    assert all(seen)
    assert not seen[0] & seen[1]
    assert not seen[1] & seen[2]
    assert ends_of(train)[-1] < ends_of(limit)[0] < ends_of(limit)[-1] < ends_of(check)[0]


def test_a_constant_column_is_not_divided_by_nothing() -> None:
    scale = Scale.of(np.full((5, 3, 1), 7.0))
    np.testing.assert_array_equal(scale.scaled(np.full((1, 3, 1), 8.0)), np.ones((1, 3, 1)))


def limits(errors: FloatArray) -> Windows:
    return Windows(np.zeros((len(errors), 1, 1)), START_NS + 10**9 * np.arange(len(errors)))


def test_the_documents_rule_alarms_where_the_later_maximum_does_not() -> None:
    rng = np.random.default_rng(5)
    trained = rng.uniform(0.0, 1.0, 1000)
    later, newest = rng.uniform(0.0, 1.2, 1000), rng.uniform(0.0, 1.2, 3600)
    ours, quality = limit_of(trained, later, (newest, limits(newest)), ("later_maximum", 1.1))
    theirs, _ = limit_of(trained, later, (newest, limits(newest)), ("training_quantile_99", 1.1))
    assert ours.value == pytest.approx(1.1 * later.max())
    assert ours.alarms_per_week is None
    assert "0 alarms in 1 h" in ours.method
    assert theirs.value == pytest.approx(np.quantile(trained, 0.99))
    assert theirs.alarms_per_week is not None
    assert theirs.alarms_per_week > 10_000
    shares = {measured.name: measured.value for measured in quality}
    assert shares["false_alarm_share.later_maximum"] == 0.0
    assert 0.1 < shares["false_alarm_share.training_quantile_99"] < 0.25
