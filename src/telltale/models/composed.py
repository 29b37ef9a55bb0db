"""`ComposedModel`: features, then a window, then a core. What most models are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from telltale.batch import NS_PER_S, Batch, FloatArray, IntArray
from telltale.errors import ModelError
from telltale.models.base import Core, Evidence, Prediction
from telltale.models.card import Card
from telltale.models.columns import Columns, level_of, sources_of
from telltale.models.shares import shares_of
from telltale.pipeline.masks import everywhere


@dataclass(frozen=True, slots=True, eq=False)
class ComposedState:
    """Where a composed model stands on one machine.

    Attributes:
        before, after: Of the columns worked out before and after the core.
        time_ns: Of the newest sample that entered a window; None before the first.
        run: Samples without a gap up to that one, at most the window's.
        kept: The newest of them, shape (fewer than the window, columns).
    """

    before: Any  # Any: `Columns` gives and takes it
    after: Any
    kept: FloatArray
    time_ns: int | None = None
    run: int = 0


class _Packed(msgspec.Struct, frozen=True):
    before: Any
    after: Any
    kept: bytes
    time_ns: int | None
    run: int


class _Raw(msgspec.Struct, frozen=True):
    before: msgspec.Raw
    after: msgspec.Raw
    kept: bytes
    time_ns: int | None
    run: int


@dataclass(frozen=True, slots=True, eq=False)
class _Windows:
    """The windows of one batch.

    Attributes:
        values: Shape (m, samples, columns).
        rows: Each one's newest sample, as its row in the batch, shape (m,).
    """

    values: FloatArray
    rows: IntArray


class ComposedModel:
    """Works out the card's features, cuts windows, asks the core. Pure, see `Model`.

    Args:
        card: What goes in and comes out.
        core: Made from the card and the files beside it.
    """

    def __init__(self, card: Card, core: Core) -> None:
        _check(card)
        self.card = card
        self.core = core
        self._inputs = card.inputs.keys()
        self._before = Columns(card.name, tuple(card.inputs), card.features)
        self._after = Columns(card.name, card.core_outputs, card.after)

    def start(self) -> ComposedState:
        """Return the state before the first sample."""
        nothing = np.zeros((0, len(self.card.columns)))
        return ComposedState(self._before.start(), self._after.start(), nothing)

    def progress(self, state: ComposedState) -> tuple[int, int]:
        """Return how many samples the newest window holds of those it needs."""
        return state.run, self.card.window.samples

    def run(self, batch: Batch, state: ComposedState) -> tuple[Prediction, ComposedState]:
        """Work out one batch; rows without a full window are NaN."""
        columns, before = self._worked_out(batch, state.before)
        rows, values = self._taken(batch.time_ns, columns, state.time_ns)
        windows, after = self._windows(batch.time_ns, rows, values, state)
        given, after_state = self._given(batch, windows, state.after)
        ready = ComposedState(before, after_state, *after)
        return Prediction(given, lambda asked: self._evidence(batch, windows, asked)), ready

    def _worked_out(
        self, batch: Batch, state: Any
    ) -> tuple[Mapping[str, FloatArray], Any]:  # Any: `Columns` gives and takes it
        """Return the core's columns among others, and the next state of the features."""
        if self.card.features:
            found, state = self._before.run(batch.select(tuple(self.card.inputs)), state)
            return found.columns, state
        if self._inputs <= batch.columns.keys():  # as it mostly is: nothing to make
            return batch.columns, state
        return batch.select(tuple(self.card.inputs)).columns, state

    def _taken(
        self, time_ns: IntArray, columns: Mapping[str, FloatArray], last_ns: int | None
    ) -> tuple[IntArray, FloatArray]:
        """Return the rows that enter windows, and their columns, shape (rows, columns)."""
        joined = np.concatenate([columns[name] for name in self.card.columns])
        values = np.ascontiguousarray(joined.reshape(len(self.card.columns), -1).T)
        is_known = np.isfinite(values)
        if self.card.window.every_s == 0.0 and everywhere(is_known):
            return np.arange(len(values)), values
        rows = np.flatnonzero(is_known.all(axis=1))
        if (every_s := self.card.window.every_s) > 0.0 and len(rows):
            steps = time_ns[rows] // round(every_s * NS_PER_S)
            last = None if last_ns is None else last_ns // round(every_s * NS_PER_S)
            is_first = np.append(steps[0] != last, steps[1:] != steps[:-1])
            rows = rows[is_first]
        return rows, values[rows]

    def _windows(
        self, time_ns: IntArray, rows: IntArray, values: FloatArray, state: ComposedState
    ) -> tuple[_Windows, tuple[FloatArray, int | None, int]]:
        """Return the full windows, and of the next state what follows from them."""
        samples = self.card.window.samples
        nothing = _Windows(np.zeros((0, samples, values.shape[1])), rows[:0])
        if not len(rows):
            return nothing, (state.kept, state.time_ns, state.run)
        times_ns = time_ns[rows]
        runs = _runs(len(rows), self._breaks(times_ns, state.time_ns), state.run)
        joined = np.concatenate([state.kept, values])
        kept = joined[max(0, len(joined) - samples + 1) :].copy()  # not the whole batch's memory
        after = (kept, int(times_ns[-1]), int(min(runs[-1], samples)))
        if len(joined) < samples:
            return nothing, after
        if len(joined) == samples:  # as a view it would cost more than the window itself
            whole = joined[None]
        else:
            whole = sliding_window_view(joined, samples, axis=0).transpose(0, 2, 1)
        ends = len(rows) - len(whole)  # the first window ends at this row; never negative
        is_full = runs[ends:] >= samples
        if everywhere(is_full):  # no copy: windows overlap, and each sample lies in many
            return _Windows(whole, rows[ends:]), after
        return _Windows(whole[is_full], rows[ends:][is_full]), after

    def _breaks(self, times_ns: IntArray, last_ns: int | None) -> IntArray:
        """Return before which samples, by number, the stream paused for too long."""
        gap_s = self.card.window.gap_s
        if gap_s is None:
            return np.arange(0)
        gap_ns = round(gap_s * NS_PER_S)
        is_break = np.empty(len(times_ns), dtype=np.bool_)
        is_break[0] = last_ns is not None and times_ns[0] - last_ns > gap_ns
        is_break[1:] = times_ns[1:] - times_ns[:-1] > gap_ns
        return np.flatnonzero(is_break)

    def _given(
        self, batch: Batch, windows: _Windows, state: Any
    ) -> tuple[dict[str, FloatArray], Any]:
        """Return the outputs, NaN where no window ends, and the next state of what comes after."""
        rows, outputs = windows.rows, self.card.outputs
        if not len(rows):
            return {name: np.full(len(batch), np.nan) for name in outputs}, state
        given: Mapping[str, FloatArray] = self._ask(windows)
        if self.card.after:
            asked = Batch(batch.machine, batch.time_ns[rows], given)
            found, state = self._after.run(asked, state)
            given = found.columns
        if len(rows) == len(batch):  # a window ends at each row
            return {name: given[name] for name in outputs}, state
        columns = {name: np.full(len(batch), np.nan) for name in outputs}
        for name, column in columns.items():
            column[rows] = given[name]
        return columns, state

    def _ask(self, windows: _Windows) -> dict[str, FloatArray]:
        """Return the core's outputs, each of shape (m,)."""
        found = self.core.run(windows.values)
        names = self.card.core_outputs
        if found.shape != (len(windows.rows), len(names)):
            raise ModelError(
                f"{self.card.name}: the core gave shape {found.shape} for {len(windows.rows)} "
                f"windows; the card names {len(names)} outputs: {', '.join(names)}."
            )
        return dict(zip(names, np.ascontiguousarray(found.T), strict=True))

    def _evidence(self, batch: Batch, windows: _Windows, asked: IntArray) -> Evidence:
        """Return the evidence for rows of the batch, by input."""
        names = tuple(self.card.inputs)
        inputs = batch.select(names)
        unknown = np.full((len(asked), len(names)), np.nan)
        value = np.stack([inputs.columns[name][asked] for name in names], axis=1)
        place = np.searchsorted(windows.rows, asked)
        is_known = place < len(windows.rows)
        is_known[is_known] = windows.rows[place[is_known]] == asked[is_known]
        evidence = Evidence(unknown, value, unknown.copy(), unknown.copy(), names)
        of_columns = self.core.evidence(windows.values[place[is_known]])
        if of_columns is not None and len(of_columns.share):
            _by_input(self.card, of_columns, evidence, np.flatnonzero(is_known))
        return evidence

    def pack(self, state: ComposedState) -> Any:
        """Return the state as `msgspec` can encode it."""
        return _Packed(
            self._before.pack(state.before),
            self._after.pack(state.after),
            state.kept.tobytes(),
            state.time_ns,
            state.run,
        )

    def unpack(self, packed: msgspec.Raw) -> ComposedState:
        """Return the packed state."""
        read = msgspec.msgpack.decode(packed, type=_Raw)
        width = len(self.card.columns)
        kept = np.frombuffer(read.kept)
        if len(kept) % width or len(kept) // width >= max(2, self.card.window.samples):
            raise msgspec.ValidationError(f"{self.card.name}: the kept window has another shape")
        before, after = self._before.unpack(read.before), self._after.unpack(read.after)
        return ComposedState(before, after, kept.reshape(-1, width), read.time_ns, read.run)


