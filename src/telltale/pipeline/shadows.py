"""A model beside another: asked about the same samples, and only the differences are counted."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from telltale.batch import BoolArray, FloatArray
from telltale.models.card import Card


class Difference(msgspec.Struct, frozen=True):
    """How a shadow differs from the active model, over all samples that both answered.

    Attributes:
        asked: Samples that both answered.
        both, only_active, only_shadow: Of them, those beyond a limit of the model's outputs, by
            both models, by the active one alone, by the shadow alone.
        sum_apart, most_apart: Absolute difference of the first output.
    """

    asked: int = 0
    both: int = 0
    only_active: int = 0
    only_shadow: int = 0
    sum_apart: float = 0.0
    most_apart: float = 0.0


def compared(
    before: Difference,
    card: Card,
    active: Mapping[str, FloatArray],
    shadow: Mapping[str, FloatArray],
) -> Difference:
    """Return the differences so far and of one more batch; of outputs that both models give."""
    names = [name for name in card.outputs if name in active and name in shadow]
    if not names:
        return before
    apart = np.abs(active[names[0]] - shadow[names[0]])
    rows = np.isfinite(apart)
    if not rows.any():
        return before
    of_active, of_shadow = _beyond(card, names, active)[rows], _beyond(card, names, shadow)[rows]
    total = before.sum_apart
    for value in apart[rows].tolist():  # one by one: the same sum in any cut
        total += value
    return Difference(
        asked=before.asked + int(rows.sum()),
        both=before.both + int((of_active & of_shadow).sum()),
        only_active=before.only_active + int((of_active & ~of_shadow).sum()),
        only_shadow=before.only_shadow + int((of_shadow & ~of_active).sum()),
        sum_apart=total,
        most_apart=max(before.most_apart, float(apart[rows].max())),
    )


def _beyond(card: Card, names: list[str], columns: Mapping[str, FloatArray]) -> BoolArray:
    """Return where any output is beyond its mildest limit."""
    beyond = np.zeros(len(columns[names[0]]), dtype=np.bool_)
    for name in names:
        limits = card.outputs[name].limits
        if limits is None:
            continue
        above = [b for b in (limits.warn_above, limits.critical_above) if b is not None]
        below = [b for b in (limits.warn_below, limits.critical_below) if b is not None]
        if above:
            beyond |= columns[name] > min(above)
        if below:
            beyond |= columns[name] < max(below)
    return beyond
