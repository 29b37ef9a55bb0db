"""Learns faults from labelled stretches: how much each one is there, and what speaks for it.

Boosted trees on level and spread of each channel in the last half minute. How well they do is
measured on stretches that were left out: rows of one stretch are alike, and would tell themselves.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, Batch, FloatArray
from telltale.errors import ModelError
from telltale.labels import LabelKind, fault_title, moment
from telltale.models.card import Card, Feature, Input, Threshold, Training, Window
from telltale.models.detector_card import mean_and_spread
from telltale.models.detectors.usable import LEAST_MEASURED
from telltale.models.estimates.core import TREES
from telltale.models.estimates.questions import questions
from telltale.models.faults.labelled_core import NORMAL, RUNTIME, fault_output
from telltale.models.faults.labelled_trees import (
    FaultSettings,
    FaultTable,
    grown_classes,
    left_out,
    limit_of,
    quality_of,
)
from telltale.models.folder import PARITY_ROWS, complete, joint_hash, stamped
from telltale.models.onnx_files.core import FILE
from telltale.models.training_set import Run, TrainingSet
from telltale.models.trees.kept_trees import kept_trees
from telltale.models.trees.write_onnx import onnx_trees
from telltale.models.windows import evenly
from telltale.profiles.schema import Limits, Output

LEAST_ROWS = 20  # of one class
MOST_CLASS_ROWS = 10_000
MOST_FAULTS = 30
MOST_NAMED = 5
ROWS_IN_WINDOW = 30.0
NORMAL_PARTS = 5  # of the only normal stretch: parts of it are left out in turn


def train_faults(
    name: str, training_set: TrainingSet, settings: FaultSettings, *, alarms_per_week: float
) -> tuple[Card, dict[str, bytes]]:
    """Return card and files of a model with one intensity per labelled fault, and one of normal.

    Args:
        name: Of the model, one word.
        training_set: Runs of normal operation and of named faults, of one or more machines.
        settings: How.
        alarms_per_week: Passed over: limits come from the normal stretches.

    Raises:
        ModelError: Normal or a fault is missing, or too little is labelled.
        MissingExtraError: XGBoost or ONNX is not installed.
    """
    started_s = time.monotonic()
    runs = [run for run in training_set.runs if run.kind is not LabelKind.FAILURE]
    runs, too_short = _long_enough(name, runs, settings)
    classes = _classes(name, runs)
    card = _frame(name, _usable(training_set.inputs, runs), classes, settings)
    table = _table(card, runs, classes, settings)
    given = left_out(table, len(classes), settings)
    limits = [limit_of(given, table, at, settings) for at in range(1, len(classes))]
    trees = grown_classes(table.rows, table.label, len(classes), settings)
    training = _training(training_set, runs, table, classes, started_s)
    card = msgspec.structs.replace(
        card,
        outputs=_outputs(classes, limits, settings),
        threshold=_threshold(limits),
        quality=quality_of(given, table, classes),
        normal=_usual(card, runs),
        settings={"classes": list(classes), "usual": _levels(table)},
        training=msgspec.structs.replace(training, data=f"{training.data} {too_short}".strip()),
    )
    files = {FILE: onnx_trees(trees), TREES: kept_trees(trees)}
    samples = max((run.batch for run in runs), key=len)
    return complete(stamped(card), files, samples.rows(0, _parity_rows(samples, settings)))


def _where(run: Run) -> str:
    return f"{run.batch.machine} from {moment(int(run.batch.time_ns[0]))}"


def _questions_in(run: Run, settings: FaultSettings) -> int:
    """Return how many rows a stretch gives at most."""
    span_s = float(run.batch.time_ns[-1] - run.batch.time_ns[0]) / NS_PER_S
    return min(len(run.batch), int(span_s * ROWS_IN_WINDOW / settings.window_s) + 1)


def _long_enough(name: str, runs: Sequence[Run], settings: FaultSettings) -> tuple[list[Run], str]:
    """Return the runs of faults of which there is enough and the normal ones, and what is left out.

    Raises:
        ModelError: Nothing is left of the faults; each of those left out is named.
    """
    rows: dict[str, int] = {}
    for run in runs:
        rows[run.fault] = rows.get(run.fault, 0) + _questions_in(run, settings)
    short = [run for run in runs if run.fault and rows[run.fault] < LEAST_ROWS]
    if not short:
        return list(runs), ""
    left = [run for run in runs if not run.fault or rows[run.fault] >= LEAST_ROWS]
    named = "; ".join(
        f"{run.fault!r} of {_where(run)}, {_questions_in(run, settings)} rows"
        for run in short[:MOST_NAMED]
    )
    more = f"; and {len(short) - MOST_NAMED} more" if len(short) > MOST_NAMED else ""
    told = f"Too short to learn from, at least {LEAST_ROWS} rows are needed: {named}{more}."
    if not any(run.fault for run in left):
        raise ModelError(f"{name}: {told} Label longer stretches.")
    return left, told


def _classes(name: str, runs: Sequence[Run]) -> tuple[str, ...]:
    """Return normal and the faults. Raises ModelError where there is nothing to tell apart."""
    faults = sorted({run.fault for run in runs if run.kind is LabelKind.FAULT})
    has_normal = any(run.kind is LabelKind.NORMAL for run in runs)
    if not faults or not has_normal:
        what = "a stretch in which all was normal" if faults else "a stretch of a fault"
        raise ModelError(
            f"{name}: at least one fault and normal operation must be labelled, to tell one from "
            f"the other. Label {what}, or, if there are labels, one in which readings are kept."
        )
    if len(faults) > MOST_FAULTS:
        raise ModelError(
            f"{name}: {len(faults)} faults are labelled; at most {MOST_FAULTS} are told apart."
        )
    return (NORMAL, *faults)


def _usable(inputs: Mapping[str, Input], runs: Sequence[Run]) -> dict[str, Input]:
    """Return the channels that every stretch has, and that vary. Raises ModelError."""

    def is_measured(name: str) -> bool:
        columns = [run.batch.columns.get(name) for run in runs]
        return all(c is not None and np.isfinite(c).mean() >= LEAST_MEASURED for c in columns)

    def varies(name: str) -> bool:
        values = np.concatenate([run.batch.columns[name] for run in runs])
        return bool(np.nanmax(values) > np.nanmin(values))

    found = {name: unit for name, unit in inputs.items() if is_measured(name) and varies(name)}
    if not found:
        raise ModelError(
            "No channel is measured in all labelled stretches, and varies. Remove the label of a "
            "stretch in which nothing was measured, or label another one."
        )
    return found


def _frame(
    name: str, inputs: Mapping[str, Input], classes: tuple[str, ...], settings: FaultSettings
) -> Card:
    """Return the card that says what the trees see."""
    window = {"window_s": settings.window_s}
    features: dict[str, Feature] = {}
    for channel in inputs:
        features[f"{channel}_level"] = Feature("rolling_mean", (channel,), window)
        features[f"{channel}_spread"] = Feature("rolling_std", (channel,), window)
    outputs = _outputs(classes, [settings.least_limit] * (len(classes) - 1), settings)
    return Card(
        name=name,
        title="Faults that were labelled",
        task="fault",
        runtime=RUNTIME,
        inputs=dict(inputs),
        features=features,
        columns=tuple(features),
        window=Window(every_s=settings.window_s / ROWS_IN_WINDOW),
        core_outputs=tuple(outputs),
        outputs=outputs,
        training=Training("Not trained yet.", is_simulated=False),
    )


def _outputs(
    classes: tuple[str, ...], limits: Sequence[float], settings: FaultSettings
) -> dict[str, Output]:
    """Return an output per class; of faults with the limit above which they are told."""
    outputs = {f"{NORMAL}_ratio": Output("Normal operation", "1", scale=(0.0, 1.0))}
    for fault, limit in zip(classes[1:], limits, strict=True):
        outputs[fault_output(fault)] = Output(
            fault_title(fault),
            "1",
            scale=(0.0, 1.0),
            limits=Limits(
                warn_above=limit,
                hysteresis=0.1,
                hold_s=settings.window_s / 3.0,
                clear_s=settings.window_s,
                source="labelled stretches",
            ),
        )
    return outputs


def _table(
    card: Card, runs: Sequence[Run], classes: tuple[str, ...], settings: FaultSettings
) -> FaultTable:
    """Return what the trees see of all runs. Raises ModelError where a class has hardly a row."""
    parts = []
    numbers = iter(range(len(runs) + NORMAL_PARTS))
    for at, found in enumerate(classes):
        of_class = [run for run in runs if (run.fault or NORMAL) == found]
        rows = [_rows(card, run.batch, settings) for run in of_class]
        rows = [one for one in rows if len(one)]
        if sum(map(len, rows)) < LEAST_ROWS:
            raise ModelError(
                f"{card.name}: {found!r} of {'; '.join(map(_where, of_class[:MOST_NAMED]))} has "
                f"{sum(map(len, rows))} rows with all channels; at least {LEAST_ROWS} are needed. "
                "Label a longer stretch, or remove this label."
            )
        if len(rows) == 1 and found == NORMAL:
            rows = np.array_split(rows[0], NORMAL_PARTS)
        is_only = len(rows) == 1
        most = max(1, MOST_CLASS_ROWS // len(rows))
        for one in rows:
            taken = one[evenly(len(one), most)]
            part = -1 if is_only else next(numbers)
            parts.append((taken, np.full(len(taken), at), np.full(len(taken), part)))
    return FaultTable(*(np.concatenate([part[i] for part in parts]) for i in range(3)))


def _rows(card: Card, batch: Batch, settings: FaultSettings) -> FloatArray:
    """Return a stretch's questions, without those whose window reaches before it."""
    places, rows = questions(card, batch)
    if not len(places):
        return rows
    times_s = (batch.time_ns[places] - batch.time_ns[0]) / NS_PER_S
    is_warm = times_s >= settings.window_s
    return rows[is_warm] if is_warm.sum() >= LEAST_ROWS else rows


