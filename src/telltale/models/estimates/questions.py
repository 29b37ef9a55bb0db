"""What a model asks its core on runs whose truth is known: the rows that training learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from telltale.batch import Batch, BoolArray, FloatArray, IntArray
from telltale.errors import ModelError
from telltale.models.card import Card
from telltale.models.windows import asked_windows


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One run of a machine, e.g. a trip or a life, with what the model should have said.

    Attributes:
        batch: Its readings, n samples.
        truth: What the value was, shape (n,); NaN where it is not known.
        cap: The trees learn no value above this: far from failure there is nothing to see.
    """

    batch: Batch
    truth: FloatArray
    cap: float = np.inf


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """What the core is asked on runs, one row per question with a known truth.

    Attributes:
        columns: As the card names them, shape (m, columns).
        truth: Shape (m,).
        target: What the trees learn: the truth, capped, less the anchor. Shape (m,).
        anchor: What the trees' value is added to, shape (m,); 0 without one.
        run: Number of the row's run, shape (m,).
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


def table_of(card: Card, runs: Sequence[Run], anchor: str = "") -> Table:
    """Return what a model of this card asks on these runs, where the truth is known."""
    parts = []
    for number, run in enumerate(runs):
        rows, columns = questions(card, run.batch)
        base = columns[:, card.columns.index(anchor)] if anchor else np.zeros(len(rows))
        truth = run.truth[rows]
        target = np.minimum(truth, run.cap) - base
        part = Table(columns, truth, target, base, np.full(len(rows), number))
        parts.append(part.where(np.isfinite(truth)))
    if not parts or not sum(len(part.truth) for part in parts):
        raise ModelError(f"{card.name}: no run has a row with all inputs and a known truth.")
    return Table(
        np.concatenate([part.columns for part in parts]),
        np.concatenate([part.truth for part in parts]),
        np.concatenate([part.target for part in parts]),
        np.concatenate([part.anchor for part in parts]),
        np.concatenate([part.run for part in parts]),
    )
