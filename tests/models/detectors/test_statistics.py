"""What is looked at in a window: closed forms, and one window's bits beside any others."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.models.detectors.statistics import Statistic, window_statistic

EACH = get_args(Statistic)


def test_the_statistics_of_a_known_window() -> None:
    window = np.array([[[1.0], [4.0], [2.0], [3.0]]])
    found = {name: window_statistic(name, window).item() for name in EACH}
    assert found == {
        "value": 3.0,
        "mean": 2.5,
        "change": 2.0,
        "path": 6.0,
        "path_excess": 6.0 - 2.0,
        "largest_jump": 3.0,
    }


def test_a_window_that_only_rises_has_no_path_beyond_its_change() -> None:
    rising = np.cumsum(np.full((1, 20, 2), 0.1), axis=1)
    assert window_statistic("path_excess", rising).max() < 1e-12


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("samples", [1, 2, 7, 15, 128])
@given(seed=st.integers(0, 2**32 - 1), at=st.integers(0, 599))
def test_a_windows_bits_do_not_depend_on_its_neighbours(
    name: Statistic, samples: int, seed: int, at: int
) -> None:
    windows = np.random.default_rng(seed).normal(size=(600, samples, 3)) * 1e3
    whole = window_statistic(name, windows)
    alone = window_statistic(name, windows[at : at + 1])
    assert alone.tobytes() == whole[at : at + 1].tobytes()


def test_the_mean_is_that_of_exact_sums() -> None:
    windows = np.arange(30.0).reshape(1, 15, 2)
    assert window_statistic("mean", windows).tolist() == [[14.0, 15.0]]
