"""A model on one machine begins anew with each life, and says nothing of one it has not seen."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from telltale.batch import Batch, FloatArray
from telltale.models.base import Evidence
from telltale.models.card import Card, Feature, Input, Training
from telltale.models.composed import ComposedModel
from telltale.models.life.one_life import OfOneLife, OneLifeState
from telltale.profiles.schema import Output

T0, S = 1_763_711_000_000_000_000, 1_000_000_000


class _Age:
    """Gives the age that goes in, and says that all of it is age."""

    def run(self, windows: FloatArray) -> FloatArray:
        age: FloatArray = windows[:, 0, :1]
        return age

    def evidence(self, windows: FloatArray) -> Evidence | None:
        whole = np.ones((len(windows), 1))
        return Evidence(whole, windows[:, 0, :], whole * np.nan, whole * np.nan)


def model_of(*failures_s: int, first_s: int | None = 0) -> OfOneLife:
    card = Card(
        name="remaining_life",
        title="Age",
        task="remaining_life",
        runtime="",
        inputs={"x": Input("1")},
        features={"age_s": Feature("time_above", ("x",), {"level": -1e300})},
        columns=("age_s",),
        core_outputs=("age",),
        outputs={"age": Output("Age", "s")},
        training=Training("", is_simulated=True),
    )
    failures_ns = [T0 + at * S for at in failures_s]
    first_ns = None if first_s is None else T0 + first_s * S
    return OfOneLife(ComposedModel(card, _Age()), failures_ns, first_ns)


def batch(start_s: int, stop_s: int) -> Batch:
    times_s = np.arange(start_s, stop_s)
    return Batch("pump-1", T0 + times_s * S, {"x": times_s.astype(np.float64)})


def ages(model: OfOneLife, *batches: Batch) -> list[float]:
    state, found = model.start(), []
    for one in batches:
        given, state = model.run(one, state)
        found += given.columns["age"].tolist()
    return found


@pytest.mark.parametrize("cut", [0, 1, 10, 11, 12, 29, 30])
def test_age_begins_anew_after_each_failure_in_any_cut(cut: int) -> None:
    model = model_of(10, 20)
    expected = [*range(11), *range(10), *range(9)]
    assert ages(model, batch(0, 30)) == expected
    assert ages(model, batch(0, cut), batch(cut, 30)) == expected


def test_in_the_midst_of_a_life_nothing_is_said_until_the_next_or_until_it_is_told() -> None:
    model = model_of(10)
    found = ages(model, batch(5, 15))
    assert np.isnan(found[:6]).all()
    assert found[6:] == [0, 1, 2, 3]
    state = model.begun(None)
    _, state = model.run(batch(0, 5), state)
    given, state = model.run(batch(5, 8), state)
    assert given.columns["age"].tolist() == [5, 6, 7]
    assert ages(model_of(first_s=None), batch(5, 8)) == [0, 1, 2]


def stored(model: OfOneLife, state: OneLifeState) -> msgspec.Raw:
    packed: Any = model.pack(state)
    return msgspec.Raw(msgspec.msgpack.encode(packed))


def test_a_state_goes_on_after_a_restart_unless_the_machine_had_failed_before_it() -> None:
    model = model_of()
    _, state = model.run(batch(0, 20), model.start())
    given, _ = model.run(batch(20, 22), model.unpack(stored(model, state)))
    assert given.columns["age"].tolist() == [20, 21]
    later = model_of(19)  # the newest sample was the last one of that life
    given, _ = later.run(batch(20, 22), later.unpack(stored(model, state)))
    assert given.columns["age"].tolist() == [0, 1]
    with pytest.raises(ValueError, match="another life"):
        model_of(10).unpack(stored(model, state))


def test_evidence_is_that_of_each_rows_own_life() -> None:
    model = model_of(10)
    given, _ = model.run(batch(0, 20), model.start())
    assert given.evidence is not None
    found = given.evidence(np.array([3, 12, 15]))
    assert found.names == ("x",)
    assert found.value[:, 0].tolist() == [3.0, 12.0, 15.0]
    assert found.share[:, 0].tolist() == [1.0, 1.0, 1.0]
