"""The windows that training learns from are those that the model is asked about live."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.models.card import Window
from telltale.models.windows import asked_windows, evenly
from tests.models.toys import SumOfSquares, stream, toy, toy_card


def test_rows_and_windows_are_those_of_the_model_itself() -> None:
    values = np.arange(12.0)
    values[5] = np.nan
    batch = stream({"a": values, "b": -values})
    rows, windows = asked_windows(toy_card(window=Window(3)), batch)
    model = toy(3)
    prediction, _ = model.run(batch, model.start())
    assert rows.tolist() == np.flatnonzero(np.isfinite(prediction.columns["smooth"])).tolist()
    assert windows.shape == (len(rows), 3, 2)
    assert windows[-1, :, 1].tolist() == [-9.0, -10.0, -11.0]
    assert np.isfinite(SumOfSquares().run(windows)).all()


def test_without_a_full_window_there_is_none() -> None:
    rows, windows = asked_windows(toy_card(window=Window(3)), stream({"a": [1.0], "b": [2.0]}))
    assert len(rows) == 0
    assert windows.shape == (0, 3, 2)


@pytest.mark.parametrize(
    ("n", "most", "first", "last"), [(10, 3, 0, 9), (2, 5, 0, 1), (7, 7, 0, 6)]
)
def test_places_are_spread_evenly_from_end_to_end(n: int, most: int, first: int, last: int) -> None:
    places = evenly(n, most)
    assert len(places) == min(n, most)
    assert (int(places[0]), int(places[-1])) == (first, last)
    assert np.ptp(np.diff(places)) <= 1
