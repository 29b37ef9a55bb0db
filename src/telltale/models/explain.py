"""Says why a sample got its score: the three inputs that explain most, in one plain sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from telltale.models.base import Evidence
from telltale.models.card import Card

SHOWN = 3
LEAST_SHARE = 0.05  # a part smaller than this explains nothing


@dataclass(frozen=True, slots=True)
class Part:
    """What one input has to do with a score.

    Attributes:
        name: Of the input.
        title: For people.
        unit: Of what follows.
        share: Of the score, from -1 to 1; negative where the input speaks for normal operation.
        value: What it was.
        expected: What it would usually have been; None if not known.
        bound: Where it alone would have to come back to for a normal score; None if not known.
    """

    name: str
    title: str
    unit: str
    share: float
    value: float | None
    expected: float | None
    bound: float | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The parts that explain most, the greatest first, and one sentence for people."""

    parts: tuple[Part, ...]
    sentence: str


def explain(card: Card, evidence: Evidence, row: int, titles: Mapping[str, str]) -> Explanation:
    """Return what a model's evidence says about one sample.

    Args:
        card: The model's.
        evidence: As the model gave it.
        row: Which of its samples.
        titles: Of the inputs, for people; a name without one stands for itself.
    """
    shares = np.nan_to_num(evidence.share[row])
    largest = np.argsort(-np.abs(shares), kind="stable")[:SHOWN]
    names = tuple(card.inputs)
    parts = tuple(
        Part(
            name=names[at],
            title=titles.get(names[at], names[at]),
            unit=card.inputs[names[at]].unit,
            share=round(float(shares[at]), 4),
            value=_known(evidence.value[row, at]),
            expected=_known(evidence.expected[row, at]),
            bound=_known(evidence.bound[row, at]),
        )
        for at in largest
        if abs(shares[at]) >= LEAST_SHARE
    )
    return Explanation(parts, _sentence(parts))


def _sentence(parts: tuple[Part, ...]) -> str:
    """Return the sentence: what speaks for it, then what would have to change."""
    speaking = [part for part in parts if part.share > 0.0]
    if not speaking:
        return "The model does not say which input this comes from."
    first, *others = speaking
    begin = "Mostly" if first.share >= 0.5 else "Above all"
    told = f"{begin} {_lower(first.title)}{_measured(first)}"
    if others:
        told += ", then " + " and ".join(f"{_lower(o.title)}{_measured(o)}" for o in others)
    return told + "." + _way_back(first)


def _measured(part: Part) -> str:
    """Return value, what is usual, and the share."""
    share = f"{part.share:.0%}".replace("%", " %")
    if part.value is None:
        return f" ({share})"
    value = f": {_number(part.value)}{_unit(part)}"
    if part.expected is None:
        return f"{value} ({share})"
    return f"{value} where {_number(part.expected)} is usual ({share})"


def _way_back(part: Part) -> str:
    """Return where that input alone would have to come back to."""
    if part.bound is None or part.value is None or part.bound == part.value:
        return ""
    side = "below" if part.value > part.bound else "above"
    return f" Would be normal {side} {_number(part.bound)}{_unit(part)}."


def _number(value: float) -> str:
    """Return a number with about three digits that count, never as a power of ten in the usual."""
    if value == 0.0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if -4 <= size <= 6:
        text = f"{value:.{max(0, 2 - size)}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:.3g}"


def _unit(part: Part) -> str:
    return "" if part.unit in ("", "1") else f" {part.unit}"


def _lower(title: str) -> str:
    """Return a title as it stands within a sentence; names such as RPM stay."""
    return title[0].lower() + title[1:] if title[1:2].islower() else title


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
