"""Judges the shape detector on SMAP and MSL: one detector per channel, from its own `train` rows.

Protocol: learnt on `train` (taken as normal, labels never used), asked about `test` row by row as
it comes. Figures: VUS-PR (see `vus.py`), mean over channels, of each spacecraft and of both; and
events as telemanom counts them: a predicted segment that overlaps a labelled one is right. Rows
before the first full window of `test` have no score and count as the least suspicious. Only the
telemetry value is read: with the commands beside it distances say less. Of the detector's settings
the window and the two that set the limit were chosen on the development share, where each stands
on a plateau. Nothing is learnt from one channel for another: --train is not used.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import Folders, answers, arguments, csv_rows, report
from vus import Segments, period, segments, vus_pr

from telltale.batch import NS_PER_S, Batch, BoolArray, FloatArray
from telltale.models.card import Input
from telltale.models.detectors.shapes import ShapeSettings, train_shapes
from telltale.models.folder import made_model
from telltale.models.training_set import TrainingSet

STEP_S = 60  # the set says about a minute
SETTINGS = ShapeSettings(samples=50, factor=2.0, least=1.0)  # values are scaled to -1 to 1
ALARMS_PER_WEEK = 7.0  # one a day: a channel has but days of rows
PIECE_ROWS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Channel:
    """One channel: telemetry value to learn from and to judge, and where the anomalies are."""

    spacecraft: str
    train: FloatArray
    test: FloatArray
    is_anomaly: BoolArray


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found on one channel."""

    spacecraft: str
    vus_pr: float
    found: int
    missed: int
    false_alarms: int


def read_channels(folder: Path) -> dict[str, Channel]:
    """Return the labelled channels of a folder; a channel labelled twice has both labels."""
    channels: dict[str, Channel] = {}
    for row in csv_rows(folder / "labeled_anomalies.csv"):
        name, path = row["chan_id"], folder / f"{row['chan_id']}.npz"
        if not path.is_file():
            continue
        with np.load(path, allow_pickle=False) as arrays:
            train, test = (arrays[part][:, 0].astype(np.float64) for part in ("train", "test"))
        is_anomaly = (
            channels[name].is_anomaly if name in channels else np.zeros(len(test), np.bool_)
        )
        for start, end in json.loads(row["anomaly_sequences"]):
            is_anomaly[start : end + 1] = True
        channels[name] = Channel(row["spacecraft"], train, test, is_anomaly)
    return channels


def readings(values: FloatArray) -> Batch:
    """Return telemetry values as a machine's readings, a minute apart."""
    return Batch("spacecraft", np.arange(len(values)) * STEP_S * NS_PER_S, {"value": values})


def scores(train: FloatArray, test: FloatArray) -> FloatArray:
    """Return the score of each row of `test` in multiples of the limit; NaN where there is none."""
    learnt_from = TrainingSet.of_normal(readings(train), {"value": Input("1")})
    card, files = train_shapes("shape", learnt_from, SETTINGS, alarms_per_week=ALARMS_PER_WEEK)
    return answers(made_model(card, files), readings(test), PIECE_ROWS)["shape_score"]


def predicted(score: FloatArray) -> Segments:
    """Return the segments in which the score is above its limit; short breaks do not end one."""
    rows = np.flatnonzero(score > 1.0)
    if not len(rows):
        return []
    breaks = np.flatnonzero(np.diff(rows) > SETTINGS.samples)
    starts, ends = np.append(rows[0], rows[breaks + 1]), np.append(rows[breaks], rows[-1])
    return [(int(start), int(end)) for start, end in zip(starts, ends, strict=True)]


def judge(channel: Channel) -> Judged:
    """Learn one channel and judge its test rows."""
    score = scores(channel.train, channel.test)
    tolerance = period(np.concatenate([channel.train, channel.test]))
    volume = vus_pr(channel.is_anomaly, np.nan_to_num(score), tolerance)
    true, said = segments(channel.is_anomaly), predicted(score)
    found = sum(any(overlap(a, b) for b in said) for a in true)
    false_alarms = sum(not any(overlap(a, b) for b in true) for a in said)
    return Judged(channel.spacecraft, volume, found, len(true) - found, false_alarms)


def overlap(a: tuple[int, int], b: tuple[int, int]) -> bool:
    """Return whether two segments share a row."""
    return a[0] <= b[1] and b[0] <= a[1]


def summary(judged: Iterable[Judged]) -> dict[str, float]:
    """Return mean VUS-PR, and precision and recall of events, over some channels."""
    channels = list(judged)
    found, missed, false = (
        sum(getattr(one, name) for one in channels) for name in ("found", "missed", "false_alarms")
    )
    return {
        "vus_pr": round(sum(one.vus_pr for one in channels) / max(1, len(channels)), 4),
        "event_precision": round(found / max(1, found + false), 4),
        "event_recall": round(found / max(1, found + missed), 4),
    }


def run(folders: Folders) -> dict[str, object]:
    """Judge every channel of the folder."""
    judged = {
        name: judge(channel)
        for name, channel in read_channels(folders.data).items()
        if channel.is_anomaly.any()
    }
    by_craft = {
        craft.casefold(): summary(one for one in judged.values() if one.spacecraft == craft)
        for craft in sorted({one.spacecraft for one in judged.values()})
    }
    return {
        **summary(judged.values()),
        **{f"{key}_{craft}": x for craft, found in by_craft.items() for key, x in found.items()},
        "channels": len(judged),
        "per_file": {name: round(one.vus_pr, 4) for name, one in judged.items()},
    }


if __name__ == "__main__":
    asked = arguments("smap_msl")
    report(asked, run(asked))
