"""The windows that a model asks its core about, cut as they are live: training learns from them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from telltale.batch import Batch, FloatArray, IntArray
from telltale.models.base import Evidence
from telltale.models.card import Card
from telltale.models.composed import ComposedModel


def asked_windows(card: Card, batch: Batch) -> tuple[IntArray, FloatArray]:
    """Return when a model of this card asks its core, and about what.

    Args:
        card: Gives features, columns and window; what comes after the core is passed over.
        batch: Readings in order.

    Returns:
        Row of each window's newest sample, shape (m,), and the windows, shape (m, samples,
        columns): views on one array, as a day's windows would take thirty times its room.
    """
    return next(asked_pieces(card, batch, max(1, len(batch))))


def asked_pieces(
    card: Card, batch: Batch, piece_rows: int
) -> Iterator[tuple[IntArray, FloatArray]]:
    """Yield the same, so many readings after the other: memory for pauses is a piece's."""
    nothing = np.zeros((0, card.window.samples, len(card.columns)))
    core = _Recorder(nothing, len(card.core_outputs))
    first = card.core_outputs[0]
    output = next(iter(card.outputs.values()))
    model = ComposedModel(msgspec.structs.replace(card, after={}, outputs={first: output}), core)
    state = model.start()
    for start in range(0, max(1, len(batch)), piece_rows):
        core.windows = nothing
        prediction, state = model.run(batch.rows(start, start + piece_rows), state)
        yield start + np.flatnonzero(np.isfinite(prediction.columns[first])), core.windows


def evenly(n: int, most: int) -> IntArray:
    """Return at most so many places among n, evenly spread, the first and the last in them."""
    places: IntArray = np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(np.int64))
    return places


class _Recorder:
    """Stands where the core would, and keeps what it is asked."""

    def __init__(self, nothing: FloatArray, n_outputs: int) -> None:
        self.windows = nothing
        self._n_outputs = n_outputs

    def run(self, windows: FloatArray) -> FloatArray:
        """Answer zero."""
        self.windows = windows
        return np.zeros((len(windows), self._n_outputs))

    def evidence(self, windows: FloatArray) -> Evidence | None:
        """There is none."""
        return None
