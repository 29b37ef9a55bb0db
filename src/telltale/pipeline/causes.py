"""What explains a model's finding: the inputs with the largest parts, as values and in words."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from telltale import units
from telltale.events import Cause
from telltale.models.base import Evidence
from telltale.profiles.schema import Profile

MOST_CAUSES = 3
LEAST_SHARE = 0.05  # a smaller part explains nothing to anybody
USUAL_SIZES = range(-4, 7)  # powers of ten that are written out


class Causes(NamedTuple):
    """Causes, the largest part first, and the sentence that tells them."""

    causes: tuple[Cause, ...]
    because: str


def causes_at(evidence: Evidence, row: int, profile: Profile) -> Causes:
    """Return what explains one of the samples that the evidence is about."""
    shares = np.nan_to_num(evidence.share[row])
    order = np.argsort(-np.abs(shares), kind="stable")[:MOST_CAUSES]
    causes = tuple(
        Cause(
            evidence.names[at],
            round(float(shares[at]), 4),
            _known(evidence.value[row, at]),
            _known(evidence.expected[row, at]),
            _known(evidence.bound[row, at]),
        )
        for at in order.tolist()
        if abs(shares[at]) >= LEAST_SHARE
    )
    return Causes(causes, sentence(causes, profile))


def sentence(causes: tuple[Cause, ...], profile: Profile) -> str:
    """Return causes in words, in the profile's units: what speaks for it, and the way back.

    Nothing where nothing speaks for it.
    """
    speaking = [cause for cause in causes if cause.share > 0.0]
    if not speaking:
        return ""
    first, *others = (_part(cause, profile) for cause in speaking)
    told = f"{'Mostly' if speaking[0].share >= 0.5 else 'Above all'} {first}"
    if others:
        told += f", then {' and '.join(others)}"
    return f"{told}.{_way_back(speaking[0], profile)}"


def _part(cause: Cause, profile: Profile) -> str:
    """Return title, value, what is usual, and the share."""
    title = profile.signal(cause.name).title
    if title[1:2].islower():  # an abbreviation keeps its capitals
        title = title[0].lower() + title[1:]
    share = f"{cause.share:.0%}".replace("%", " %")
    if cause.value is None:
        return f"{title} ({share})"
    value = f"{title}: {_number(cause.value)}{_unit(cause.name, profile)}"
    if cause.expected is None:
        return f"{value} ({share})"
    return f"{value} where {_number(cause.expected)} is usual ({share})"


def _way_back(cause: Cause, profile: Profile) -> str:
    """Return where that input alone would have to come back to."""
    if cause.value is None or cause.bound is None or cause.bound == cause.value:
        return ""
    side = "below" if cause.value > cause.bound else "above"
    bound = f"{_number(cause.bound)}{_unit(cause.name, profile)}"
    return f" Would be normal {side} {bound}."


def _number(value: float) -> str:
    """Return a number with the three digits that count, as a power of ten only if unusual."""
    if value == 0.0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if size not in USUAL_SIZES:
        return f"{value:.3g}"
    text = f"{value:.{max(0, 2 - size)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _unit(name: str, profile: Profile) -> str:
    symbol = units.symbol(profile.signal(name).unit)
    return f" {symbol}" if symbol else ""


def _known(value: float) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None
