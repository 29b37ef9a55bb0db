"""Judges the state of four components of a hydraulic rig, told once per cycle of 60 s.

Two splits. Random: stratified 5-fold over cycles if the judged folder is the one learnt from, else
learnt on --train and judged on --data, whose cycles are hashed out of the same runs: the easy
protocol either way. Blocked: the range of cycle numbers is cut into ten; the cycles of each tenth
are judged by a model learnt from --train outside that tenth, so that no neighbour of a judged cycle
was learnt from. `macro` is the mean accuracy of the four components.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from common import Folders, answers, arguments, csv_rows, parquet_columns, report

from telltale.batch import NS_PER_S, Batch, BoolArray, FloatArray, IntArray
from telltale.models.card import Input
from telltale.models.faults.cycles import learnt_cycles
from telltale.models.folder import made_model

COMPONENTS = ("cooler", "valve", "pump", "accumulator")
CYCLE_S = 60
CYCLE_PITCH_S = 120  # a pause between cycles, since some are left out
FOLDS, BLOCKS = 5, 10
PIECE_ROWS = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class Cycles:
    """Cycles with their labels.

    Attributes:
        number: Of each cycle, shape (m,).
        sensors: Names.
        values: Shape (m, 60, sensors).
        states: By component, shape (m,).
    """

    number: IntArray
    sensors: tuple[str, ...]
    values: FloatArray
    states: dict[str, FloatArray]

    def where(self, keep: BoolArray) -> Cycles:
        """Return some cycles."""
        states = {name: state[keep] for name, state in self.states.items()}
        return Cycles(self.number[keep], self.sensors, self.values[keep], states)


def read(folder: Path) -> Cycles:
    """Return the folder's cycles in the order of their numbers."""
    columns = parquet_columns(folder / "sensors_1hz.parquet")
    cycle, second = columns.pop("cycle").astype(np.int64), columns.pop("t_s")
    order = np.lexsort((second, cycle))
    sensors = tuple(columns)
    values = np.stack([columns[name][order] for name in sensors], axis=1)
    number = cycle[order].reshape(-1, CYCLE_S)
    if (number != number[:, :1]).any():
        raise SystemExit(f"{folder}: a cycle does not have {CYCLE_S} seconds.")
    row_of = {int(row["cycle"]): row for row in csv_rows(folder / "profile.csv")}
    numbers = number[:, 0]
    states = {c: np.array([float(row_of[n][c]) for n in numbers.tolist()]) for c in COMPONENTS}
    return Cycles(numbers, sensors, values.reshape(-1, CYCLE_S, len(sensors)), states)


def told(train: Cycles, data: Cycles) -> dict[str, FloatArray]:
    """Learn from some cycles; return the states told of others, fed in order as live."""
    inputs = {name: Input("1") for name in train.sensors}
    card, files = learnt_cycles(
        train.values, inputs, train.states, rate_hz=1.0, data="UCI 447, 1 Hz"
    )
    seconds = np.arange(len(data.number))[:, None] * CYCLE_PITCH_S + np.arange(CYCLE_S)
    rows = data.values.reshape(-1, len(data.sensors))
    columns = {name: np.ascontiguousarray(rows[:, at]) for at, name in enumerate(data.sensors)}
    batch = Batch("rig", seconds.ravel().astype(np.int64) * NS_PER_S, columns)
    found = answers(made_model(card, files), batch, PIECE_ROWS)
    return {name: found[name][CYCLE_S - 1 :: CYCLE_S] for name in COMPONENTS}


def random_folds(data: Cycles) -> Iterator[BoolArray]:
    """Yield which cycles are held out; each combination of states is spread over the folds."""
    order = np.random.default_rng(0).permutation(len(data.number))
    keys = [data.states[name][order] for name in COMPONENTS]
    order = order[np.lexsort(keys)]
    for fold in range(FOLDS):
        held_out = np.zeros(len(order), dtype=np.bool_)
        held_out[order[fold::FOLDS]] = True
        yield held_out


def random_split(train: Cycles, data: Cycles, *, are_same: bool) -> dict[str, FloatArray]:
    """Return the states told under the random split."""
    if not are_same:
        return told(train, data)
    found = {name: np.full(len(data.number), np.nan) for name in COMPONENTS}
    for held_out in random_folds(data):
        for name, state in told(data.where(~held_out), data.where(held_out)).items():
            found[name][held_out] = state
    return found


def blocked_split(train: Cycles, data: Cycles) -> dict[str, FloatArray]:
    """Return the states told under the blocked split."""
    numbers = np.concatenate([train.number, data.number])
    edges = np.linspace(numbers.min(), numbers.max() + 1, BLOCKS + 1)
    found = {name: np.full(len(data.number), np.nan) for name in COMPONENTS}
    for start, stop in pairwise(edges.tolist()):
        held_out = (data.number >= start) & (data.number < stop)
        if not held_out.any():
            continue
        learnt = train.where((train.number < start) | (train.number >= stop))
        for name, state in told(learnt, data.where(held_out)).items():
            found[name][held_out] = state
    return found


def figures(data: Cycles, found: dict[str, FloatArray]) -> dict[str, dict[str, float]]:
    """Return accuracy and macro F1 of each component, and the means over the components."""
    accuracy = {c: float(np.mean(found[c] == data.states[c])) for c in COMPONENTS}
    macro_f1 = {c: f1_of_classes(found[c], data.states[c]) for c in COMPONENTS}
    tables = {"accuracy": accuracy, "macro_f1": macro_f1}
    return {
        name: {
            "mean": round(float(np.mean(list(table.values()))), 4),
            **{component: round(value, 4) for component, value in table.items()},
        }
        for name, table in tables.items()
    }


def f1_of_classes(found: FloatArray, truth: FloatArray) -> float:
    """Return the mean F1 over the classes that are there."""
    scores = []
    for value in np.unique(truth):
        right = float(((found == value) & (truth == value)).sum())
        scores.append(
            2.0 * right / max(1.0, float((found == value).sum() + (truth == value).sum()))
        )
    return float(np.mean(scores))


def run(folders: Folders) -> dict[str, object]:
    """Judge the folder under both splits."""
    data = read(folders.data)
    train = data if folders.are_same else read(folders.train)
    at_random = figures(data, random_split(train, data, are_same=folders.are_same))
    blocked = figures(data, blocked_split(train, data))
    return {
        "macro": at_random["accuracy"]["mean"],
        "macro_blocked": blocked["accuracy"]["mean"],
        "random": at_random,
        "blocked": blocked,
        "protocol": (
            f"random: stratified {FOLDS}-fold over cycles"
            if folders.are_same
            else "random: learnt on --train, judged on --data, hashed out of the same runs"
        )
        + f"; blocked: {BLOCKS} contiguous stretches, each left out of the learning",
        "cycles": len(data.number),
    }


if __name__ == "__main__":
    asked = arguments("hydraulic")
    report(asked, run(asked))
