"""Faults learnt from labelled stretches, and measured on stretches that were left out."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from telltale.batch import Batch
from telltale.errors import ModelError
from telltale.labels import LabelKind
from telltale.models.card import Card, Input
from telltale.models.folder import check_parity, made_model
from telltale.models.trainers import LearnsFrom, train, trainer_of
from telltale.models.training_set import Run, TrainingSet
from telltale.simulators.pump import Pump

START_NS = 1_763_711_000_000_000_000
S = 1_000_000_000
INPUTS = {
    "vibration_mm_s": Input("mm/s"),
    "bearing_temp_c": Input("degC"),
    "flow_l_min": Input("L/min"),
    "suction_pressure_bar": Input("bar"),
    "motor_current_a": Input("A"),
}


def stretch(seed: int, fault: str = "", severity: float = 0.6, n: int = 240) -> Run:
    """Return four minutes of the simulated pump at 1 Hz, its fault grown as far as it goes."""
    pump = Pump(np.random.default_rng(seed))
    begin_ns = START_NS + seed * 100_000 * S
    if fault:
        pump.set_fault(fault, severity)
    pump.advance(begin_ns + np.arange(500) * S)
    times_ns = begin_ns + (500 + np.arange(n)) * S
    readings = pump.advance(times_ns)
    batch = Batch("pump-1", times_ns, {name: readings[name] for name in INPUTS})
    return Run(batch, LabelKind.FAULT if fault else LabelKind.NORMAL, fault)


def learnt(*runs: Run, **settings: object) -> tuple[Card, dict[str, bytes]]:
    training_set = TrainingSet(runs, INPUTS, is_simulated=True)
    return train("faults", "faults", training_set, settings=settings)


@pytest.fixture(scope="module")
def made() -> tuple[Card, dict[str, bytes]]:
    runs = [stretch(seed) for seed in range(3)]
    runs += [stretch(seed, "bearing_wear") for seed in (10, 11)]
    runs += [stretch(20, "cavitation")]
    return learnt(*runs)


def outputs_on(made: tuple[Card, dict[str, bytes]], run: Run) -> dict[str, float]:
    model = made_model(*made)
    prediction, _ = model.run(run.batch, model.start())
    return {name: float(np.nanmean(column[60:])) for name, column in prediction.columns.items()}


def test_a_fresh_stretch_of_a_fault_is_told_as_that_fault_with_its_channels(
    made: tuple[Card, dict[str, bytes]],
) -> None:
    assert list(made[0].outputs) == [
        "normal_ratio",
        "fault_bearing_wear_ratio",
        "fault_cavitation_ratio",
    ]
    fresh = stretch(30, "bearing_wear")
    found = outputs_on(made, fresh)
    assert found["fault_bearing_wear_ratio"] > 0.8
    assert found["normal_ratio"] < 0.2
    assert outputs_on(made, stretch(31, "cavitation"))["fault_cavitation_ratio"] > 0.8
    healthy = outputs_on(made, stretch(32))
    assert healthy["normal_ratio"] > 0.8
    assert sum(healthy.values()) == pytest.approx(1.0, abs=1e-3)
    model = made_model(*made)
    prediction, _ = model.run(fresh.batch, model.start())
    assert prediction.evidence is not None
    evidence = prediction.evidence(np.array([200]))
    shares = dict(zip(evidence.names, evidence.share[0], strict=True))
    assert sum(map(abs, shares.values())) == pytest.approx(1.0)
    grown = {"vibration_mm_s", "bearing_temp_c", "motor_current_a"}
    assert sum(shares[name] for name in grown) > 0.6


def test_quality_comes_from_stretches_left_out_and_one_alone_is_said_to_be_unmeasured(
    made: tuple[Card, dict[str, bytes]],
) -> None:
    card, files = made
    check_parity(made_model(card, files), files)
    quality = {one.name: one for one in card.quality}
    assert set(quality) == {"normal told right", "bearing_wear told right"}
    assert quality["bearing_wear told right"].value > 0.9
    assert "2 stretches left out in turn" in quality["bearing_wear told right"].protocol
    assert "How well cavitation is told could not be evaluated" in card.training.data
    limits = card.outputs["fault_cavitation_ratio"].limits
    assert limits is not None
    assert limits.warn_above is not None
    assert 0.5 <= limits.warn_above <= 0.9


@pytest.mark.parametrize("cut", [1, 100, 239])
def test_the_answers_do_not_depend_on_where_the_stream_is_cut(
    made: tuple[Card, dict[str, bytes]], cut: int
) -> None:
    model, batch = made_model(*made), stretch(33, "cavitation").batch
    whole, _ = model.run(batch, model.start())
    first, state = model.run(batch.rows(0, cut), model.start())
    packed = msgspec.msgpack.encode(model.pack(state))
    second, _ = model.run(batch.rows(cut, len(batch)), model.unpack(msgspec.Raw(packed)))
    for name, column in whole.columns.items():
        np.testing.assert_array_equal(
            np.concatenate([first.columns[name], second.columns[name]]), column
        )


def test_with_one_stretch_of_each_only_parts_of_normal_are_left_out() -> None:
    card, _ = learnt(stretch(0, n=600), stretch(10, "bearing_wear"))
    assert [one.name for one in card.quality] == ["normal told right"]
    assert "parts of the normal stretch" in card.quality[0].protocol
    assert card.threshold is not None


def test_what_cannot_be_told_apart_is_refused_with_what_to_do() -> None:
    with pytest.raises(ModelError, match="Label a stretch of a fault"):
        learnt(stretch(0))
    with pytest.raises(ModelError, match="Label a stretch in which all was normal"):
        learnt(stretch(0, "bearing_wear"))
    with pytest.raises(ModelError, match=r"'bearing_wear' of pump-1 from 20.*, 10 rows"):
        learnt(stretch(0), stretch(1, "bearing_wear", n=10))
    still = stretch(1, "bearing_wear")
    gone = {name: np.full(240, np.nan) for name in INPUTS}
    with pytest.raises(ModelError, match="No channel is measured in all"):
        learnt(stretch(0), replace(still, batch=Batch("pump-1", still.batch.time_ns, gone)))
    with pytest.raises(ModelError, match=r"settings of 'faults'.*window_s"):
        learnt(stretch(0), still, window_s=0)
    assert trainer_of("faults").learns_from is LearnsFrom.FAULTS


def test_a_label_that_is_too_short_is_left_out_and_named() -> None:
    short = stretch(1, "cavitation", n=9)
    card, _ = learnt(stretch(0, n=600), stretch(10, "bearing_wear"), short)
    assert "'cavitation' of pump-1 from 20" in card.training.data
    assert "bearing_wear" in " ".join(card.outputs)
    assert "cavitation" not in " ".join(card.outputs)
