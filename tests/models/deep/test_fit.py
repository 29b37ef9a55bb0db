"""Training: it goes downhill, halves its steps when it stalls, and keeps the best weights."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.errors import ModelError
from telltale.models.deep.fit import FitSettings, fit
from telltale.models.deep.lstm import Reals, Weights


def squares(weights: Weights, rows: Reals) -> tuple[float, Weights]:
    """Return the mean square distance of the rows from the weights, and its gradient."""
    apart = weights["at"] - rows
    return float((apart**2).mean()), {"at": 2.0 * apart.mean(axis=0) / rows.shape[1]}


def loss(weights: Weights, rows: Reals) -> float:
    return squares(weights, rows)[0]


def test_training_finds_the_mean() -> None:
    rows = np.random.default_rng(0).normal([3.0, -2.0], 0.1, size=(400, 2))
    settings = FitSettings(epochs=200, rate=0.05, stop_after=50, halve_after=5)
    fitted = fit(
        {"at": np.zeros(2)},
        rows,
        rows,
        gradients=squares,
        loss=loss,
        settings=settings,
        rng=np.random.default_rng(1),
    )
    np.testing.assert_allclose(fitted.weights["at"], rows.mean(axis=0), atol=0.02)
    assert fitted.losses[-1] < 0.02 < fitted.losses[0]


def test_the_best_weights_are_kept_and_training_stops_when_validation_grows() -> None:
    train, other = np.full((64, 1), 10.0), np.full((8, 1), 0.5)
    fitted = fit(
        {"at": np.zeros(1)},
        train,
        other,
        gradients=squares,
        loss=loss,
        settings=FitSettings(epochs=100, batch_windows=1, rate=0.01, stop_after=3),
        rng=np.random.default_rng(1),
    )
    best = int(np.argmin(fitted.losses))
    assert len(fitted.losses) == best + 1 + 3
    assert loss(fitted.weights, other) == fitted.losses[best]


def test_a_loss_that_is_no_number_is_told() -> None:
    with pytest.raises(ModelError, match="smaller rate"):
        fit(
            {"at": np.zeros(1)},
            np.full((4, 1), np.nan),
            np.full((4, 1), np.nan),
            gradients=squares,
            loss=loss,
            settings=FitSettings(),
            rng=np.random.default_rng(1),
        )
