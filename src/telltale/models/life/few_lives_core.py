"""Remaining life from a handful of failures: the share of life that is left, told by wear.

Lives of alike parts differ by a factor of five, and six of them teach no trees. What can be told
from so few is how remaining life goes with age, and how that shifts with one sign of wear:
ln(remaining / age) = a + b ln(wear) + spread, a line with two numbers and an honest spread.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import Annotated

import msgspec
import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.base import Evidence
from telltale.models.card import Card
from telltale.profiles.schema import PositiveFloat

RUNTIME = "few_lives"
VALUE, LOW, HIGH = "remaining_life_s", "remaining_life_low_s", "remaining_life_high_s"
Share = Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)]
AGE, WEAR = 0, 1  # columns of the core


class FewLivesSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fitted line.

    Attributes:
        level: a.
        slope: b.
        spread: Standard deviation of ln(remaining / age), with that of the line itself.
        quantile: Which quantile is given as the value; 0.5 is the median. Lower is careful.
        miss: Chance that the truth lies outside the bounds.
        from_age: The least age that it was fitted on: there is no number before.
    """

    level: float
    slope: float
    spread: PositiveFloat
    quantile: Share = 0.5
    miss: Share = 0.1
    from_age: float = 0.0


class FewLivesCore:
    """Gives remaining life and its bounds in the unit of the age, from age and wear."""

    def __init__(self, card: Card, files: Mapping[str, bytes]) -> None:
        try:
            self._settings = msgspec.convert(card.settings, FewLivesSettings)
        except msgspec.ValidationError as error:
            raise ModelError(f"{card.name}/card.json: settings: {error}.") from None
        if len(card.columns) != 2 or card.window.samples != 1:
            raise ModelError(f"{card.name}/card.json: it takes the columns age and wear, one row.")

    def run(self, windows: FloatArray) -> FloatArray:
        """Return value, lower and upper bound, shape (m, 3); NaN before the least fitted age."""
        settings, age, wear = self._settings, windows[:, 0, AGE], windows[:, 0, WEAR]
        age = np.where(age >= settings.from_age, age, np.nan)
        centre = settings.level + settings.slope * _logs(wear)
        normal = NormalDist()
        shares = (settings.quantile, settings.miss / 2.0, 1.0 - settings.miss / 2.0)
        steps = [normal.inv_cdf(share) * settings.spread for share in shares]
        return np.stack([age * _powers(centre + step) for step in steps], axis=1)

    def evidence(self, windows: FloatArray) -> Evidence | None:
        """Return nothing: there is one sign of wear, and it is shown."""
        return None


def _logs(values: FloatArray) -> FloatArray:
    """Return natural logarithms one by one: in arrays the last bits depend on their length."""
    return np.array([math.log(x) if x > 0.0 else math.nan for x in values.tolist()])


def _powers(exponents: FloatArray) -> FloatArray:
    """Return e to the power of each, one by one; beyond what a float holds, NaN."""
    return np.array([math.exp(x) if x < 700.0 else math.nan for x in exponents.tolist()])
