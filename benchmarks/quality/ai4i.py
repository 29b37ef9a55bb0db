"""Judges the classifier of failure modes on AI4I 2020, a synthetic table of a milling machine.

One forest per mode on power, temperature difference, wear x torque and the readings themselves;
mode flags are labels and never inputs. RNF is random by construction and is not learnt: its F1 is
0, which is part of `macro_f1`. The six classes are the set's usual ones (its class counts match):
a row of several modes counts as the first of PWF, HDF, TWF, OSF, RNF; a failure without a mode is
no class. On the share itself: stratified 5-fold cross-validation, twice; else learnt on --train and
judged on --data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import Folders, answers, arguments, auroc, csv_rows, report

from telltale.batch import NS_PER_S, Batch, BoolArray, FloatArray, IntArray
from telltale.models.card import Feature, Input
from telltale.models.faults.modes import FAILURE, LIMIT, Table, learnt_modes, mode_of
from telltale.models.folder import made_model

READINGS = {
    "air_temp_k": ("Air temperature [K]", "K"),
    "process_temp_k": ("Process temperature [K]", "K"),
    "speed_rpm": ("Rotational speed [rpm]", "rpm"),
    "torque_nm": ("Torque [Nm]", "N*m"),
    "wear_min": ("Tool wear [min]", "min"),
}
KINDS = {"L": 0.0, "M": 1.0, "H": 2.0}
LEARNT = ("PWF", "HDF", "OSF", "TWF")  # what physics decides before what chance does
ORDER = ("PWF", "HDF", "TWF", "OSF", "RNF")
FEATURES = {
    "power_w": Feature("product", ("speed_rpm", "torque_nm"), {"scale": 2.0 * np.pi / 60.0}),
    "warming_k": Feature("linear", ("process_temp_k", "air_temp_k"), {"weights": [1.0, -1.0]}),
    "strain_nm_min": Feature("product", ("wear_min", "torque_nm"), {}),
}
TABLE = Table(
    name="milling_modes",
    title="Failure modes of a milling machine",
    inputs={"kind": Input("1"), **{name: Input(unit) for name, (_, unit) in READINGS.items()}},
    features=FEATURES,
    columns=("kind", "air_temp_k", "speed_rpm", "torque_nm", "wear_min", *FEATURES),
    data="AI4I 2020 (Matzka), synthetic",
    is_simulated=True,
)
FOLDS, REPEATS = 5, 2


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of the table.

    Attributes:
        batch: Readings; a row a second, since a batch has times.
        is_failed: The machine failed, shape (n,).
        modes: By name, shape (n,).
    """

    batch: Batch
    is_failed: BoolArray
    modes: dict[str, BoolArray]

    def at(self, chosen: IntArray) -> Rows:
        """Return some rows, in order."""
        keep = np.zeros(len(self.is_failed), dtype=np.bool_)
        keep[chosen] = True
        modes = {mode: flags[keep] for mode, flags in self.modes.items()}
        return Rows(self.batch.where(keep), self.is_failed[keep], modes)

    @property
    def six(self) -> IntArray:
        """The class of each row: 0 for none, else its place in `ORDER` + 1."""
        flags = np.stack([self.modes[mode] for mode in ORDER], axis=1)
        return np.where(flags.any(axis=1), flags.argmax(axis=1) + 1, 0)


def read(folder: Path) -> Rows:
    """Return all rows of the folder's tables."""
    rows = [row for path in sorted(folder.glob("*.csv")) for row in csv_rows(path)]
    columns = {name: _numbers(rows, source) for name, (source, _) in READINGS.items()}
    columns["kind"] = np.array([KINDS[row["Type"]] for row in rows])
    time_ns = np.arange(len(rows), dtype=np.int64) * NS_PER_S
    modes = {mode: _numbers(rows, mode) > 0.0 for mode in ORDER}
    return Rows(Batch("ai4i", time_ns, columns), _numbers(rows, "Machine failure") > 0.0, modes)


def _numbers(rows: list[dict[str, str]], column: str) -> FloatArray:
    return np.array([float(row[column]) for row in rows])


def judged(train: Rows, data: Rows) -> tuple[FloatArray, IntArray]:
    """Learn on some rows; return the share of failing and the class of others."""
    learnt = {mode: train.modes[mode] for mode in LEARNT}
    card, files = learnt_modes(train.batch, learnt, TABLE)
    shares = answers(made_model(card, files), data.batch, 1_000)
    classes = [0 if mode is None else ORDER.index(mode) + 1 for mode in mode_of(shares, card)]
    return shares[FAILURE], np.array(classes)


def folds(rows: Rows, repeat: int) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield which rows are learnt from and judged; classes are spread evenly over the folds."""
    rng = np.random.default_rng(repeat)
    order = rng.permutation(len(rows.is_failed))
    ordered = order[np.argsort(rows.six[order] * 2 + rows.is_failed[order], kind="stable")]
    for fold in range(FOLDS):
        yield np.delete(ordered, np.s_[fold::FOLDS]), ordered[fold::FOLDS]


def figures(rows: Rows, share: FloatArray, classes: IntArray) -> dict[str, float]:
    """Return the figures of rows that were judged."""
    found, truth = share > LIMIT, rows.is_failed
    right = float((found & truth).sum())
    per_class = {
        name: f1(classes == at, rows.six == at) for at, name in enumerate(("none", *ORDER))
    }
    return {
        "f1": f1(found, truth),
        "macro_f1": float(np.mean(list(per_class.values()))),
        "precision": right / max(1.0, float(found.sum())),
        "recall": right / max(1.0, float(truth.sum())),
        "pr_auc": average_precision(truth, share),
        "roc_auc": auroc(truth, share),
        **{f"f1_{name}": value for name, value in per_class.items()},
    }


def f1(found: BoolArray, truth: BoolArray) -> float:
    return 2.0 * float((found & truth).sum()) / max(1.0, float(found.sum() + truth.sum()))


def average_precision(truth: BoolArray, score: FloatArray) -> float:
    """Return precision averaged over the recall that each threshold adds."""
    order = np.argsort(-score, kind="stable")
    is_last = np.append(np.diff(score[order]) != 0.0, True)  # of equal scores
    right = np.cumsum(truth[order])[is_last]
    precision = right / (np.flatnonzero(is_last) + 1)
    return float(np.sum(np.diff(right, prepend=0) * precision) / max(1, truth.sum()))


def cross_validated(rows: Rows) -> list[dict[str, float]]:
    """Return the figures of each repeat, over all rows."""
    found = []
    for repeat in range(REPEATS):
        share, classes = np.zeros(len(rows.is_failed)), np.zeros(len(rows.is_failed), np.int64)
        for learnt, held_out in folds(rows, repeat):
            chosen = np.sort(held_out)
            share[chosen], classes[chosen] = judged(rows.at(learnt), rows.at(chosen))
        found.append(figures(rows, share, classes))
    return found


def run(folders: Folders) -> dict[str, object]:
    """Judge the folder."""
    data = read(folders.data)
    if folders.are_same:
        found = cross_validated(data)
        protocol = f"stratified {FOLDS}-fold cross-validation, {REPEATS} times"
    else:
        found = [figures(data, *judged(read(folders.train), data))]
        protocol = "learnt on --train, judged on --data"
    mean = {key: round(float(np.mean([each[key] for each in found])), 4) for key in found[0]}
    return {**mean, "protocol": protocol, "rows": len(data.is_failed)}


if __name__ == "__main__":
    asked = arguments("ai4i")
    report(asked, run(asked))
