"""Trains an estimate with bounds from runs whose truth is known: remaining life, or a forecast."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from telltale.batch import Batch, BoolArray, FloatArray, IntArray
from telltale.errors import ModelError
from telltale.models.card import Card, Measured, Training
from telltale.models.estimates.boosted import Boosting, Estimator, estimator, folds_of
from telltale.models.estimates.core import TREES, EstimateSettings, in_steps
from telltale.models.estimates.intervals import bound, error_table
from telltale.models.estimates.questions import KnownRun, Table, table_of
from telltale.models.folder import PARITY_ROWS, complete, joint_hash, stamped
from telltale.models.onnx_files.core import FILE
from telltale.models.trees.kept_trees import kept_trees
from telltale.models.trees.write_onnx import onnx_trees

RUNTIME = "estimate"
BINS = 5
LEAST_RUNS = 10  # below, how alike the errors of one run are cannot be told


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A trained estimate.

    Attributes:
        card, files: What its folder holds.
        table: What it learnt from.
        held_out: What trees that had not seen a row's run said about it, shape (m,).
        scale: The size of the error that they predicted, shape (m,).
    """

    card: Card
    files: Mapping[str, bytes]
    table: Table
    held_out: FloatArray
    scale: FloatArray

    @property
    def settings(self) -> EstimateSettings:
        """What the card tells its core."""
        return msgspec.convert(self.card.settings, EstimateSettings)


@dataclass(frozen=True, slots=True)
class Lesson:
    """How an estimate is trained.

    Attributes:
        how: How trees are grown.
        anchor, step, least, least_scale, within: See `EstimateSettings`.
        every: Trees learn from every so-manieth row: neighbours are alike.
        asked_every: Of very many rows only every so-manieth is looked at, before all else.
        cuts_per_run: Rows of each run that the bounds are counted on, so that runs count alike.
        n_folds: Into how many parts the runs go; each is held out once.
    """

    how: Boosting
    anchor: str = ""
    step: float = 0.0
    least: float | None = None
    least_scale: float = 1.0
    within: tuple[float, ...] = ()
    every: int = 1
    asked_every: int = 1
    cuts_per_run: int = 50
    n_folds: int = 5


def trained_estimate(
    card: Card, runs: Sequence[KnownRun], lesson: Lesson, rng: np.random.Generator
) -> Trained:
    """Train an estimate; its bounds come from runs that were held out.

    Args:
        card: All but settings, quality and files; its runtime is `RUNTIME`.
        runs: At least `LEAST_RUNS` of them, or of their parts.
        lesson: How.
        rng: Draws folds and cuts.

    Raises:
        ModelError: Too little is known to learn or to count from.
        MissingExtraError: XGBoost or ONNX is not installed.
    """
    started_s = time.perf_counter()
    table = table_of(card, runs, lesson.anchor, lesson.asked_every)
    _check_enough(card, table)
    is_taught = np.arange(len(table.truth)) % lesson.every == 0
    fitted = _fitted(table, is_taught, lesson, rng)
    value = in_steps(fitted.value, lesson.step) + table.anchor
    scale = np.maximum(fitted.scale, lesson.least_scale)
    settings = _settings(table, value, scale, lesson, rng)
    card = msgspec.structs.replace(
        card,
        settings=msgspec.to_builtins(settings),
        quality=(*card.quality, *_quality(table, value, scale, settings)),
        training=_taught(card.training, runs, int(is_taught.sum()), started_s),
    )
    card, files = complete(stamped(card), _files(fitted), _samples(card, runs))
    return Trained(card, files, table, value, scale)


def _check_enough(card: Card, table: Table) -> None:
    n_runs = len(np.unique(table.run))
    if n_runs < LEAST_RUNS:
        raise ModelError(
            f"{card.name}: {n_runs} runs, {LEAST_RUNS} are needed to learn and to count errors. "
            "Give more of them, or longer ones."
        )


def _fitted(
    table: Table, is_taught: BoolArray, lesson: Lesson, rng: np.random.Generator
) -> Estimator:
    """Grow the trees, and ask each row of trees that have not seen its run."""
    return estimator(
        table.columns,
        table.target,
        table.truth - table.anchor,
        how=lesson.how,
        folds=folds_of(table.run, lesson.n_folds, rng),
        is_taught=is_taught,
    )


def _settings(
    table: Table, value: FloatArray, scale: FloatArray, lesson: Lesson, rng: np.random.Generator
) -> EstimateSettings:
    """Return what the core is told: above all the errors on rows that were held out."""
    drawn = cuts(table.run, lesson.cuts_per_run, rng)
    errors = error_table(
        value[drawn], table.truth[drawn], scale[drawn], table.run[drawn], bins=BINS
    )
    return EstimateSettings(
        errors,
        lesson.least_scale,
        anchor=lesson.anchor,
        step=lesson.step,
        least=lesson.least,
        within=lesson.within,
    )


def _taught(training: Training, runs: Sequence[KnownRun], rows: int, started_s: float) -> Training:
    """Return what the card says of the training, with counts and hash."""
    return msgspec.structs.replace(
        training,
        rows=rows,
        sha256=joint_hash(run.batch for run in runs),
        seconds=round(time.perf_counter() - started_s, 1),
    )


def cuts(run: IntArray, per_run: int, rng: np.random.Generator) -> IntArray:
    """Return row numbers, at most so many of each run, drawn at random."""
    drawn = [rng.permutation(np.flatnonzero(run == number))[:per_run] for number in np.unique(run)]
    return np.sort(np.concatenate(drawn))


def _files(fitted: Estimator) -> dict[str, bytes]:
    return {FILE: onnx_trees(fitted.trees), TREES: kept_trees(fitted.trees)}


def _samples(card: Card, runs: Sequence[KnownRun]) -> Batch:
    """Return readings to ask at each load: some up to one that has every input."""
    for run in runs:
        inputs = run.batch.select(tuple(card.inputs))
        whole = np.flatnonzero(np.isfinite(np.stack(list(inputs.columns.values()))).all(axis=0))
        later = whole[whole >= PARITY_ROWS // 2]  # features need some readings before
        if len(later):
            start = max(0, int(later[0]) - PARITY_ROWS + 1)
            return inputs.rows(start, start + PARITY_ROWS)
    return runs[0].batch


def _quality(
    table: Table, value: FloatArray, scale: FloatArray, settings: EstimateSettings
) -> tuple[Measured, ...]:
    truth, protocol = table.truth, "runs held out in turn, all their rows"
    low, high = (
        bound(settings.table, value, scale, level)
        for level in (settings.miss / 2.0, 1.0 - settings.miss / 2.0)
    )
    covered = float(np.mean((truth >= low) & (truth <= high)))
    found = [
        Measured("mean absolute error", float(np.abs(value - truth).mean()), protocol),
        Measured(f"share within the {1.0 - settings.miss:.0%} bounds", covered, protocol),
    ]
    if settings.anchor:
        stays = float(np.abs(table.anchor - truth).mean())
        found.append(Measured("mean absolute error of 'it stays as it is'", stays, protocol))
    return tuple(found)
