"""Step "derive": the profile's metrics, run in the order of their declaration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np

from telltale.batch import Batch, FloatArray, IntArray
from telltale.events import Event, EventKind, Level
from telltale.pipeline.base import Result
from telltale.pipeline.compiled import CompiledMetric, compiled_metrics
from telltale.pipeline.fill import ForwardFill, combined
from telltale.pipeline.masks import anywhere, everywhere
from telltale.pipeline.metrics.sliding import Sliding
from telltale.profiles.schema import Profile


class DeriveState(msgspec.Struct, frozen=True):
    """Where the metrics stand. The default means nothing seen yet.

    Attributes:
        metrics: Each one's own state.
        last: Time and value of the last sample of those that other metrics are combined with.
        failures: How often each has failed.
    """

    metrics: dict[str, Any] = {}
    last: dict[str, tuple[int, float]] = {}
    failures: dict[str, int] = {}


class Derive:
    """Adds a column for each metric.

    A metric has a value on the rows where each input is measured or filled, and at least one is
    measured. A metric that fails leaves NaN, is counted and reported once; the reading is kept.
    """

    name = "derive"

    def __init__(self, profile: Profile) -> None:
        self._metrics = compiled_metrics(profile)
        inputs = {name for metric in self._metrics for name in metric.inputs}
        self._channels = tuple(name for name in profile.channels if name in inputs)
        self._fills = {
            name: ForwardFill([name], [profile.fill_s])
            for name in profile.metrics.keys() & combined(profile)
        }

    def start(self) -> DeriveState:
        """Return the state before the first sample."""
        return DeriveState()

    def run(self, result: Result, state: DeriveState) -> tuple[Result, DeriveState]:
        """Work out all metrics of one batch."""
        batch = result.batch
        if not self._metrics or not len(batch):
            missing = {metric.name: np.empty(0) for metric in self._metrics}
            return replace(result, batch=batch.adding(missing)) if missing else result, state
        columns = _Columns(result, self._channels)
        states, failures, events = dict(state.metrics), state.failures, result.events
        last: dict[str, tuple[int, float]] = {}
        with np.errstate(all="ignore"):
            for metric in self._metrics:
                before = states.get(metric.name)
                before = metric.state_type() if before is None else before
                try:
                    values, after = _run(metric, batch.time_ns, columns, before)
                except Exception as error:  # whatever a metric does, the reading is kept
                    values, after = columns.missing, before
                    if metric.name not in failures:
                        events = (*events, _failure(metric, batch, error))
                    failures = {**failures, metric.name: failures.get(metric.name, 0) + 1}
                columns.raw[metric.name] = values
                if after is not before:
                    states[metric.name] = after
                if fill := self._fills.get(metric.name):
                    done = fill.run(batch.time_ns, values[None, :], state.last)
                    columns.aligned.update(done.columns)
                    last.update(done.last)
        derived = _finite({metric.name: columns.raw[metric.name] for metric in self._metrics})
        result = replace(
            result, batch=batch.adding(derived), events=events, aligned=columns.aligned
        )
        return result, DeriveState(states, last, failures)

    def pack(self, state: DeriveState) -> Any:
        """Return the state with the fingerprint of each metric."""
        return _Packed(
            {metric.name: metric.fingerprint for metric in self._metrics},
            {name: _packed(kept) for name, kept in state.metrics.items()},
            state.last,
            state.failures,
        )

    def unpack(self, packed: msgspec.Raw) -> DeriveState:
        """Return the packed state; a metric that is computed otherwise now starts afresh."""
        try:
            read = msgspec.msgpack.decode(packed, type=_Packed)
            same = [m for m in self._metrics if read.fingerprints.get(m.name) == m.fingerprint]
            states = {
                m.name: msgspec.convert(read.metrics[m.name], m.state_type, dec_hook=_unpacked)
                for m in same
                if m.name in read.metrics
            }
        except msgspec.MsgspecError:
            return self.start()
        names = {metric.name for metric in same}
        return DeriveState(
            states,
            {name: sample for name, sample in read.last.items() if name in names},
            {name: count for name, count in read.failures.items() if name in names},
        )


class _Columns:
    """The columns of one batch as metrics ask for them; looks at each only once."""

    def __init__(self, result: Result, channels: Sequence[str]) -> None:
        self.raw: dict[str, FloatArray] = dict(result.batch.columns)
        self.missing = np.full(len(result.batch), np.nan)
        self.aligned: dict[str, FloatArray] = dict(result.aligned)
        self._is_complete: dict[str, bool] = {}
        if everywhere(np.isfinite(np.array([self.measured(name) for name in channels]))):
            self._is_complete = dict.fromkeys(channels, True)

    def measured(self, name: str) -> FloatArray:
        """Return a column as measured; one that did not come is all NaN."""
        return self.raw.get(name, self.missing)

    def used(self, name: str) -> FloatArray:
        """Return a column with short gaps filled."""
        return self.aligned.get(name, self.measured(name))

    def are_complete(self, names: Sequence[str]) -> bool:
        """Return whether none of these lacks a sample."""
        known = self._is_complete
        for name in names:
            if name not in known:
                column = self.measured(name)
                known[name] = column is not self.missing and everywhere(np.isfinite(column))
            if not known[name]:
                return False
        return True


class _Packed(msgspec.Struct):
    """A `DeriveState` as it is kept."""

    fingerprints: dict[str, str]
    metrics: dict[str, Any]
    last: dict[str, tuple[int, float]]
    failures: dict[str, int]


def _packed(state: Any) -> Any:  # Any: each metric has its own state type
    """Return a metric's state as msgspec can encode it."""
    return state.packed() if isinstance(state, Sliding) else state


def _unpacked(kind: type[Any], packed: Any) -> Any:
    """Return a state of a type that msgspec does not know."""
    if kind is not Sliding:
        raise NotImplementedError(kind)
    return Sliding.unpacked(packed)


def _run(
    metric: CompiledMetric, time_ns: IntArray, columns: _Columns, state: Any
) -> tuple[FloatArray, Any]:
    """Run a metric on the rows that it can use; the others are NaN and do not touch its state."""
    raw = [columns.measured(name) for name in metric.inputs]
    if columns.are_complete(metric.inputs):
        return metric.run(time_ns, raw, state)
    used = [columns.used(name) for name in metric.inputs]
    if any(column is columns.missing for column in used):
        return columns.missing, state
    is_known = np.logical_and.reduce([np.isfinite(column) for column in used])
    is_measured = np.logical_or.reduce([np.isfinite(column) for column in raw])
    rows = np.flatnonzero(is_known & is_measured)
    if not len(rows):
        return columns.missing, state
    values = np.full(len(time_ns), np.nan)
    values[rows], after = metric.run(time_ns[rows], [column[rows] for column in used], state)
    return values, after


def _finite(columns: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """Return the columns with NaN for what overflowed: infinity is no measurement."""
    if not anywhere(np.isinf(np.array(list(columns.values())))):
        return columns
    return {name: np.where(np.isinf(x), np.nan, x) for name, x in columns.items()}


def _failure(metric: CompiledMetric, batch: Batch, error: Exception) -> Event:
    """Return the note that a metric failed for the first time."""
    at_ns = int(batch.time_ns[0])
    return Event(
        key=f"{batch.machine}/note/{metric.name}/failed/{at_ns}",
        machine=batch.machine,
        kind=EventKind.NOTE,
        level=Level.WARN,
        name=metric.name,
        rule="failed",
        start_ns=at_ns,
        end_ns=at_ns,
        message=f"{metric.title} could not be worked out: {error}. The readings are kept.",
    )
