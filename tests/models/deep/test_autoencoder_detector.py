"""The trained autoencoder as a model of a machine: learns, is kept, finds and explains."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import pytest

from telltale.batch import Batch
from telltale.errors import ModelError
from telltale.models.card import Card, Input
from telltale.models.deep.autoencoder_detector import AutoencoderSettings, train_autoencoder
from telltale.models.deep.fit import FitSettings
from telltale.models.folder import made_model, read_folder, write_folder
from telltale.models.training_set import TrainingSet
from tests.models.toys import stream

INPUTS = {"speed_rpm": Input("rpm"), "flow_l_min": Input("l/min"), "temp_c": Input("degC")}
SMALL = AutoencoderSettings(
    samples=10, units=12, max_windows=600, training=FitSettings(epochs=8, rate=5e-3)
)


def readings(seed: int, n: int = 1200, stuck_from: int | None = None) -> Batch:
    """Return a machine whose flow follows its speed, until the flow sensor sticks."""
    rng = np.random.default_rng(seed)
    speed = 1500 + 60 * np.sin(np.arange(n) / 9.0) + rng.normal(0, 3, n)
    flow = speed / 12.0 + rng.normal(0, 0.3, n)
    if stuck_from is not None:
        flow[stuck_from:] = 140.0
    temp = 42 + rng.normal(0, 0.2, n)
    return stream({"speed_rpm": speed, "flow_l_min": flow, "temp_c": temp}, step_s=1.0)


def learnt(
    *batches: Batch, settings: AutoencoderSettings = SMALL, alarms_per_week: float = 1.0
) -> tuple[Card, dict[str, bytes]]:
    """Return card and files of an autoencoder of these normal runs."""
    training_set = TrainingSet.of_normal(batches, INPUTS, is_simulated=True)
    return train_autoencoder("drawn", training_set, settings, alarms_per_week=alarms_per_week)


@cache
def trained() -> tuple[Card, dict[str, bytes]]:
    return learnt(readings(0))


def test_a_stuck_sensor_is_found_and_named_and_normal_operation_is_not() -> None:
    model = made_model(*trained())
    prediction, state = model.run(readings(8, stuck_from=700), model.start())
    score = prediction.columns["drawn_score"]
    assert np.isnan(score[:9]).all()
    assert np.isfinite(score[9:]).all()
    assert np.nanmax(score[:700]) < 1.0
    assert score[710:].min() > 1.0
    assert model.progress(state) == (10, 10)
    assert prediction.evidence is not None
    evidence = prediction.evidence(np.array([3, 800]))
    assert np.isnan(evidence.share[0]).all()
    assert evidence.share[1].sum() == pytest.approx(1.0)
    assert np.argmax(evidence.share[1]) == 1
    assert evidence.value[1, 1] == 140.0
    assert 110.0 < evidence.expected[1, 1] < 140.0


@pytest.mark.parametrize("cut", [0, 1, 9, 10, 57, 199, 200])
def test_the_answer_does_not_depend_on_where_the_stream_is_cut(cut: int) -> None:
    model = made_model(*trained())
    batch = readings(4, n=200)
    whole, _ = model.run(batch, model.start())
    first, state = model.run(batch.rows(0, cut), model.start())
    handed_on = msgspec.Raw(msgspec.msgpack.encode(model.pack(state)))
    second, _ = model.run(batch.rows(cut, 200), model.unpack(handed_on))
    joined = np.concatenate([part.columns["drawn_score"] for part in (first, second)])
    assert joined.tobytes() == whole.columns["drawn_score"].tobytes()


def test_a_folder_reads_back_as_the_same_model(tmp_path: Path) -> None:
    card, files = trained()
    write_folder(tmp_path / "1", card, files)
    loaded = read_folder(tmp_path / "1")
    assert loaded.card == card
    assert card.training.rows == 1200
    assert card.threshold is not None
    assert "later than those learnt from" in card.threshold.method
    assert {measured.name for measured in card.quality} == {
        "false_alarm_share.budget",
        "false_alarm_share.training_quantile_99",
    }


def test_the_same_seed_gives_the_same_model() -> None:
    card, files = trained()
    again, same = learnt(readings(0))
    assert same["model.onnx"] == files["model.onnx"]
    assert again.threshold == card.threshold


def test_no_window_reaches_across_what_was_left_out_between_two_runs() -> None:
    whole = readings(0, n=600)
    few = msgspec.structs.replace(SMALL, max_windows=100, training=FitSettings(epochs=2))
    card, _ = learnt(whole.rows(0, 300), whole.rows(302, 600), settings=few)
    assert card.training.data.startswith(f"{300 - 9 + 298 - 9} windows")


def test_a_channel_that_cannot_be_learnt_from_is_left_out_and_named() -> None:
    batch = readings(0, n=600)
    still = batch.adding({"temp_c": np.full(600, 42.0)})
    few = msgspec.structs.replace(SMALL, max_windows=100, training=FitSettings(epochs=2))
    card, _ = learnt(still, settings=few)
    assert tuple(card.inputs) == ("speed_rpm", "flow_l_min")
    assert card.training.data.endswith("left out: temp_c: constant.")


def test_a_larger_budget_gives_a_lower_limit_and_says_how_many_alarms_are_expected() -> None:
    few = msgspec.structs.replace(SMALL, max_windows=100, training=FitSettings(epochs=2))
    limits = [
        learnt(readings(0), settings=few, alarms_per_week=budget)[0].threshold
        for budget in (1e-3, 1.0, 1e3)
    ]
    strict, usual, loose = (limit for limit in limits if limit is not None)
    assert strict.value > usual.value >= loose.value
    assert strict.alarms_per_week is not None
    assert strict.alarms_per_week <= 1.05e-3
    assert "for at most 0.001 false alarms a week" in strict.method


def test_too_short_a_stretch_is_told() -> None:
    with pytest.raises(ModelError, match="61 windows of 10 successive samples; at least 100"):
        learnt(readings(0, n=70))


def test_a_card_of_other_windows_is_refused() -> None:
    card, files = trained()
    longer = msgspec.structs.replace(card, window=msgspec.structs.replace(card.window, samples=11))
    with pytest.raises(ModelError, match=r"by the card it takes \(None, 11, 3\)"):
        made_model(longer, files)
