"""Counts and times beyond a level, by hand and against a plain loop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.batch import Batch
from tests.pipeline.metrics.calls import values_of
from tests.pipeline.streams import START_NS, batches, column, seconds


def test_shifts_of_a_gear_are_counted() -> None:
    gear = column(1, 1, 2, np.nan, 2, 3, 2)
    shifts = values_of("count_changes", seconds(0, 1, 2, 3, 4, 5, 6), gear)
    np.testing.assert_array_equal(shifts, [0, 0, 1, np.nan, 1, 2, 3])


def test_an_episode_counts_once_however_long_it_lasts() -> None:
    x = column(0, 5, 6, 5, 0, 5, 0)
    assert values_of("episodes_above", seconds(*range(7)), x, level=4).tolist() == [
        0, 1, 1, 1, 1, 2, 2,
    ]  # fmt: skip


def test_hysteresis_makes_one_episode_of_a_value_that_trembles_at_its_level() -> None:
    x = column(0, 5, 3.5, 5, 3.5, 5, 1, 5)
    time_ns = seconds(*range(8))
    assert values_of("episodes_above", time_ns, x, level=4)[-1] == 4
    assert values_of("episodes_above", time_ns, x, level=4, hysteresis=1)[-1] == 2


def test_an_episode_counts_when_it_has_lasted_long_enough() -> None:
    x = column(5, 0, 5, 5, 5)
    counts = values_of("episodes_above", seconds(0, 1, 2, 3, 4), x, level=4, min_s=2)
    assert counts.tolist() == [0, 0, 0, 0, 1]


def test_episodes_below_are_those_above_turned_over() -> None:
    braking = column(0, -0.9, -0.85, 0, -1.2)
    counts = values_of("episodes_below", seconds(0, 1, 2, 3, 4), braking, level=-0.8)
    assert counts.tolist() == [0, 1, 1, 1, 2]


@given(
    batch=batches("x"), hysteresis=st.sampled_from([0.0, 30.0]), min_s=st.sampled_from([0.0, 0.15])
)
def test_episodes_are_those_of_a_plain_loop(batch: Batch, hysteresis: float, min_s: float) -> None:
    x = batch.columns["x"]
    counts = values_of(
        "episodes_above", batch.time_ns, x, level=40, hysteresis=hysteresis, min_s=min_s
    )
    count, start_ns, counted = 0, None, False
    for row, value in enumerate(x):
        if np.isnan(value):
            assert np.isnan(counts[row])
            continue
        if value > 40 and start_ns is None:
            start_ns, counted = batch.time_ns[row], False
        elif value <= 40 - hysteresis:
            start_ns = None
        if start_ns is not None and not counted and batch.time_ns[row] - start_ns >= min_s * 1e9:
            count, counted = count + 1, True
        assert counts[row] == count


def test_a_sine_is_above_half_its_height_a_third_of_the_time() -> None:
    t_s = np.arange(0, 300, 0.01)
    time_ns = START_NS + np.round(t_s * 1e9).astype(np.int64)
    above_s = values_of("time_above", time_ns, np.sin(2 * np.pi * t_s), level=0.5)
    assert above_s[-1] == pytest.approx(100.0, rel=0.02)


def test_time_above_does_not_run_on_while_nothing_is_measured() -> None:
    above_s = values_of("time_above", seconds(0, 2, 500, 501), column(9, 9, 9, 9), level=4)
    assert above_s.tolist() == [0.0, 2.0, 2.0, 3.0]


def test_time_unchanged_is_counted_from_the_last_change() -> None:
    x = column(5, 5, 5, 6, 6, np.nan, 6, 5)
    found = values_of("time_unchanged", seconds(0, 1, 3, 4, 5, 6, 7, 8), x)
    np.testing.assert_array_equal(found, [0, 1, 3, 0, 1, np.nan, 3, 0])


def test_time_unchanged_counts_only_while_another_channel_moves() -> None:
    x, still, moves = column(5, 5, 5, 5, 5), column(1, 1, 1, 1, 2), column(1, 2, 2, 3, 3)
    time_ns = seconds(*range(5))
    assert values_of("time_unchanged", time_ns, x, still).tolist() == [0, 0, 0, 0, 1]
    assert values_of("time_unchanged", time_ns, x, still, moves).tolist() == [0, 1, 1, 2, 3]


def test_time_unchanged_begins_anew_after_a_pause() -> None:
    time_ns = seconds(0, 5, 16, 26)
    assert values_of("time_unchanged", time_ns, column(1, 1, 1, 1)).tolist() == [0, 5, 0, 10]
    longer = values_of("time_unchanged", time_ns, column(1, 1, 1, 1), max_gap_s=11)
    assert longer.tolist() == [0, 5, 16, 26]


@given(data=st.data())
def test_time_unchanged_is_that_of_a_plain_loop(data: st.DataObject) -> None:
    batch = data.draw(batches("ab"))
    if not np.isfinite(list(batch.columns.values())).all():
        return
    a, b, t = batch.columns["a"], batch.columns["b"], batch.time_ns
    total_ns, expected = 0, []
    for row in range(len(batch)):
        step_ns = int(t[row] - t[row - 1]) if row else 0
        if row and (a[row] != a[row - 1] or step_ns > 10**10):
            total_ns = 0
        elif row and b[row] != b[row - 1]:
            total_ns += step_ns
        expected.append(total_ns / 1e9)
    found = values_of("time_unchanged", t, a, b)
    np.testing.assert_array_equal(found, expected)
