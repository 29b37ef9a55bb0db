"""What a model asks its core on runs whose truth is known: the rows that training learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from telltale.batch import Batch, BoolArray, FloatArray, IntArray
from telltale.errors import ModelError
from telltale.models.card import Card
from telltale.models.windows import asked_pieces, asked_windows

PIECE_ROWS = 65_536  # asked at once: bounds the memory


@dataclass(frozen=True, slots=True, eq=False)
class KnownRun:
    """One run of a machine, e.g. a trip or a life, with what the model should have said.

    Attributes:
        batch: Its readings, n samples.
        truth: What the value was, shape (n,); NaN where it is not known.
        cap: The trees learn no value above this: far from failure there is nothing to see.
        part: Which part of the run each sample is of, from 0, shape (n,): what is held out is
            whole parts. None: the run is one.
    """

    batch: Batch
    truth: FloatArray
    cap: float = np.inf
    part: IntArray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """What the core is asked on runs, one row per question with a known truth.

    Attributes:
        columns: As the card names them, shape (m, columns).
        truth: Shape (m,).
        target: What the trees learn: the truth, capped, less the anchor. Shape (m,).
        anchor: What the trees' value is added to, shape (m,); 0 without one.
        run: Number of the row's run, or of its part of one, shape (m,).
    """

    columns: FloatArray
    truth: FloatArray
    target: FloatArray
    anchor: FloatArray
    run: IntArray

    def where(self, keep: BoolArray) -> Table:
        """Return the rows for which keep is true."""
        return Table(
            self.columns[keep],
            self.truth[keep],
            self.target[keep],
            self.anchor[keep],
            self.run[keep],
        )


def questions(card: Card, batch: Batch) -> tuple[IntArray, FloatArray]:
    """Return when a model of this card asks its core, rows (m,), and what, shape (m, columns)."""
    rows, windows = asked_windows(card, batch)
    return rows, windows[:, 0, :].copy()


def table_of(card: Card, runs: Sequence[KnownRun], anchor: str = "", every: int = 1) -> Table:
    """Return what a model of this card asks on these runs, where the truth is known.

    Args:
        card: Of windows of one sample.
        runs: Readings and truth.
        anchor: Column that the trees' value is added to; "" for none.
        every: Only every so-manieth of these questions is kept.

    Raises:
        ModelError: There is none.
    """
    parts, n_parts = [], 0
    place = card.columns.index(anchor) if anchor else None
    for run in runs:
        of_run = run.part if run.part is not None else np.zeros(len(run.batch), dtype=np.int64)
        for rows, windows in asked_pieces(card, run.batch, PIECE_ROWS):
            asked = np.flatnonzero(np.isfinite(run.truth[rows]))
            columns, at = windows[asked, 0, :], rows[asked]
            base = np.zeros(len(at)) if place is None else columns[:, place]
            truth = run.truth[at]
            target = np.minimum(truth, run.cap) - base
            parts.append(Table(columns, truth, target, base, n_parts + of_run[at]))
        n_parts += 1 + int(of_run.max(initial=0))
    if not sum(len(part.truth) for part in parts):
        raise ModelError(f"{card.name}: no run has a row with all inputs and a known truth.")
    table = Table(
        np.concatenate([part.columns for part in parts]),
        np.concatenate([part.truth for part in parts]),
        np.concatenate([part.target for part in parts]),
        np.concatenate([part.anchor for part in parts]),
        np.concatenate([part.run for part in parts]),
    )
    return table if every == 1 else table.where(np.arange(len(table.truth)) % every == 0)
