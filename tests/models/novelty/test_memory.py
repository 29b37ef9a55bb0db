"""What values a signal has had: distances to the nearest, in bounded room."""

from __future__ import annotations

import math

import numpy as np
import pytest

from telltale.models.novelty.memory import MAX_KNOWN, MAX_SIGMAS, Learner, Memory


def taught(values: list[float]) -> Learner:
    learner = Learner(Memory())
    for value in values:
        learner.learn(value, abs(value - learner.nearest(value)))
    return learner


def test_the_nearest_known_value_is_found_on_either_side() -> None:
    learner = taught([5.0, 1.0, 9.0])
    assert [learner.nearest(x) for x in (-3.0, 2.9, 3.1, 100.0)] == [1.0, 1.0, 5.0, 9.0]
    assert math.isnan(Learner(Memory()).nearest(1.0))


def test_mean_and_deviation_are_those_of_the_distances() -> None:
    values = [1.0, 2.0, 4.0, 4.5, 9.0]
    distances = np.array([1.0, 2.0, 0.5, 4.5])
    learner = taught(values)
    expected = (7.0 - distances.mean()) / distances.std()
    assert learner.sigmas(7.0) == pytest.approx(expected)
    assert learner.normal_distance(expected) == pytest.approx(7.0)


def test_after_no_change_at_all_any_change_is_as_strange_as_can_be() -> None:
    learner = taught([3.0] * 50)
    assert learner.sigmas(0.0) == 0.0
    assert learner.sigmas(1e-9) == MAX_SIGMAS


def test_the_room_is_bounded_and_little_is_lost() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=20_000)
    kept = taught(values.tolist()).kept()
    assert len(kept.known) < MAX_KNOWN
    assert kept.known == sorted(kept.known)
    assert kept.known[0] == values.min()
    assert kept.known[-1] == values.max()
    known = np.array(kept.known)
    lost = np.abs(values[:, None] - known[None, :]).min(axis=1)
    assert lost.max() <= 2 * kept.apart < 0.02
