"""Judges the detector of normal behaviour on SKAB: the pump testbed, one experiment per file.

Protocol: the first 400 rows of a file are what the machine learns from (labels not used), the rest
is judged row by row as it comes; predictions of all files together, no point adjustment. A row is
an alarm when the score of the detector "normal", with the product's own defaults and a budget of
one false alarm a week, is above its limit. Nothing is learnt from other files: --train is not used.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import Folders, answers, arguments, report

from telltale.batch import Batch, BoolArray, IntArray, concat
from telltale.formats.files import read_file
from telltale.models.card import Input
from telltale.models.folder import made_model
from telltale.models.trainers import train
from telltale.models.training_set import TrainingSet

LEARN_ROWS = 400
PIECE_ROWS = 60
UNITS = {
    "Accelerometer1RMS": "g",
    "Accelerometer2RMS": "g",
    "Current": "A",
    "Pressure": "bar",
    "Temperature": "degC",
    "Thermocouple": "degC",
    "Voltage": "V",
    "Volume Flow RateRMS": "l/min",
}
LABEL, UNLABELLED = "anomaly", "anomaly-free"


@dataclass(frozen=True, slots=True)
class Judged:
    """The judged rows of one file: where an alarm was, and where an anomaly."""

    is_alarm: BoolArray
    is_anomaly: BoolArray

    def counts(self) -> IntArray:
        """Return true and false positives, false and true negatives, shape (4,)."""
        a, y = self.is_alarm, self.is_anomaly
        return np.array([(a & y).sum(), (a & ~y).sum(), (~a & y).sum(), (~a & ~y).sum()])


def experiments(folder: Path) -> dict[str, Batch]:
    """Return the labelled experiments of a folder by their path in it."""
    found = {}
    for path in sorted(folder.rglob("*.csv")):
        pieces = [batch for decoded in read_file(path) for batch in decoded.batches]
        if pieces and LABEL in pieces[0].columns and UNLABELLED not in path.parts:
            found[str(path.relative_to(folder))] = concat(pieces)
    return found


def alarms(batch: Batch) -> BoolArray:
    """Return where the detector learnt from the first rows is above its limit, shape (n,)."""
    inputs = {name: Input(unit) for name, unit in UNITS.items() if name in batch.columns}
    readings = batch.select(tuple(inputs))
    learnt_from = TrainingSet.of_normal(readings.rows(0, LEARN_ROWS), inputs)
    card, files = train("normal", "pump", learnt_from)
    score = answers(made_model(card, files), readings, PIECE_ROWS)["pump_score"]
    is_alarm: BoolArray = score > 1.0  # not where it is NaN: no answer is no alarm
    return is_alarm


def rates(counts: IntArray) -> dict[str, float]:
    """Return F1, and false and missed alarms in percent of the rows that could be."""
    tp, fp, fn, tn = counts.tolist()
    return {
        "f1": round(2 * tp / max(1, 2 * tp + fp + fn), 4),
        "far": round(100 * fp / max(1, fp + tn), 2),
        "mar": round(100 * fn / max(1, fn + tp), 2),
    }


def run(folders: Folders) -> dict[str, object]:
    """Judge every experiment of the folder."""
    judged = {
        name: Judged(alarms(batch)[LEARN_ROWS:], batch.columns[LABEL][LEARN_ROWS:] > 0.5)
        for name, batch in experiments(folders.data).items()
    }
    total = np.array([one.counts() for one in judged.values()]).sum(axis=0)
    anomalous = [one for one in judged.values() if one.is_anomaly.any()]
    return {
        **rates(total),
        "events_found": sum(bool((one.is_alarm & one.is_anomaly).any()) for one in anomalous),
        "events": len(anomalous),
        "per_file": {name: rates(one.counts()) for name, one in judged.items()},
    }


if __name__ == "__main__":
    asked = arguments("skab")
    report(asked, run(asked))
