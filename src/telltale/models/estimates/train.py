"""Trains an estimate with bounds from runs whose truth is known: remaining life, or a forecast."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

import telltale
from telltale.batch import Batch, FloatArray, IntArray
from telltale.errors import ModelError
from telltale.models.card import Card, Measured, Training
from telltale.models.estimates.boosted import Boosting, Estimator, estimator, folds_of
from telltale.models.estimates.core import TREES, EstimateSettings
from telltale.models.estimates.intervals import bound, error_table
from telltale.models.estimates.questions import Run, Table, table_of
from telltale.models.folder import complete, training_hash
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
        anchor, least, least_scale, within: See `EstimateSettings`.
        every: Trees learn from every so-manieth row: neighbours are alike.
        cuts_per_run: Rows of each run that the bounds are counted on, so that runs count alike.
        n_folds: Into how many parts the runs go; each is held out once.
    """

    how: Boosting
    anchor: str = ""
    least: float | None = None
    least_scale: float = 1.0
    within: tuple[float, ...] = ()
    every: int = 1
    cuts_per_run: int = 50
    n_folds: int = 5


def trained_estimate(
    card: Card, runs: Sequence[Run], lesson: Lesson, rng: np.random.Generator
) -> Trained:
    """Train an estimate; its bounds come from runs that were held out.

    Args:
        card: All but settings, quality and files; its runtime is `RUNTIME`.
        runs: At least `LEAST_RUNS` of them.
        lesson: How.
        rng: Draws folds and cuts.

    Raises:
        ModelError: Too little is known to learn or to count from.
        MissingExtraError: XGBoost or ONNX is not installed.
    """
    if len(runs) < LEAST_RUNS:
        raise ModelError(
            f"{card.name}: {len(runs)} runs, {LEAST_RUNS} are needed to learn and to count errors. "
            "For a handful of lives there is life.few_lives."
        )
    started_s = time.perf_counter()
    table = table_of(card, runs, lesson.anchor)
    folds = folds_of(table.run, lesson.n_folds, rng)
    is_taught = np.arange(len(table.truth)) % lesson.every == 0
    fitted = estimator(
        table.columns,
        table.target,
        table.truth - table.anchor,
        how=lesson.how,
        folds=folds,
        is_taught=is_taught,
    )
    value, scale = fitted.value + table.anchor, np.maximum(fitted.scale, lesson.least_scale)
    drawn = cuts(table.run, lesson.cuts_per_run, rng)
    errors = error_table(
        value[drawn], table.truth[drawn], scale[drawn], table.run[drawn], bins=BINS
    )
    settings = EstimateSettings(
        errors,
        lesson.least_scale,
        anchor=lesson.anchor,
        least=lesson.least,
        within=lesson.within,
    )
    card = msgspec.structs.replace(
        card,
        settings=msgspec.to_builtins(settings),
        quality=(*card.quality, *_quality(table.truth, value, scale, settings)),
        training=_taught(card.training, runs, int(is_taught.sum()), started_s),
        versions={"telltale": telltale.__version__, "numpy": np.__version__},
    )
    card, files = complete(card, _files(fitted), _samples(runs[0].batch))
    return Trained(card, files, table, value, scale)


def _taught(training: Training, runs: Sequence[Run], rows: int, started_s: float) -> Training:
    """Return what the card says of the training, with counts and hash."""
    hashes = "".join(training_hash(run.batch) for run in runs)
    return msgspec.structs.replace(
        training,
        rows=rows,
        sha256=hashlib.sha256(hashes.encode()).hexdigest(),
        seconds=round(time.perf_counter() - started_s, 1),
    )


def cuts(run: IntArray, per_run: int, rng: np.random.Generator) -> IntArray:
    """Return row numbers, at most so many of each run, drawn at random."""
    drawn = [rng.permutation(np.flatnonzero(run == number))[:per_run] for number in np.unique(run)]
    return np.sort(np.concatenate(drawn))


def _files(fitted: Estimator) -> dict[str, bytes]:
    return {FILE: onnx_trees(fitted.trees), TREES: kept_trees(fitted.trees)}


def _samples(batch: Batch) -> Batch:
    """Return the readings to ask at each load: the beginning of a run, long enough to matter."""
    return batch.rows(0, min(len(batch), 256))


def _quality(
    truth: FloatArray, value: FloatArray, scale: FloatArray, settings: EstimateSettings
) -> tuple[Measured, ...]:
    protocol = "runs held out in turn, all their rows"
    low, high = (
        bound(settings.table, value, scale, level)
        for level in (settings.miss / 2.0, 1.0 - settings.miss / 2.0)
    )
    covered = float(np.mean((truth >= low) & (truth <= high)))
    return (
        Measured("mean absolute error", float(np.abs(value - truth).mean()), protocol),
        Measured(f"share within the {1.0 - settings.miss:.0%} bounds", covered, protocol),
    )
