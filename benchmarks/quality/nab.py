"""Judges the novelty detector on NAB: one series per file, one pass, alarms scored by earliness.

Protocol: strictly causal; the first 15 % of a file (at most 750 rows) is not scored. The detector
is the product's own with its own settings. Of its settings three were chosen on the 13 series of
the development share: the length of the running mean, for how long it stays quiet, and one
threshold per profile, frozen below. Nothing is learnt from one file for another: --train is not
used, but where the judged folder is the share they were chosen on, the figure is also given with
length and threshold chosen anew without the file that is scored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from common import Folders, answers, arguments, csv_rows, report
from nab_score import PROFILES, FileScore, file_score, normalised, window_rows

from telltale.batch import NS_PER_S, Batch, BoolArray
from telltale.models.card import Input
from telltale.models.folder import made_model
from telltale.models.novelty.detector import NoveltySettings, novelty_model

LIMIT_SIGMAS = {"standard": 6.0, "low_fp": 7.0, "low_fn": 6.0}
MEAN_SAMPLES = NoveltySettings().averages[-1]
PIECE_ROWS = 500
TRIED_SIGMAS = (3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0)
TRIED_SAMPLES = (12, 16, 20, 24, 32)


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One file: its readings, and first and last row of each window with an anomaly."""

    batch: Batch
    windows: list[tuple[int, int]]


def read_series(folder: Path) -> dict[str, Series]:
    """Return the labelled series of a folder, by their path in it."""
    labelled = json.loads((folder / "windows.json").read_text(encoding="utf-8"))
    return {
        name: _series(folder / name, windows)
        for name, windows in sorted(labelled.items())
        if (folder / name).is_file()
    }


def _series(path: Path, windows: list[list[str]]) -> Series:
    rows = csv_rows(path)
    value = np.array([float(row["value"]) for row in rows])
    time_s = np.array([_seconds(row["timestamp"]) for row in rows])
    in_order = np.maximum.accumulate(time_s)  # a clock set back does not reorder the samples
    edges = [(_seconds(start), _seconds(end)) for start, end in windows]
    batch = Batch(path.stem, in_order * NS_PER_S, {"value": value})
    return Series(batch, window_rows(in_order, edges))


def _seconds(timestamp: str) -> int:
    return int(np.datetime64(timestamp, "s").astype(np.int64))


def alarms(batch: Batch, limit_sigmas: float, mean_samples: int = MEAN_SAMPLES) -> BoolArray:
    """Return where the detector says "strange", shape (n,)."""
    settings = NoveltySettings(averages=(1, mean_samples))
    card, files = novelty_model(
        "novelty", {"value": Input("1")}, limit_sigmas=limit_sigmas, settings=settings
    )
    score = answers(made_model(card, files), batch, PIECE_ROWS)["novelty_score"]
    is_alarm: BoolArray = score > 1.0  # not where it is NaN: no answer is no alarm
    return is_alarm


def scores(
    series: Mapping[str, Series],
    profile: str,
    limit_sigmas: float,
    mean_samples: int = MEAN_SAMPLES,
) -> dict[str, FileScore]:
    """Return each file's score."""
    return {
        name: file_score(
            alarms(one.batch, limit_sigmas, mean_samples), one.windows, PROFILES[profile]
        )
        for name, one in series.items()
    }


def held_out(series: Mapping[str, Series]) -> float:
    """Return the standard score, each file scored with what suits all the others best."""
    tried = [
        scores(series, "standard", sigmas, samples)
        for sigmas, samples in product(TRIED_SIGMAS, TRIED_SAMPLES)
    ]
    found = []
    for name in series:
        best = max(tried, key=lambda each: sum(s.raw for n, s in each.items() if n != name))
        found.append(best[name])
    return normalised(found, PROFILES["standard"])


def run(folders: Folders) -> dict[str, object]:
    """Judge every series of the folder."""
    series = read_series(folders.data)
    by_profile = {p: scores(series, p, LIMIT_SIGMAS[p]) for p in PROFILES}
    totals: dict[str, object] = {
        profile: round(normalised(found.values(), PROFILES[profile]), 2)
        for profile, found in by_profile.items()
    }
    standard = by_profile["standard"]
    if folders.are_same:
        totals["standard_leave_one_file_out"] = round(held_out(series), 2)
    return {
        **totals,
        "windows": sum(score.windows for score in standard.values()),
        "found": sum(score.found for score in standard.values()),
        "false_alarms": sum(score.false_alarms for score in standard.values()),
        "per_file": {name: round(score.raw, 4) for name, score in standard.items()},
    }


if __name__ == "__main__":
    asked = arguments("nab")
    report(asked, run(asked))
