"""`OfOneLife`: a model of remaining life on one machine, which begins anew with each new life.

Age and wear count from where a life began: after a failure that somebody labelled, or with the
machine's first reading. A model that is deployed in between does not know them, and gives nothing
until it was told, by asking it about what was kept since (see `runtime.one_life`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np

from telltale.batch import Batch, FloatArray, IntArray
from telltale.models.base import Evidence, Model, Prediction
from telltale.models.card import Card


@dataclass(frozen=True, slots=True)
class OneLifeState:
    """Where the model stands.

    Attributes:
        inner: The model's own state in this life.
        is_known: Whether it has seen this life from its beginning.
        newest_ns: Of the newest sample; None before the first.
        begin_ns: The failure that this life came after; None for the first life.
    """

    inner: Any  # Any: each model has its own state type
    is_known: bool = False
    newest_ns: int | None = None
    begin_ns: int | None = None


class _Packed(msgspec.Struct, frozen=True):
    inner: Any
    is_known: bool
    newest_ns: int | None
    begin_ns: int | None


class _Raw(msgspec.Struct, frozen=True):
    inner: msgspec.Raw
    is_known: bool
    newest_ns: int | None
    begin_ns: int | None


class OfOneLife:
    """Runs a model life by life. Pure, see `Model`.

    Args:
        model: Of any machine of its kind.
        failures_ns: When this machine failed, rising; a sample of that very time was the last.
        first_ns: Its first sample; None if there is none yet.
    """

    def __init__(self, model: Model, failures_ns: Sequence[int], first_ns: int | None) -> None:
        self.card: Card = model.card
        self._model = model
        self._failures_ns = tuple(failures_ns)
        self._first_ns = first_ns

    def start(self) -> OneLifeState:
        """Return the state before the first sample, which says whether it knows its life."""
        return OneLifeState(self._model.start())

    def begun(self, begin_ns: int | None) -> OneLifeState:
        """Return the state at the beginning of a life: after this failure, or of the first."""
        return OneLifeState(self._model.start(), is_known=True, begin_ns=begin_ns)

    def life_at(self, time_ns: int | None) -> int | None:
        """Return the failure that the life of a sample came after; None for the first life."""
        if time_ns is None:
            return None
        place = bisect_left(self._failures_ns, time_ns)
        return self._failures_ns[place - 1] if place else None

    def run(self, batch: Batch, state: OneLifeState) -> tuple[Prediction, OneLifeState]:
        """Work out one batch, each life by itself; NaN where a life is not known."""
        if not len(batch):
            return Prediction(self._nothing(0)), state
        cuts = np.searchsorted(batch.time_ns, self._failures_ns, side="right").tolist()
        edges = sorted({0, len(batch), *cuts})
        parts: list[tuple[int, Prediction]] = []
        for start, stop in pairwise(edges):
            part, state = self._run_in_one(batch.rows(start, stop), state)
            parts.append((start, part))
        if len(parts) == 1:
            return parts[0][1], state
        columns = {
            name: np.concatenate([part.columns[name] for _, part in parts])
            for name in self.card.outputs
        }
        return Prediction(columns, lambda rows: _evidence(parts, rows, self.card)), state

    def _run_in_one(self, batch: Batch, state: OneLifeState) -> tuple[Prediction, OneLifeState]:
        """Work out samples of one life."""
        first_ns, newest_ns = int(batch.time_ns[0]), int(batch.time_ns[-1])
        begin_ns = self.life_at(first_ns)
        if state.newest_ns is None and not state.is_known:
            is_first = self._first_ns is None or first_ns <= self._first_ns
            state = replace(state, is_known=is_first, begin_ns=begin_ns)
        elif state.begin_ns != begin_ns:
            state = self.begun(begin_ns)
        if not state.is_known:
            nothing = Prediction(self._nothing(len(batch)))
            return nothing, replace(state, newest_ns=newest_ns)
        given, inner = self._model.run(batch, state.inner)
        return given, replace(state, inner=inner, newest_ns=newest_ns)

    def progress(self, state: OneLifeState) -> tuple[int, int]:
        """Return the model's own progress in this life; nothing seen while that is not known."""
        seen, needed = self._model.progress(state.inner)
        return (seen, needed) if state.is_known else (0, needed)

    def pack(self, state: OneLifeState) -> Any:
        """Return the state as `msgspec` can encode it."""
        return _Packed(
            self._model.pack(state.inner), state.is_known, state.newest_ns, state.begin_ns
        )

    def unpack(self, packed: msgspec.Raw) -> OneLifeState:
        """Return the packed state.

        Raises:
            msgspec.MsgspecError: It is not this model's.
            ValueError: The machine has failed in between, as somebody said later.
        """
        read = msgspec.msgpack.decode(packed, type=_Raw)
        if read.begin_ns != self.life_at(read.newest_ns):
            raise ValueError("The machine has begun another life since.")
        inner = self._model.unpack(read.inner)
        return OneLifeState(inner, read.is_known, read.newest_ns, read.begin_ns)

    def _nothing(self, n: int) -> dict[str, FloatArray]:
        return {name: np.full(n, np.nan) for name in self.card.outputs}


def _evidence(parts: Sequence[tuple[int, Prediction]], rows: IntArray, card: Card) -> Evidence:
    """Return the evidence for rows of a batch that was run in parts."""
    names = tuple(card.inputs)
    unknown = np.full((len(rows), len(names)), np.nan)
    whole = Evidence(unknown, unknown.copy(), unknown.copy(), unknown.copy(), names)
    stops = [start for start, _ in parts[1:]] + [int(rows.max(initial=0)) + 1]
    for (start, part), stop in zip(parts, stops, strict=True):
        at = np.flatnonzero((rows >= start) & (rows < stop))
        if part.evidence is None or not len(at):
            continue
        found = part.evidence(rows[at] - start)
        whole.share[at], whole.value[at] = found.share, found.value
        whole.expected[at], whole.bound[at] = found.expected, found.bound
    return whole
