"""The LSTM layer: its gradients are those of its answers, and one step is the textbook's."""

from __future__ import annotations

import math

import numpy as np
import pytest

from telltale.models.deep.lstm import Activation, backward, forward


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_step_is_the_textbooks(activation: Activation) -> None:
    sums = np.array([[[0.3, -0.2, 0.7, 0.4]]])
    trace = forward(sums, np.zeros((1, 4)), activation)
    enters, leaves = 1 / (1 + math.exp(-0.3)), 1 / (1 + math.exp(0.2))
    act = math.tanh if activation == "tanh" else (lambda x: max(x, 0.0))
    assert trace.hidden[1, 0, 0] == pytest.approx(leaves * act(enters * act(0.4)), rel=1e-12)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_gradients_are_the_differences_of_the_answers(activation: Activation) -> None:
    rng = np.random.default_rng(3)
    projected, recurrent = rng.normal(size=(5, 3, 8)), rng.normal(size=(2, 8))
    weighing = rng.normal(size=(5, 3, 2))

    def weighed(projected: np.ndarray, recurrent: np.ndarray) -> float:
        return float((forward(projected, recurrent, activation).hidden[1:] * weighing).sum())

    trace = forward(projected, recurrent, activation)
    d_projected, d_recurrent = backward(trace, recurrent, weighing, activation)
    step = 1e-6
    for place in [(0, 0, 0), (2, 1, 3), (3, 2, 5), (4, 0, 7)]:
        bumped = projected.copy()
        bumped[place] += step
        below = projected.copy()
        below[place] -= step
        slope = (weighed(bumped, recurrent) - weighed(below, recurrent)) / (2 * step)
        assert d_projected[place] == pytest.approx(slope, abs=1e-8)
    for at in [(0, 0), (1, 2), (0, 5), (1, 7)]:
        bumped, below = recurrent.copy(), recurrent.copy()
        bumped[at] += step
        below[at] -= step
        slope = (weighed(projected, bumped) - weighed(projected, below)) / (2 * step)
        assert d_recurrent[at] == pytest.approx(slope, abs=1e-8)


def test_large_sums_saturate_and_do_not_overflow() -> None:
    trace = forward(np.full((3, 1, 4), 1e6), np.zeros((1, 4)), "tanh")
    assert np.isfinite(trace.hidden).all()
    assert trace.gates.max() == 1.0
