"""Judges the bearing diagnosis on the CWRU set: physics only, no fault is learnt.

Each recording is fed in pieces to the model that runs live. Windows of 2 s without overlap are
judged; a recording's own answer is that of the mean evidence of its windows. A part's score in a
window is its share of the evidence of the three parts; windows of normal recordings count among
the negatives. Where the speed is not given it is read off the speeds that other recordings have at
that load.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import Folders, answers, arguments, auroc, csv_rows, parquet_columns, report

from telltale.batch import NS_PER_S, Batch, FloatArray
from telltale.models.vibration.bearing_model import (
    KNOCKING,
    WEIGHTS,
    WINDOW_S,
    bearing_card,
    bearing_model,
)
from telltale.models.vibration.bearings import PARTS, SKF_6205, Part
from telltale.models.vibration.diagnosis import IMPULSIVE, LEAST_WEIGHT, Answer, answered, shares

TOP_HZ = 6000.0  # what the 12 kHz recordings hold: one marked 48 kHz gains nothing by its rate
PIECE_ROWS = 5_000
FAULT_OF = {"OR": Part.OUTER_RACE, "IR": Part.INNER_RACE, "B": Part.BALL}


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording's answers.

    Attributes:
        name: Its file.
        truth: The damaged part; None if normal.
        weight: Per window, shape (w, 3).
        kurtosis: Per window, shape (w,).
    """

    name: str
    truth: Part | None
    weight: FloatArray
    kurtosis: FloatArray

    @property
    def answers(self) -> list[Answer]:
        """The answer of each window."""
        return [answered(w, k) for w, k in zip(self.weight, self.kurtosis, strict=True)]

    @property
    def joined(self) -> Answer:
        """The answer of all windows together."""
        return answered(self.weight.mean(axis=0), float(np.median(self.kurtosis)))


def speed_at_load(rows: list[dict[str, str]]) -> tuple[float, float]:
    """Return offset (rpm) and slope (rpm per hp) of shaft speed over load."""
    known = [(number(r["load_hp"]), number(r["rpm"])) for r in rows]
    known = [(load, rpm) for load, rpm in known if math.isfinite(load + rpm)]
    if len({load for load, _ in known}) < 2:
        return (float(np.mean([rpm for _, rpm in known])) if known else math.nan), 0.0
    slope, offset = np.polyfit(*zip(*known, strict=True), 1)
    return float(offset), float(slope)


def number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan


def judged(folder: Path, row: dict[str, str], speed: tuple[float, float]) -> Recording:
    """Feed one recording to the model."""
    rate_hz, shaft_rpm = number(row["fs_hz"]), number(row["rpm"])
    if not math.isfinite(shaft_rpm):
        shaft_rpm = speed[0] + speed[1] * number(row["load_hp"])
    waveform = parquet_columns(folder / row["file"])["de_g"]
    time_ns = np.rint(np.arange(len(waveform)) * NS_PER_S / rate_hz).astype(np.int64)
    speeds = np.full(len(waveform), shaft_rpm)
    batch = Batch("cwru", time_ns, {"acceleration_g": waveform, "speed_rpm": speeds})
    model = bearing_model(bearing_card(SKF_6205, rate_hz, top_hz=TOP_HZ), {})
    found = answers(model, batch, PIECE_ROWS)
    rows = np.isfinite(found[KNOCKING])
    weight = np.stack([found[name][rows] for name in WEIGHTS], axis=1) * LEAST_WEIGHT
    kurtosis = found[KNOCKING][rows] * IMPULSIVE
    return Recording(row["file"], FAULT_OF.get(row["fault"]), weight, kurtosis)


def summary(recordings: list[Recording]) -> dict[str, object]:
    """Return the figures; recordings of unknown speed have no answer and are only counted."""
    n_given = len(recordings)
    recordings = [r for r in recordings if len(r.weight)]
    if not recordings:
        raise SystemExit("No recording has a known speed, or load, and 2 s of samples.")
    share = shares(np.concatenate([r.weight for r in recordings]))
    truth = [r.truth for r in recordings for _ in r.weight]
    given = [answer for r in recordings for answer in r.answers]
    faulty = [(t, a) for t, a in zip(truth, given, strict=True) if t is not None]
    n = max(1, len(faulty))
    rounded = aurocs(truth, share)
    is_faulty = np.array([t is not None for t in truth])
    of_faults = aurocs([t for t in truth if t is not None], share[is_faulty])
    files = [(r.truth.value if r.truth else "none", r.joined.value) for r in recordings]
    per_file = {r.name: r.joined.value for r in recordings}
    return {
        "macro_auroc": mean_of(rounded),
        "unclear_share": share_of(given, Answer.UNCLEAR),
        "auroc": rounded,
        "macro_auroc_without_normal": mean_of(of_faults),
        "file_accuracy": round(sum(t == a for t, a in files) / len(files), 4),
        "files_wrong": sum(a in tuple(PARTS) and t != a for t, a in files),
        "named_right_share": round(sum(t.value == a.value for t, a in faulty) / n, 4),
        "missed_share": share_of([a for _, a in faulty], Answer.NONE),
        "wrong_share": round(
            sum(a.value in tuple(PARTS) and t.value != a.value for t, a in faulty) / n, 4
        ),
        "window_s": WINDOW_S,
        "windows": len(given),
        "without_answer": n_given - len(recordings),
        "answers": dict(Counter(f"{t} as {a}" for t, a in files)),
        "per_file": per_file,
    }


def aurocs(truth: list[Part | None], share: FloatArray) -> dict[str, float]:
    """Return each part's AUROC against the rest; of parts that are there and not everywhere."""
    scores = {
        part: auroc(np.array([t is part for t in truth]), share[:, at])
        for at, part in enumerate(PARTS)
    }
    return {part: round(score, 4) for part, score in scores.items() if math.isfinite(score)}


def mean_of(scores: dict[str, float]) -> float | None:
    return round(float(np.mean(list(scores.values()))), 4) if scores else None


def share_of(given: list[Answer], answer: Answer) -> float:
    return round(given.count(answer) / max(1, len(given)), 4)


def run(folders: Folders) -> dict[str, object]:
    """Judge every recording of the folder."""
    rows = csv_rows(folders.data / "index.csv")
    known = folders.train / "index.csv"
    speed = speed_at_load([*rows, *(csv_rows(known) if known.exists() else [])])
    return summary([judged(folders.data, row, speed) for row in rows])


if __name__ == "__main__":
    asked = arguments("cwru")
    report(asked, run(asked))
