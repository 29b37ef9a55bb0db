"""The judge of bearings: physics finds the part, and no later sample changes a window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from telltale.models.vibration.bearings import SKF_6205, Part
from tests.models.vibration.signals import bearing_waveform
from tests.quality.judging import judged, script, write_parquet

HEADER = "file,source_file_id,fault,size_mils,or_position,load_hp,rpm,fs_hz,n"
MADE = (  # file, fault, part, load, rpm as written, rpm as turned, rate
    ("OR_014_load0", "OR", Part.OUTER_RACE, 0, "1797.0", 1797.0, 12_000),
    ("IR_014_load0", "IR", Part.INNER_RACE, 0, "1797.0", 1797.0, 12_000),
    ("B_014_load2", "B", Part.BALL, 2, "1750.0", 1750.0, 12_000),
    ("OR_028_load1", "OR", Part.OUTER_RACE, 1, "", 1774.0, 12_000),
    ("normal_load0", "normal", None, 0, "1797.0", 1797.0, 48_000),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("cwru")
    lines = [HEADER]
    for at, (name, fault, part, load, told_rpm, rpm, rate_hz) in enumerate(MADE):
        waveform = bearing_waveform(
            part,
            SKF_6205.orders(),
            np.random.default_rng(at),
            seconds=6.0,
            shaft_rpm=rpm,
            rate_hz=float(rate_hz),
        )
        write_parquet(made / f"{name}.parquet", {"de_g": waveform.astype(np.float32)})
        n = len(waveform)
        lines.append(f"{name}.parquet,{at},{fault},014,,{load},{told_rpm},{rate_hz},{n}")
    (made / "index.csv").write_text("\n".join(lines) + "\n")
    return made


def test_every_part_is_found_also_where_the_speed_is_missing(folder: Path) -> None:
    result = judged("cwru", folder)
    assert result["macro_auroc"] == 1.0
    assert result["unclear_share"] == 0.0
    assert result["file_accuracy"] == 1.0
    assert result["per_file"]["OR_028_load1.parquet"] == "outer_race"
    assert result["per_file"]["normal_load0.parquet"] == "none"
    assert result["windows"] == 15


def test_a_recording_of_unknown_speed_and_load_is_counted_without_an_answer(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = script("cwru", monkeypatch)
    row = {
        "file": "OR_014_load0.parquet",
        "fault": "OR",
        "load_hp": "",
        "rpm": "",
        "fs_hz": "12000",
    }
    unknown = judge.judged(folder, row, (1797.0, -25.0))
    known = judge.judged(folder, {**row, "load_hp": "0"}, (1797.0, -25.0))
    assert len(unknown.weight) == 0
    assert judge.summary([unknown, known])["without_answer"] == 1


def test_shuffling_the_future_changes_no_window_before_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = script("cwru", monkeypatch)
    row = {"file": "IR_014_load0.parquet", "fault": "IR", "rpm": "1797", "fs_hz": "12000"}
    whole = judge.judged(folder, row, (0.0, 0.0))
    waveform = judge.parquet_columns(folder / row["file"])["de_g"]
    later = np.random.default_rng(1).permutation(waveform[48_000:])
    shuffled = np.concatenate([waveform[:48_000], later])
    write_parquet(tmp_path / row["file"], {"de_g": shuffled})
    other = judge.judged(tmp_path, row, (0.0, 0.0))
    np.testing.assert_array_equal(other.weight[:2], whole.weight[:2])
    assert (other.weight[2] != whole.weight[2]).any()