def _threshold(limits: Sequence[float]) -> Threshold:
    method = (
        "an intensity above its own limit, at least the wished one and above all that the fault "
        "came to on normal stretches that were left out"
    )
    return Threshold(max(limits), method)


def _usual(card: Card, runs: Sequence[Run]) -> dict[str, tuple[float, float]]:
    normal = [run.batch for run in runs if run.kind is LabelKind.NORMAL]
    return {
        name: mean_and_spread(np.concatenate([batch.columns[name] for batch in normal]))
        for name in card.inputs
    }


def _levels(table: FaultTable) -> list[float]:
    """Return what each column of the trees usually is in normal operation."""
    means: list[float] = table.rows[table.label == 0].mean(axis=0).tolist()
    return means


def _training(
    training_set: TrainingSet,
    runs: Sequence[Run],
    table: FaultTable,
    classes: tuple[str, ...],
    started_s: float,
) -> Training:
    counts = {name: sum((run.fault or NORMAL) == name for run in runs) for name in classes}
    said = ", ".join(f"{name} {count}" for name, count in counts.items())
    data = f"Labelled stretches: {said}; {len(table.rows)} rows."
    alone = [name for name, count in counts.items() if count == 1 and name != NORMAL]
    if alone:
        data += (
            f" How well {', '.join(alone)} is told could not be evaluated: there is one stretch of "
            "it, and none to leave out. Label another one."
        )
    machines = {run.batch.machine for run in runs}
    return Training(
        data=data,
        is_simulated=training_set.is_simulated,
        machine=machines.pop() if len(machines) == 1 else "",
        start_ns=min(int(run.batch.time_ns[0]) for run in runs),
        end_ns=max(int(run.batch.time_ns[-1]) for run in runs),
        rows=len(table.rows),
        sha256=joint_hash(run.batch for run in runs),
        seconds=round(time.monotonic() - started_s, 3),
    )


def _parity_rows(batch: Batch, settings: FaultSettings) -> int:
    """Return how many samples to ask at each load: some windows' worth."""
    times_s = (batch.time_ns - batch.time_ns[0]) / NS_PER_S
    return max(PARITY_ROWS, int(np.searchsorted(times_s, 3.0 * settings.window_s)))
