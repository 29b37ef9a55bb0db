"""Normal readings of one machine, made ready to learn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, Batch, FloatArray, IntArray
from telltale.errors import ModelError
from telltale.models.base import Evidence
from telltale.models.card import Card, Feature, Input, Threshold, Training, Window
from telltale.models.composed import ComposedModel
from telltale.models.detector_card import score_output
from telltale.models.detectors.calibration import LEAST_BUDGET, MOST_BUDGET
from telltale.models.detectors.statistics import Statistic, window_statistic
from telltale.models.detectors.usable import unusable
from telltale.models.progress import go_on
from telltale.models.training_set import TrainingSet, joined
from telltale.profiles.schema import Output

LEAST_ROWS = 60
MOST_SAMPLES = 128  # of a window; faster readings are thinned out
GAP_STEPS = 5.0  # usual steps: a longer pause empties the window, unless that is longer
SLOW_BLOCKS = 13  # of the training stretch: what differs between them is slow for it
PIECE_ROWS = 8192
_NO_OUTPUT = Output("Statistic", "1")


@dataclass(frozen=True, slots=True, eq=False)
class Healthy:
    """Readings of normal operation.

    Attributes:
        batch: Only the channels that can be used, all samples of all runs.
        starts: In which row of it each run begins.
        inputs: Their units.
        left_out: Why the others are not used, by name.
        step_s: Usual time between two samples.
        alarms_per_week: How many false alarms are allowed.
        is_simulated: True if any of them is.
    """

    batch: Batch
    starts: tuple[int, ...]
    inputs: Mapping[str, Input]
    left_out: Mapping[str, str]
    step_s: float
    alarms_per_week: float
    is_simulated: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The channels."""
        return tuple(self.inputs)

    @property
    def runs(self) -> tuple[Batch, ...]:
        """Each uninterrupted stretch: no window reaches from one into the next."""
        edges = (*self.starts, len(self.batch))
        return tuple(self.batch.rows(start, stop) for start, stop in pairwise(edges))

    def only(self, names: tuple[str, ...], reasons: Mapping[str, str]) -> Healthy:
        """Return the same with fewer channels, and why."""
        return replace(
            self,
            batch=self.batch.select(names),
            inputs={name: self.inputs[name] for name in names},
            left_out={**self.left_out, **reasons},
        )

    def window(self, window_s: float) -> Window:
        """Return the window of that length on these readings."""
        samples = max(2, round(window_s / self.step_s))
        gap_s = max(GAP_STEPS * self.step_s, window_s)
        if samples <= MOST_SAMPLES:
            return Window(samples, 0.0, gap_s)
        return Window(MOST_SAMPLES, window_s / MOST_SAMPLES, gap_s)

    def sample_s(self, window: Window) -> float:
        """Return the usual time between two samples that enter a window."""
        return max(window.every_s, self.step_s)

    def slow_shares(self) -> FloatArray:
        """Return which part of each channel's variance lies between long blocks, shape (k,).

        Near 1 a channel drifts, and the stretch is too short to know its level; near 0 it
        fluctuates many times within the stretch.
        """
        rows = np.stack([self.batch.columns[name] for name in self.names], axis=1)
        rows = rows[np.isfinite(rows).all(axis=1)]
        size = len(rows) // SLOW_BLOCKS
        if size < 1:
            return np.zeros(rows.shape[1])
        rows = rows[: size * SLOW_BLOCKS]
        blocks = rows.reshape(SLOW_BLOCKS, size, -1).mean(axis=1)
        shares: FloatArray = blocks.var(axis=0) / np.maximum(rows.var(axis=0), 1e-300)
        return shares

    def statistics(
        self,
        window: Window,
        statistic: Statistic,
        features: Mapping[str, Feature] | None = None,
        columns: tuple[str, ...] = (),
    ) -> FloatArray:
        """Return a statistic of every full window, shape (m, columns), by the way it goes live.

        Raises:
            ModelError: There are too few windows.
        """
        columns = columns or self.names
        frame = self.framed("statistic", "", "", window, columns=columns, features=features)
        outputs = dict.fromkeys(columns, _NO_OUTPUT)
        frame = msgspec.structs.replace(frame, core_outputs=columns, outputs=outputs)
        model = ComposedModel(frame, _Statistics(statistic))
        whole = np.concatenate([_answers(model, run) for run in self.runs])
        if len(whole) < LEAST_ROWS:
            raise ModelError(
                f"{len(whole)} windows of {window.samples} samples without a gap; at least "
                f"{LEAST_ROWS} are needed. Give a longer stretch of normal operation."
            )
        return whole

    def framed(
        self,
        name: str,
        title: str,
        runtime: str,
        window: Window,
        *,
        columns: tuple[str, ...] = (),
        features: Mapping[str, Feature] | None = None,
    ) -> Card:
        """Return the card of a score that is not learnt yet: what goes in, and its one output."""
        score, window_s = f"{name}_score", window.samples * self.sample_s(window)
        return Card(
            name=name,
            title=title,
            task="anomaly",
            runtime=runtime,
            inputs=dict(self.inputs),
            features=dict(features or {}),
            columns=columns or self.names,
            window=window,
            core_outputs=(score,),
            outputs={score: score_output(title, window_s)},
            training=Training("Not trained yet.", is_simulated=False),
        )

    def told_left_out(self) -> str:
        """Return which channels are not used and why, as the end of a sentence."""
        if not self.left_out:
            return ""
        reasons = (f"{channel}: {why}" for channel, why in self.left_out.items())
        return f"; left out: {'; '.join(reasons)}"

    def end(self, rows: int) -> Batch:
        """Return so many samples that end with one that has every channel, the newest there are.

        They lie within one run; where none is as long, within the longest.
        """
        wholes = [cut for run in self.runs if len(cut := _up_to_whole(run))]
        if not wholes:
            return self.batch
        long_enough = [cut for cut in wholes if len(cut) >= rows]
        chosen = long_enough[-1] if long_enough else max(wholes, key=len)
        return chosen.rows(max(0, len(chosen) - rows), len(chosen))


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """What a detector learnt: all that its card and its file need.

    Attributes:
        healthy: What it was learnt from, with the channels that it reads.
        title: For people.
        runtime: Of the card.
        window, columns, features, settings: Of the card.
        arrays: The core's parameters.
        threshold: How the limit was set.
    """

    healthy: Healthy
    title: str
    runtime: str
    window: Window
    columns: tuple[str, ...]
    arrays: Mapping[str, np.ndarray]
    threshold: Threshold
    features: Mapping[str, Feature]
    settings: Mapping[str, Any]


