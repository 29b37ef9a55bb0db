"""Judges the gear detector on the SpectraQuest gearbox: learnt from healthy recordings only.

Split by load: a recording is judged by a model learnt from healthy recordings of other loads. If
the judged folder is also the one learnt from, each load is left out in turn. Windows do not
overlap. `auc_envelope` uses bands of the envelope alone, up to 5 kHz, at 1,000 samples;
`auc_envelope_low` only those below 1 kHz. The same gears are in every recording, so that even a
split by load may tell the assembly from the other rather than the tooth; the envelope less so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import Folders, answers, arguments, auroc, parquet_columns, report

from telltale.batch import NS_PER_S, Batch, FloatArray
from telltale.models.base import Model
from telltale.models.vibration.gear_model import SCORE, GearWindow, gear_model, learnt_gear
from telltale.models.vibration.gears import BandKind, Bands

RATE_HZ = 20_000.0  # as the set's repository states; only ratios to it matter here
ALL = Bands(RATE_HZ, BandKind.ALL, RATE_HZ / 4.0)
ENVELOPE = Bands(RATE_HZ, BandKind.ENVELOPE, RATE_HZ / 4.0)
ENVELOPE_LOW = Bands(RATE_HZ, BandKind.ENVELOPE, RATE_HZ / 20.0)
PIECE_ROWS = 20_000
NAME = re.compile(r"([hb])\d+hz(\d+)$")


@dataclass(frozen=True, slots=True)
class Recording:
    """One file: healthy or broken, at a load, channels of shape (n,) each."""

    is_broken: bool
    load_pct: int
    channels: Mapping[str, FloatArray]

    @property
    def samples(self) -> FloatArray:
        """All channels, shape (n, channels)."""
        return np.stack(list(self.channels.values()), axis=1)


def read(folder: Path) -> list[Recording]:
    """Return the folder's recordings."""
    found = []
    for path in sorted(folder.glob("*.parquet")):
        if kind := NAME.match(path.stem):
            channels = parquet_columns(path)
            found.append(Recording(kind[1] == "b", int(kind[2]), channels))
    return found


def scored(model: Model, judged: Recording) -> FloatArray:
    """Return the score of each window of one recording, fed in order as live."""
    n = len(judged.samples)
    time_ns = np.rint(np.arange(n) * NS_PER_S / RATE_HZ).astype(np.int64)
    score = answers(model, Batch("gearbox", time_ns, dict(judged.channels)), PIECE_ROWS)[SCORE]
    return score[np.isfinite(score)]


def judge(
    judged: list[Recording], train: list[Recording], bands: Bands, samples: int
) -> dict[str, float]:
    """Return AUC over all windows, and what the threshold finds and alarms falsely."""
    values, labels = [], []
    for load in sorted({r.load_pct for r in judged}):
        healthy = [r for r in train if not r.is_broken and r.load_pct != load]
        window = GearWindow(tuple(train[0].channels), bands, samples)
        levels = [window.levels(r.samples) for r in healthy]
        card, files = learnt_gear(levels, window, data="gearbox")
        model = gear_model(card, files)
        for recording in (r for r in judged if r.load_pct == load):
            values.append(scored(model, recording))
            labels.append(np.full(len(values[-1]), recording.is_broken))
    score, is_broken = np.concatenate(values), np.concatenate(labels)
    return {
        "auc": round(auroc(is_broken, score), 4),
        "found": round(float(np.mean(score[is_broken] > 1.0)), 4),
        "false": round(float(np.mean(score[~is_broken] > 1.0)), 4),
    }


def run(folders: Folders) -> dict[str, object]:
    """Judge the folder."""
    judged, train = read(folders.data), read(folders.train)
    at_300 = judge(judged, train, ALL, 300)
    at_1000 = judge(judged, train, ALL, 1000)
    envelope = judge(judged, train, ENVELOPE, 1000)
    return {
        "auc_300": at_300["auc"],
        "auc_1000": at_1000["auc"],
        "auc_envelope": envelope["auc"],
        "auc_envelope_300": judge(judged, train, ENVELOPE, 300)["auc"],
        "auc_envelope_low": judge(judged, train, ENVELOPE_LOW, 1000)["auc"],
        "found_share_1000": at_1000["found"],
        "false_share_1000": at_1000["false"],
        "found_share_envelope": envelope["found"],
        "false_share_envelope": envelope["false"],
        "protocol": "leave one load out" if folders.are_same else "fit on the loads of --train",
        "loads_pct": sorted({r.load_pct for r in judged}),
    }


if __name__ == "__main__":
    asked = arguments("gearbox")
    report(asked, run(asked))
