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


class Causes(NamedTuple):
    """Causes, the largest part first, and the sentence that tells them."""

    causes: tuple[Cause, ...]
    because: str


def causes_at(evidence: Evidence, row: int, profile: Profile) -> Causes:
    """Return what explains one of the samples that the evidence is about."""
    shares = evidence.share[row]
    order = np.argsort(-np.abs(np.nan_to_num(shares)), kind="stable")[:MOST_CAUSES]
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
    """Return causes in words, in the profile's units; nothing for none."""
    if not causes:
        return ""
    parts = "; ".join(_part(cause, profile) for cause in causes)
    return f"Mostly {parts}.{_way_back(causes[0], profile)}"


def _part(cause: Cause, profile: Profile) -> str:
    signal = profile.signal(cause.name)
    title = signal.title
    if title[1:2].islower():  # an abbreviation keeps its capitals
        title = title[0].lower() + title[1:]
    share = f"{cause.share:.0%}".replace("%", " %")
    if cause.value is None:
        return f"{title} ({share})"
    value = f"{title} {_shown(cause.value, cause.name, profile)}"
    if cause.expected is None:
        return f"{value} ({share})"
    return f"{value} where {cause.expected:.{signal.decimals}f} is usual ({share})"


def _way_back(cause: Cause, profile: Profile) -> str:
    if cause.value is None or cause.bound is None:
        return ""
    side = "below" if cause.bound < cause.value else "above"
    return f" It alone would be normal {side} {_shown(cause.bound, cause.name, profile)}."


def _shown(value: float, name: str, profile: Profile) -> str:
    signal = profile.signal(name)
    return f"{value:.{signal.decimals}f} {units.symbol(signal.unit)}".rstrip()


def _known(value: float) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None