class _Statistics:
    """Stands where the core would, and gives a statistic of each column."""

    def __init__(self, statistic: Statistic) -> None:
        self._statistic = statistic

    def run(self, windows: FloatArray) -> FloatArray:
        return window_statistic(self._statistic, windows)

    def evidence(self, windows: FloatArray) -> Evidence | None:
        return None


def healthy_of(
    training_set: TrainingSet, alarms_per_week: float, *, takes_any_course: bool = False
) -> Healthy:
    """Return the normal runs with the channels that can be learnt from.

    A channel is left out if it is missing most of the time, constant, or a counter.

    Args:
        training_set: Only its normal runs are read.
        alarms_per_week: Budget of false alarms.
        takes_any_course: Constant channels and counters can be learnt from too.

    Raises:
        ModelError: Too few samples, no usable channel, or a budget that is none.
    """
    _check_budget(alarms_per_week)
    runs, inputs = training_set.normal(), training_set.inputs
    chosen = joined(runs, tuple(inputs))
    if len(chosen) < LEAST_ROWS:
        raise ModelError(
            f"{chosen.machine}: {len(chosen)} samples of normal operation; at least {LEAST_ROWS} "
            "are needed. Give a longer stretch."
        )
    reasons = unusable(chosen, takes_any_course=takes_any_course)
    names = tuple(name for name in inputs if name not in reasons)
    if not names:
        told = "; ".join(f"{name}: {why}" for name, why in reasons.items()) or "none was given"
        raise ModelError(f"{chosen.machine}: no channel can be learnt from ({told}).")
    return Healthy(
        batch=chosen.select(names),
        starts=(0, *np.cumsum([len(run) for run in runs[:-1]]).tolist()),
        inputs={name: inputs[name] for name in names},
        left_out=reasons,
        step_s=_step_s(chosen.time_ns),
        alarms_per_week=alarms_per_week,
        is_simulated=training_set.is_simulated,
    )


def _check_budget(alarms_per_week: float) -> None:
    if not LEAST_BUDGET <= alarms_per_week <= MOST_BUDGET:
        raise ModelError(
            f"alarms_per_week is {alarms_per_week:g}; give a number from {LEAST_BUDGET:g} to "
            f"{MOST_BUDGET:g}."
        )


def _answers(model: ComposedModel, run: Batch) -> FloatArray:
    """Return what a model gives on a run, in rows where all is known, shape (m, outputs)."""
    state, found = model.start(), []
    for start in range(0, len(run), PIECE_ROWS):
        go_on()
        piece, state = model.run(run.rows(start, start + PIECE_ROWS), state)
        values = np.stack([piece.columns[name] for name in model.card.outputs], axis=1)
        found.append(values[np.isfinite(values).all(axis=1)])
    whole: FloatArray = np.concatenate(found)
    return whole


def _up_to_whole(run: Batch) -> Batch:
    """Return a run up to its newest sample that has every channel."""
    whole = np.flatnonzero(np.isfinite(np.stack(list(run.columns.values()))).all(axis=0))
    return run.rows(0, int(whole[-1]) + 1 if len(whole) else 0)


def _step_s(time_ns: IntArray) -> float:
    steps = np.diff(time_ns)
    steps = steps[steps > 0]
    if not len(steps):
        raise ModelError("All samples have one time. Give readings with times.")
    return float(np.median(steps)) / NS_PER_S
