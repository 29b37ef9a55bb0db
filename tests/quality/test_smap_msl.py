"""The judge of SMAP and MSL: VUS-PR as it is defined, events as overlaps, and no later row."""

from __future__ import annotations

import importlib
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.quality.judging import judged

JUDGES = Path(__file__).parents[2] / "benchmarks" / "quality"


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(JUDGES))
    return importlib.import_module("smap_msl")


@pytest.fixture
def vus(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(JUDGES))
    return importlib.import_module("vus")


def plain_vus_pr(labels: list[bool], score: list[float], longest: int) -> float:
    """Return VUS-PR row by row, threshold by threshold, straight from its definition."""
    n, volumes = len(labels), []
    ends = [i for i in range(n) if labels[i] and (i == n - 1 or not labels[i + 1])]
    starts = [i for i in range(n) if labels[i] and (i == 0 or not labels[i - 1])]
    falling = sorted(score, reverse=True)
    for tolerance in range(longest + 1):
        half = tolerance // 2
        weight = [float(label) for label in labels]
        for start, end in zip(starts, ends, strict=True):
            for i in range(n):
                apart = i - end if i > end else start - i
                if 0 < apart <= half:
                    weight[i] = min(1.0, weight[i] + math.sqrt(1.0 - apart / tolerance))
        groups: list[list[int]] = []
        for start, end in zip(starts, ends, strict=True):
            rows = list(range(max(0, start - half), min(n - 1, end + half) + 1))
            if groups and groups[-1][-1] >= rows[0]:
                groups[-1] += rows
            else:
                groups.append(rows)
        area, before = 0.0, 0.0
        for k in range(250):
            threshold = falling[int(k * (n - 1) / 249)]
            said = [i for i in range(n) if score[i] >= threshold]
            hits = sum(weight[i] for i in said)
            beside = sum(weight[i] for i in said if not labels[i])
            positives = (sum(labels) + sum(labels) + beside) / 2.0
            touched = sum(any(score[i] >= threshold for i in group) for group in groups)
            recall = min(hits / positives, 1.0) * touched / len(groups)
            area += (recall - before) * hits / len(said)
            before = recall
        volumes.append(area)
    return sum(volumes) / len(volumes)


@pytest.mark.parametrize("seed", range(4))
def test_vus_pr_is_what_its_definition_gives(vus: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    is_anomaly = np.zeros(90, dtype=np.bool_)
    is_anomaly[20:29] = is_anomaly[36:40] = is_anomaly[80:] = True
    score = np.round(rng.random(90) + 0.5 * is_anomaly, 1)  # with ties
    expected = plain_vus_pr(is_anomaly.tolist(), score.tolist(), 11)
    assert vus.vus_pr(is_anomaly, score, 11) == pytest.approx(expected, rel=1e-12)


def test_a_perfect_score_has_volume_near_1_and_a_blind_one_little(vus: Any) -> None:
    is_anomaly = np.zeros(2000, dtype=np.bool_)
    is_anomaly[1000:1100] = True
    assert vus.vus_pr(is_anomaly, is_anomaly * 1.0, 0) == pytest.approx(1.0, abs=1e-6)
    blind = np.random.default_rng(1).random(2000)
    assert vus.vus_pr(is_anomaly, blind, 50) < 0.15


def test_the_period_is_that_of_the_signal(vus: Any) -> None:
    assert vus.period(np.sin(2 * np.pi * np.arange(3000) / 40)) == 40
    assert vus.period(np.zeros(500)) == 125


def test_events_count_as_overlaps_and_short_breaks_do_not_end_one(judge: Any) -> None:
    score = np.zeros(1000)
    score[100:105] = score[140:150] = score[700] = 2.0
    assert judge.predicted(score) == [(100, 149), (700, 700)]
    assert judge.predicted(np.full(9, np.nan)) == []
    assert judge.overlap((100, 149), (149, 300))
    assert not judge.overlap((100, 149), (150, 300))


def write_folder(folder: Path, test: np.ndarray) -> None:
    folder.mkdir()
    train = np.sin(np.arange(1500) / 3.0)
    columns = [np.stack([x, np.zeros_like(x)], axis=1).astype(np.float32) for x in (train, test)]
    np.savez(folder / "X-1.npz", train=columns[0], test=columns[1])
    (folder / "labeled_anomalies.csv").write_text(
        "chan_id,spacecraft,anomaly_sequences,class,num_values\n"
        'X-1,SMAP,"[[600, 650]]",[point],1200\n'
        'Y-1,SMAP,"[[1, 2]]",[point],9\n'
    )


def test_a_folder_is_judged_channel_by_channel(judge: Any, tmp_path: Path) -> None:
    test = np.sin(np.arange(1200) / 3.0)
    test[600:650] = 0.9
    write_folder(tmp_path / "set", test)
    (channel,) = judge.read_channels(tmp_path / "set").values()
    judged = judge.judge(channel)
    assert (judged.found, judged.missed, judged.false_alarms) == (1, 0, 0)
    assert judged.vus_pr > 0.5
    assert judge.summary([judged])["event_precision"] == 1.0


def test_shuffling_the_future_changes_nothing_before_it(judge: Any) -> None:
    rng = np.random.default_rng(2)
    train = np.sin(np.arange(1500) / 3.0) + rng.normal(0, 0.05, 1500)
    test = np.sin(np.arange(900) / 3.0) + rng.normal(0, 0.05, 900)
    shuffled = test.copy()
    rng.shuffle(shuffled[500:])
    first, second = judge.scores(train, test), judge.scores(train, shuffled)
    np.testing.assert_array_equal(first[:500], second[:500])
    assert np.isfinite(first[49:]).all()
    assert (second[560:] > 1.0).any()
    assert not (first[560:] > 1.0).any()


def test_the_script_prints_its_figures_as_the_last_line(tmp_path: Path) -> None:
    test = np.sin(np.arange(1200) / 3.0)
    test[600:650] = 0.9
    write_folder(tmp_path / "set", test)
    result = judged("smap_msl", tmp_path / "set")
    assert result["channels"] == 1
    assert result["event_precision"] == result["event_recall_smap"] == 1.0
    assert result["vus_pr"] == result["vus_pr_smap"] == result["per_file"]["X-1"]
