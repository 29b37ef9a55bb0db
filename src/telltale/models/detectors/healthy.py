"""Normal readings of one machine, made ready to learn from: which channels can be used, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from telltale.batch import NS_PER_S, Batch, FloatArray, IntArray
from telltale.errors import ModelError
from telltale.models.base import Evidence
from telltale.models.card import Card, Feature, Input, Threshold, Training, Window
from telltale.models.composed import ComposedModel
from telltale.models.detectors.statistics import Statistic, window_statistic
from telltale.profiles.schema import Output

LEAST_ROWS = 60
LEAST_MEASURED = 0.5  # of the samples; a channel that is missing more often is left out
CONSTANT = 1e-9  # of its size: a smaller spread is rounding
COUNTER_FALLS, COUNTER_RISES = 0.001, 0.05  # shares of steps: a counter almost never falls
MOST_SAMPLES = 128  # of a window; faster readings are thinned out
GAP_STEPS = 5.0  # usual steps: a longer pause empties the window, unless that is longer
SLOW_BLOCKS = 13  # of the training stretch: what differs between them is slow for it
PIECE_ROWS = 8192
_NO_OUTPUT = Output("Statistic", "1")


@dataclass(frozen=True, slots=True, eq=False)
class Healthy:
    """Readings of normal operation.

    Attributes:
        batch: Only the channels that can be used, all samples.
        inputs: Their units.
        left_out: Why the others are not used, by name.
        step_s: Usual time between two samples.
        alarms_per_week: How many false alarms are allowed.
    """

    batch: Batch
    inputs: Mapping[str, Input]
    left_out: Mapping[str, str]
    step_s: float
    alarms_per_week: float

    @property
    def names(self) -> tuple[str, ...]:
        """The channels."""
        return tuple(self.inputs)

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
        frame = framed(self, window, columns, tuple(columns), dict(features or {}))
        model = ComposedModel(frame, _Statistics(statistic))
        state, found = model.start(), []
        for start in range(0, len(self.batch), PIECE_ROWS):
            piece, state = model.run(self.batch.rows(start, start + PIECE_ROWS), state)
            values = np.stack([piece.columns[name] for name in columns], axis=1)
            found.append(values[np.isfinite(values).all(axis=1)])
        whole: FloatArray = np.concatenate(found)
        if len(whole) < LEAST_ROWS:
            raise ModelError(
                f"{len(whole)} windows of {window.samples} samples without a gap; at least "
                f"{LEAST_ROWS} are needed. Give a longer stretch of normal operation."
            )
        return whole


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


def framed(
    healthy: Healthy,
    window: Window,
    columns: tuple[str, ...],
    core_outputs: tuple[str, ...],
    features: Mapping[str, Feature],
) -> Card:
    """Return a card that says what goes in, for a core that is not learnt yet."""
    return Card(
        name="detector",
        title="Detector",
        task="anomaly",
        runtime="",
        inputs=dict(healthy.inputs),
        features=dict(features),
        columns=columns,
        window=window,
        core_outputs=core_outputs,
        outputs=dict.fromkeys(core_outputs, _NO_OUTPUT),
        training=Training("Not trained yet.", is_simulated=False),
    )


def healthy_of(batch: Batch, inputs: Mapping[str, Input], alarms_per_week: float) -> Healthy:
    """Return the readings with the channels that can be learnt from.

    A channel is left out if it is missing most of the time, constant, or a counter.

    Raises:
        ModelError: Too few samples, no usable channel, or a budget that is none.
    """
    if not alarms_per_week > 0.0:
        raise ModelError(f"alarms_per_week is {alarms_per_week}; give a number above 0.")
    if len(batch) < LEAST_ROWS:
        raise ModelError(
            f"{batch.machine}: {len(batch)} samples of normal operation; at least {LEAST_ROWS} "
            "are needed. Give a longer stretch."
        )
    chosen = batch.select(tuple(inputs))
    reasons = {n: why for n in inputs if (why := _unusable(chosen.columns[n]))}
    names = tuple(name for name in inputs if name not in reasons)
    if not names:
        told = "; ".join(f"{name}: {why}" for name, why in reasons.items()) or "none was given"
        raise ModelError(f"{batch.machine}: no channel can be learnt from ({told}).")
    units = {name: inputs[name] for name in names}
    return Healthy(chosen.select(names), units, reasons, _step_s(batch.time_ns), alarms_per_week)


def _unusable(column: FloatArray) -> str:
    """Return why a channel cannot be learnt from; "" if it can."""
    values = column[np.isfinite(column)]
    if len(values) < LEAST_MEASURED * len(column):
        return f"missing in {1.0 - len(values) / len(column):.0%} of the samples"
    size = float(np.abs(values).max())
    if size > 1e100 or float(np.ptp(values)) <= CONSTANT * size:
        return "constant" if size <= 1e100 else "too large"
    steps = np.diff(values)
    if (steps < 0.0).mean() <= COUNTER_FALLS and (steps > 0.0).mean() >= COUNTER_RISES:
        return "only ever rises, as a counter does"
    return ""


def _step_s(time_ns: IntArray) -> float:
    steps = np.diff(time_ns)
    steps = steps[steps > 0]
    if not len(steps):
        raise ModelError("All samples have one time. Give readings with times.")
    return float(np.median(steps)) / NS_PER_S
