"""The forecaster as a model of a machine: better than "nothing changes", and it notices faults."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import pytest

from telltale.batch import Batch
from telltale.errors import ModelError
from telltale.models.card import Card, Input
from telltale.models.deep.fit import FitSettings
from telltale.models.deep.forecaster import ForecasterSettings, train_forecaster
from telltale.models.folder import made_model, read_folder, write_folder
from telltale.models.training_set import TrainingSet
from tests.models.toys import stream

INPUTS = {"speed_rpm": Input("rpm"), "temp_c": Input("degC")}
SMALL = ForecasterSettings(
    samples=12,
    width=16,
    heads=2,
    wide=16,
    blocks=1,
    max_windows=800,
    factor=1.5,
    training=FitSettings(epochs=20, rate=5e-3),
)


def readings(seed: int, n: int = 1500, stuck_from: int | None = None) -> Batch:
    """Return a speed that goes up and down and a temperature that follows it."""
    rng = np.random.default_rng(seed)
    speed = 1500 + 300 * np.sin(np.arange(n) / 4.0) + rng.normal(0, 5, n)
    temp = 60 + 10 * np.sin(np.arange(n) / 4.0 - 0.8) + rng.normal(0, 0.2, n)
    if stuck_from is not None:
        temp[stuck_from:] = temp[stuck_from]
    return stream({"speed_rpm": speed, "temp_c": temp}, step_s=1.0)


def learnt(settings: ForecasterSettings) -> tuple[Card, dict[str, bytes]]:
    titles = {"speed_rpm": "Engine speed"}
    training_set = TrainingSet.of_normal(readings(0), INPUTS, is_simulated=True, titles=titles)
    return train_forecaster("fore", training_set, settings, alarms_per_week=1.0)


@cache
def trained() -> tuple[Card, dict[str, bytes]]:
    return learnt(SMALL)


def test_the_next_sample_is_told_far_better_than_by_the_last_one() -> None:
    batch = readings(3, n=600)
    model = made_model(*trained())
    prediction, _ = model.run(batch, model.start())
    for name, column in batch.columns.items():
        told = prediction.columns[f"fore_next_{name}"]
        assert np.isnan(told[:12]).all()
        error = np.abs(told[12:-1] - column[13:]).mean()
        persistence = np.abs(np.diff(column[12:])).mean()
        assert error < 0.35 * persistence, name


def test_a_stuck_sensor_is_found_and_named() -> None:
    batch = readings(4, n=600, stuck_from=403)
    model = made_model(*trained())
    prediction, _ = model.run(batch, model.start())
    score = prediction.columns["fore_score"]
    assert np.nanmax(score[:403]) < 1.0
    first = 404 + int(np.argmax(score[404:420] > 1.0))
    assert score[first] > 1.0
    assert prediction.evidence is not None
    evidence = prediction.evidence(np.array([first]))
    assert np.argmax(evidence.share[0]) == 1
    assert evidence.value[0, 1] == batch.columns["temp_c"][first]


@pytest.mark.parametrize("cut", [0, 1, 12, 13, 60, 120])
def test_the_answer_does_not_depend_on_where_the_stream_is_cut(cut: int) -> None:
    model = made_model(*trained())
    batch = readings(5, n=120)
    whole, _ = model.run(batch, model.start())
    first, state = model.run(batch.rows(0, cut), model.start())
    handed_on = msgspec.Raw(msgspec.msgpack.encode(model.pack(state)))
    second, _ = model.run(batch.rows(cut, 120), model.unpack(handed_on))
    for name, column in whole.columns.items():
        joined = np.concatenate([part.columns[name] for part in (first, second)])
        assert joined.tobytes() == column.tobytes(), name


def test_a_folder_reads_back_as_the_same_model(tmp_path: Path) -> None:
    card, files = trained()
    write_folder(tmp_path / "1", card, files)
    assert read_folder(tmp_path / "1").card == card
    assert card.outputs["fore_next_speed_rpm"].unit == "rpm"


def test_what_comes_next_is_called_as_people_call_the_channel() -> None:
    outputs = trained()[0].outputs
    assert outputs["fore_next_speed_rpm"].title == "Engine speed, next"
    assert outputs["fore_next_temp_c"].title == "temp_c, next"


def test_a_width_that_the_heads_cannot_share_is_told() -> None:
    odd = msgspec.structs.replace(SMALL, width=18)
    with pytest.raises(ModelError, match="width 18 is no multiple of twice its 2 heads"):
        learnt(odd)