def _check(card: Card) -> None:
    """Refuse a card whose parts do not name one another."""
    known = {*card.inputs, *card.features}
    given = {*card.core_outputs, *card.after}
    for what, names, of in (
        ("column", card.columns, known),
        ("output", card.outputs, given),
    ):
        for name in names:
            if name not in of:
                raise ModelError(
                    f"{card.name}/card.json: {what} {name!r} is not declared. "
                    f"Known: {', '.join(sorted(of))}."
                )
    if not card.columns or not card.outputs:
        raise ModelError(f"{card.name}/card.json: it has no columns or no outputs.")


def _runs(n: int, breaks: IntArray, before: int) -> IntArray:
    """Return how many samples without a gap there are up to each of n, itself counted."""
    index = np.arange(n)
    if not len(breaks):
        return index + (before + 1)
    last_break = np.full(n, -1)
    last_break[breaks] = breaks
    last_break = np.maximum.accumulate(last_break)
    runs: IntArray = np.where(last_break < 0, index + (before + 1), index - last_break + 1)
    return runs


def _by_input(card: Card, of_columns: Evidence, evidence: Evidence, rows: IntArray) -> None:
    """Add up the evidence of the core's columns by the inputs that they come from."""
    names = list(card.inputs)
    sources, levels = sources_of(card), level_of(card)
    share = np.zeros((len(rows), len(names)))
    largest = np.full((len(rows), len(names)), -1.0)
    for at, column in enumerate(card.columns):
        part = of_columns.share[:, at] / len(sources[column])
        for source in sources[column]:
            share[:, names.index(source)] += part
        if column in levels:
            place = names.index(levels[column])
            is_new = np.abs(part) > largest[:, place]
            largest[is_new, place] = np.abs(part[is_new])
            evidence.expected[rows[is_new], place] = of_columns.expected[is_new, at]
            evidence.bound[rows[is_new], place] = of_columns.bound[is_new, at]
    evidence.share[rows] = shares_of(share)
