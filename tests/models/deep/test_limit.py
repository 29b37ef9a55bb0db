"""The limit of a deep detector comes from windows later than those that it learnt from."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.batch import FloatArray
from telltale.models.card import Threshold
from telltale.models.deep.limit import Parts, Rule, limit_of, parts_of
from telltale.models.deep.scale import Scale
from telltale.models.detectors.calibration import Budget
from telltale.models.detectors.healthy_windows import Windows
from tests.models.toys import START_NS


def windows(n: int, samples: int) -> Windows:
    values = np.arange(n + samples - 1.0)
    whole = np.lib.stride_tricks.sliding_window_view(values, samples)[..., None]
    return Windows(whole, START_NS + 10**9 * np.arange(n))


def test_no_sample_lies_in_two_parts() -> None:
    train, limit, check = parts_of(windows(200, 3))
    seen = [set(part.values.ravel().tolist()) for part in (train, limit, check)]
    assert all(seen)
    assert not seen[0] & seen[1]
    assert not seen[1] & seen[2]
    assert train.time_ns[-1] < limit.time_ns[0] < limit.time_ns[-1] < check.time_ns[0]


def test_a_constant_column_is_not_divided_by_nothing() -> None:
    scale = Scale.of(np.full((5, 3, 1), 7.0))
    np.testing.assert_array_equal(scale.scaled(np.full((1, 3, 1), 8.0)), np.ones((1, 3, 1)))


def errors() -> Parts:
    rng = np.random.default_rng(5)
    trained: FloatArray = rng.lognormal(0.0, 0.3, 1000)
    return Parts(trained, rng.lognormal(0.1, 0.3, 1000), rng.lognormal(0.1, 0.3, 3600))


def limit(rule: Rule, alarms_per_week: float = 1.0, factor: float = 1.1) -> Threshold:
    budget = Budget(alarms_per_week, look_s=1.0)
    return limit_of(errors(), rule, budget=budget, step_s=1.0, factor=factor)[0]


def test_the_documents_rule_alarms_where_the_budget_does_not() -> None:
    ours, theirs = limit("budget"), limit("training_quantile_99")
    assert ours.value >= 1.1 * errors().later.max()
    assert ours.alarms_per_week is not None
    assert ours.alarms_per_week <= 1.05
    assert "0 alarms in 1 h later still" in ours.method
    assert theirs.value == pytest.approx(np.quantile(errors().trained, 0.99))
    assert theirs.alarms_per_week is not None
    assert theirs.alarms_per_week > 5_000
    budget = Budget(1.0, look_s=1.0)
    _, quality = limit_of(errors(), "budget", budget=budget, step_s=1.0, factor=1.1)
    shares = {measured.name: measured.value for measured in quality}
    assert shares["false_alarm_share.budget"] == 0.0
    assert 0.01 < shares["false_alarm_share.training_quantile_99"] < 0.1


def test_fewer_alarms_are_never_expected_than_there_were_later_still() -> None:
    found = limit("budget", alarms_per_week=1e6)
    alarms = int(found.method.split("Then ")[1].split(" ")[0])
    assert alarms > 0
    assert found.alarms_per_week is not None
    assert found.alarms_per_week >= alarms * 0.99 * 7 * 24


def test_the_factor_is_the_least_multiple_of_the_largest_later_error() -> None:
    assert limit("budget", 1e6, factor=9.0).value == pytest.approx(9.0 * errors().later.max())
