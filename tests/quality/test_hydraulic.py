"""The judge of component states: blocks are left out whole, and later cycles change nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.quality.judging import judged, script, write_parquet

STATES = {
    "cooler": (3, 20, 100),
    "valve": (73, 100),
    "pump": (0, 1, 2),
    "accumulator": (90, 130),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("hydraulic")
    rng = np.random.default_rng(1)
    numbers = np.sort(rng.choice(np.arange(1, 400), 240, replace=False))
    lines = ["cycle,cooler,valve,pump,accumulator,stable"]
    parts: dict[str, list[np.ndarray]] = {
        name: [] for name in ("cycle", "t_s", "PS1", "TS1", "FS1")
    }
    seconds = np.arange(60)
    for number in numbers.tolist():
        cooler, valve, pump, accumulator = (rng.choice(values) for values in STATES.values())
        lines.append(f"{number},{cooler},{valve},{pump},{accumulator},1")
        noise = rng.normal(size=(3, 60))
        parts["cycle"].append(np.full(60, number))
        parts["t_s"].append(seconds)
        parts["PS1"].append(valve * (seconds > 10) + noise[0])
        parts["TS1"].append(60.0 - 0.3 * cooler + 0.1 * accumulator * (seconds > 40) + noise[1])
        parts["FS1"].append(8.0 - 2.0 * pump + 0.3 * noise[2])
    (made / "profile.csv").write_text("\n".join(lines) + "\n")
    columns = {name: np.concatenate(values) for name, values in parts.items()}
    write_parquet(made / "sensors_1hz.parquet", columns)
    return made


def test_every_component_is_told_under_both_splits(folder: Path) -> None:
    result = judged("hydraulic", folder)
    assert result["cycles"] == 240
    assert result["macro"] > 0.97
    assert result["macro_blocked"] > 0.97
    assert set(result["blocked"]["accuracy"]) == {"mean", *STATES}
    assert "contiguous" in result["protocol"]


def test_what_is_known_of_a_judged_block_changes_nothing_told_of_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = script("hydraulic", monkeypatch)
    data = judge.read(folder)
    edges = np.linspace(data.number.min(), data.number.max() + 1, judge.BLOCKS + 1)
    is_block = (data.number >= edges[3]) & (data.number < edges[4])
    wrong = {
        name: np.where(is_block, STATES[name][0], state) for name, state in data.states.items()
    }
    misled = judge.Cycles(data.number, data.sensors, data.values, wrong)
    whole, other = judge.blocked_split(data, data), judge.blocked_split(misled, data)
    for name in STATES:
        np.testing.assert_array_equal(other[name][is_block], whole[name][is_block])


def test_shuffling_later_cycles_changes_no_answer_before_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = script("hydraulic", monkeypatch)
    data = judge.read(folder)
    is_early = np.arange(len(data.number)) < 120
    train, rest = data.where(is_early), data.where(~is_early)
    whole = judge.told(train, rest)
    order = np.concatenate(
        [np.arange(60), np.random.default_rng(2).permutation(np.arange(60, 120))]
    )
    other = judge.told(
        train, judge.Cycles(rest.number, rest.sensors, rest.values[order], rest.states)
    )
    for name in STATES:
        np.testing.assert_array_equal(other[name][:60], whole[name][:60])
        np.testing.assert_array_equal(other[name], whole[name][order])
