"""The judge of gears: healthy recordings of other loads are all that is learnt from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from telltale.batch import FloatArray
from tests.models.vibration.signals import gear_waveform
from tests.quality.judging import judged, script, write_parquet

RATE_HZ = 20_000.0
LOADS = (0, 20, 40)


def made_recording(kind: str, load: int) -> FloatArray:
    rng = np.random.default_rng((load, kind == "b"))
    knock = 12.0 if kind == "b" else 0.0
    waveform = gear_waveform(rng, seconds=3.0, rate_hz=RATE_HZ, broken=knock)
    return waveform * (1.0 + load / 400.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("gearbox")
    for kind in "hb":
        for load in LOADS:
            waveform = made_recording(kind, load)
            write_parquet(
                made / f"{kind}30hz{load}.parquet", {"a1": waveform[:, 0], "a2": waveform[:, 1]}
            )
    return made


def test_the_broken_tooth_is_told_from_the_healthy_gear_at_loads_not_learnt(folder: Path) -> None:
    result = judged("gearbox", folder)
    assert result["loads_pct"] == list(LOADS)
    assert result["auc_1000"] > 0.95
    assert result["auc_envelope"] > 0.9
    assert 0.5 < result["auc_300"] <= 1.0
    assert result["protocol"] == "leave one load out"


def test_what_is_judged_is_never_learnt_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = script("gearbox", monkeypatch)
    recordings = judge.read(folder)
    at_20 = [r for r in recordings if r.load_pct == 20]
    whole = judge.judge(at_20, recordings, judge.ALL, 1000)
    others = [r for r in recordings if r.load_pct != 20 and not r.is_broken]
    assert judge.judge(at_20, others, judge.ALL, 1000) == whole


def test_shuffling_the_future_changes_no_window_before_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = script("gearbox", monkeypatch)
    recordings = judge.read(folder)
    healthy = [r.samples for r in recordings if not r.is_broken]
    window = judge.GearWindow(("a1", "a2"), judge.ALL, 1000)
    levels = [window.levels(each) for each in healthy]
    card, files = judge.learnt_gear(levels, window, data="made by a test")
    model = judge.gear_model(card, files)
    recording = recordings[0]
    later = {
        name: np.concatenate([column[:30_000], column[:29_999:-1]])
        for name, column in recording.channels.items()
    }
    whole = judge.scored(model, recording)
    other = judge.scored(model, judge.Recording(recording.is_broken, recording.load_pct, later))
    np.testing.assert_array_equal(other[:30], whole[:30])
    assert (other[30:] != whole[30:]).any()
