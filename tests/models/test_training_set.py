"""What a model is learnt from: normal runs are told from others, and none is read twice."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.batch import Batch
from telltale.errors import ModelError
from telltale.labels import LabelKind
from telltale.models.card import Input
from telltale.models.training_set import Run, TrainingSet
from tests.models.toys import stream

INPUTS = {"a": Input("bar")}
WHOLE = stream({"a": np.arange(100.0), "b": np.zeros(100)})


def part(start: int, stop: int) -> Batch:
    return WHOLE.rows(start, stop)


def test_normal_runs_come_in_order_of_time_without_faults_failures_and_nothing() -> None:
    runs = (
        Run(part(60, 80), LabelKind.NORMAL),
        Run(part(0, 20)),
        Run(part(20, 30), LabelKind.FAULT, "worn_bearing"),
        Run(part(30, 31), LabelKind.FAILURE),
        Run(part(90, 90), LabelKind.NORMAL),
    )
    found = TrainingSet(runs, INPUTS)
    assert [len(batch) for batch in found.normal()] == [20, 20]
    assert found.normal()[0].time_ns[0] == WHOLE.time_ns[0]
    assert found.rows == 20 + 20 + 10 + 1
    with pytest.raises(ModelError, match="no reading of normal operation"):
        TrainingSet(runs[2:], INPUTS).normal()


def test_joined_runs_have_the_inputs_as_columns_in_order_of_time() -> None:
    found = TrainingSet.of_normal((part(50, 70), part(0, 30)), INPUTS).batch
    assert list(found.columns) == ["a"]
    assert found.columns["a"].tolist() == [*range(30), *range(50, 70)]


def test_a_reading_that_is_given_twice_is_refused() -> None:
    with pytest.raises(ModelError, match=r"overlap in time\. Give each reading once"):
        _ = TrainingSet.of_normal((part(0, 30), part(20, 50)), INPUTS).batch
    with pytest.raises(ModelError, match="no reading to learn from"):
        _ = TrainingSet((), INPUTS).batch


def test_a_column_without_a_title_goes_by_its_name() -> None:
    found = TrainingSet.of_normal(WHOLE, INPUTS, titles={"a": "Pressure", "c": ""})
    assert [found.title(name) for name in "abc"] == ["Pressure", "b", "c"]
