"""The windows a detector learns from bridge nothing, and many of them are thinned out."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.batch import Batch
from telltale.errors import ModelError
from telltale.models.card import Card, Input, Window
from telltale.models.detectors.healthy import Healthy, healthy_of
from telltale.models.detectors.healthy_windows import MOST_WINDOWS, windows_of
from telltale.models.training_set import TrainingSet
from tests.models.toys import stream

NOISE = np.random.default_rng(0).normal(size=200)


def healthy(*batches: Batch) -> Healthy:
    return healthy_of(TrainingSet.of_normal(batches, {"a": Input("1")}), 1.0)


def card(of: Healthy, samples: int = 3, gap_s: float = 0.25) -> Card:
    return of.framed("it", "It", "shapes", Window(samples, 0.0, gap_s))


def test_windows_bridge_neither_a_pause_nor_what_lies_between_two_runs() -> None:
    batch = stream({"a": NOISE})
    late = Batch("m", batch.time_ns + np.where(np.arange(200) >= 150, 10**10, 0), batch.columns)
    of = healthy(late.rows(0, 50), late.rows(51, 200))
    windows = windows_of(card(of), of, 1)
    ends = [*range(2, 50), *range(53, 150), *range(152, 200)]
    np.testing.assert_array_equal(windows.values[:, -1, 0], NOISE[ends])
    np.testing.assert_array_equal(windows.values[:, 0, 0], NOISE[np.array(ends) - 2])
    np.testing.assert_array_equal(windows.time_ns, late.time_ns[ends])
    assert windows.step_s == pytest.approx(0.1)


def test_a_long_stretch_is_thinned_out_evenly() -> None:
    n = 2 * MOST_WINDOWS + 10
    of = healthy(stream({"a": np.random.default_rng(1).normal(size=n)}))
    windows = windows_of(card(of, 2), of, 100)
    assert MOST_WINDOWS // 2 < len(windows) <= MOST_WINDOWS
    assert set(np.diff(windows.time_ns).tolist()) == {3 * 10**8}


def test_too_few_or_too_large_windows_are_refused_with_what_to_do() -> None:
    of = healthy(stream({"a": NOISE}))
    with pytest.raises(ModelError, match="198 windows of 3 successive samples; at least 300"):
        windows_of(card(of), of, 300)
    with pytest.raises(ModelError, match=r"too large\. Take at most 335544 samples"):
        windows_of(card(of, 400_000), of, 100)
