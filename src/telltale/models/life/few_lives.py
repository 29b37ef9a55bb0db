"""Fits remaining life from a handful of failures; `few_lives_core` serves it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from telltale.batch import Batch, FloatArray
from telltale.errors import ModelError
from telltale.models.card import Card, Feature, Input, Training
from telltale.models.estimates.questions import questions
from telltale.models.folder import PARITY_ROWS, complete, joint_hash
from telltale.models.life.few_lives_core import (
    AGE,
    HIGH,
    LOW,
    RUNTIME,
    VALUE,
    WEAR,
    FewLivesSettings,
)
from telltale.profiles.schema import Output

EVER_S = 1e9
RIDGE_LIVES = 0.3  # b = 0 weighs as much as this many lives
LEAST_LIVES = 3


@dataclass(frozen=True, slots=True)
class FewLivesHow:
    """How the line is fitted.

    Attributes:
        age, sign: Channels: seconds since new, and what grows with wear, above 0.
        smooth_s: Time constant in which the sign is smoothed.
        cuts: Shares of life between which a part is asked about its remaining life.
        n_cuts: How many in between.
        quantile: See `FewLivesSettings`.
        from_age: Least age at which there is a number; None for the least that was fitted. 0 where
            a part is known to be in the later half of its life whenever it is asked about.
        made: Columns worked out of channels beforehand: the age, where no channel counts it.
        units: Of the channels that go into those.
    """

    age: str
    sign: str
    sign_unit: str
    smooth_s: float
    cuts: tuple[float, float] = (0.5, 0.95)
    n_cuts: int = 40
    quantile: float = 0.5
    from_age: float | None = None
    made: Mapping[str, Feature] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)


def trained_few_lives(
    name: str, lives: Sequence[Batch], how: FewLivesHow, training: Training
) -> tuple[Card, dict[str, bytes]]:
    """Learn from complete lives; each life counts alike, however long.

    Args:
        name: Of the model.
        lives: One batch per life, the last sample is the failure.
        how: What is fitted.
        training: What the data are; hash and rows are filled in.

    Raises:
        ModelError: Fewer than `LEAST_LIVES`, or a life without the two channels.
    """
    if len(lives) < LEAST_LIVES:
        raise ModelError(f"{name}: {len(lives)} lives; {LEAST_LIVES} are needed for a spread.")
    card = _card(name, how)
    parts = [_asked(card, life, how) for life in lives]
    wear, left, age = (np.concatenate([part[i] for part in parts]) for i in (0, 1, 2))
    from_age = float(age.min()) if how.from_age is None else how.from_age
    slope, level = _line(wear, left, RIDGE_LIVES * how.n_cuts)
    spread = float(np.std(left - level - slope * wear)) * math.sqrt(1.0 + 1.0 / len(lives))
    settings = FewLivesSettings(level, slope, spread, how.quantile, from_age=from_age)
    card = msgspec.structs.replace(
        card,
        settings=msgspec.to_builtins(settings),
        training=msgspec.structs.replace(
            training,
            data=f"{training.data} There is no number before an age of {from_age:.0f} s, as no "
            "life was fitted at an earlier one."
            if how.from_age is None
            else training.data,
            rows=len(wear),
            sha256=joint_hash(lives),
        ),
    )
    return complete(card, {}, _parity_samples(card, lives, from_age))


def _parity_samples(card: Card, lives: Sequence[Batch], from_age: float) -> Batch:
    """Return the beginning of the life that comes to an answer in the fewest rows."""
    found = []
    for life in lives:
        rows, columns = questions(card, life)
        is_asked = columns[:, AGE] >= from_age
        if is_asked.any():
            found.append((int(rows[int(np.argmax(is_asked))]) + PARITY_ROWS, life))
    most, life = min(found, key=lambda one: one[0])
    return life.rows(0, min(len(life), most))


def _asked(card: Card, life: Batch, how: FewLivesHow) -> tuple[FloatArray, ...]:
    """Return ln(wear), ln(remaining / age) and age at the cuts of one life."""
    rows, columns = questions(card, life)
    if not len(rows):
        raise ModelError(f"{life.machine}: it has no row with {how.age!r} and {how.sign!r}.")
    ages = columns[:, AGE] if how.made else life.columns[how.age]
    end = float(ages[-1])
    wanted = np.linspace(*how.cuts, how.n_cuts) * end
    at = np.minimum(np.searchsorted(columns[:, AGE], wanted), len(rows) - 1)
    age = columns[at, AGE]
    is_before = (age > 0.0) & (age < end)
    age = age[is_before]
    return np.log(columns[at, WEAR][is_before]), np.log(end / age - 1.0), age


def _line(wear: FloatArray, left: FloatArray, weight: float) -> tuple[float, float]:
    """Return slope and level of least squares, the slope drawn to 0 by so many samples."""
    apart = wear - wear.mean()
    pull = weight * max(float(apart.var()), 1e-12)
    slope = float(apart @ left) / (float(apart @ apart) + pull)
    return slope, float(left.mean() - slope * wear.mean())


def _card(name: str, how: FewLivesHow) -> Card:
    features = {
        **how.made,
        "smooth": Feature("ewma", (how.sign,), {"time_constant_s": how.smooth_s}),
        "lowest": Feature("rolling_min", ("smooth",), {"window_s": EVER_S}),
        "highest": Feature("rolling_max", ("smooth",), {"window_s": EVER_S}),
        "wear": Feature("ratio", ("highest", "lowest")),
    }
    needed = [i for made in how.made.values() for i in made.inputs if i not in how.made]
    units = {how.age: "s", **how.units, how.sign: how.sign_unit}
    names = (*needed, how.sign) if how.made else (how.age, how.sign)
    inputs = {channel: Input(units.get(channel, "1")) for channel in names}
    return Card(
        name=name,
        title="Remaining life from few failures",
        task="remaining_life",
        runtime=RUNTIME,
        inputs=inputs,
        features=features,
        columns=(how.age, "wear"),
        core_outputs=(VALUE, LOW, HIGH),
        outputs={
            VALUE: Output("Remaining life", "s", decimals=0),
            LOW: Output("Remaining life, at least", "s", decimals=0),
            HIGH: Output("Remaining life, at most", "s", decimals=0),
        },
        settings={"level": 0.0, "slope": 0.0, "spread": 1.0},
        training=Training("", is_simulated=False),
    )
