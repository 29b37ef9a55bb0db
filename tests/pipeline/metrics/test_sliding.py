"""Sliding moments of windows with thousands of samples: right, and the same in any cut."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.batch import Batch
from telltale.pipeline.metrics.sliding import FEW_ROWS
from telltale.pipeline.metrics.window import MAX_WINDOW_SAMPLES
from telltale.pipeline.run import Pipeline
from telltale.profiles.schema import Metric
from tests.pipeline.metrics.calls import values_of
from tests.pipeline.streams import START_NS, outcome, profile_of

N = 11_000
TIME_NS = START_NS + np.cumsum(np.random.default_rng(4).integers(200_000, 1_800_000, N))
X = np.cumsum(np.random.default_rng(5).normal(0.0, 0.1, N)) + 40.0


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("window_s", [0.02, 0.7, 3.0, 60.0])
@pytest.mark.parametrize("function", ["rolling_mean", "rolling_std", "rate"])
def test_long_windows_have_the_same_bits_however_the_stream_is_cut(
    function: str, window_s: float, restarts: bool
) -> None:
    metric = Metric("It", "1", function, ("x",), {"window_s": window_s})
    pipeline = Pipeline(profile_of({"x": None}, {"it": metric}))
    rng = np.random.default_rng(6)
    sizes = rng.choice([1, 2, 7, FEW_ROWS, FEW_ROWS + 1, 300], N // (100 if restarts else 20))
    edges = [0, *np.minimum(np.cumsum(sizes), N).tolist(), N]
    batch = Batch("m", TIME_NS, {"x": X})
    assert outcome(pipeline, batch, edges, restarts=restarts) == outcome(pipeline, batch, [0, N])


def test_a_state_can_be_gone_on_from_twice() -> None:
    metric = Metric("It", "1", "rolling_std", ("x",), {"window_s": 0.5})
    pipeline = Pipeline(profile_of({"x": None}, {"it": metric}))
    batch = Batch("m", TIME_NS, {"x": X})
    _, state = pipeline.run(batch.rows(0, 900), pipeline.start())
    before = pipeline.encode(state)
    pipeline.run(batch.rows(2_000, 2_010), state)
    pipeline.run(batch.rows(3_000, 3_500), state)
    again, _ = pipeline.run(batch.rows(900, 910), state)
    whole, _ = pipeline.run(batch.rows(0, 910), pipeline.start())
    assert again.batch.columns["it"].tobytes() == whole.batch.columns["it"][900:].tobytes()
    assert pipeline.encode(state) == before


def test_long_windows_are_as_numpy_says() -> None:
    mean = values_of("rolling_mean", TIME_NS, X, window_s=60.0)
    deviation = values_of("rolling_std", TIME_NS, X, window_s=60.0)
    slope = values_of("rate", TIME_NS, X, window_s=60.0)
    for row in (10, 700, 4_095, 4_096, 7_777, N - 1):
        held = slice(max(0, row + 1 - MAX_WINDOW_SAMPLES), row + 1)
        t_s = (TIME_NS[held] - TIME_NS[row]) / 1e9
        assert mean[row] == pytest.approx(X[held].mean(), rel=1e-13)
        assert deviation[row] == pytest.approx(X[held].std(ddof=1), rel=1e-11)
        assert slope[row] == pytest.approx(np.polyfit(t_s, X[held], 1)[0], rel=1e-9)
