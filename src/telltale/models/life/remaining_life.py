"""Remaining life from many lives that ended in failure: fused channels, their drift, boosted trees.

One channel is noisy; the sum of all channels that wear moves is not. Channels are fused along the
direction that tells remaining life best, and along those of the largest variation, in which
different failure modes part. The trees then see level, drift and slopes of the fused channels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from telltale.batch import Batch, FloatArray
from telltale.errors import ModelError
from telltale.models.card import Card, Feature, Input, Training, Window
from telltale.models.columns import Columns
from telltale.models.estimates.boosted import Boosting
from telltale.models.estimates.questions import KnownRun
from telltale.models.estimates.train import RUNTIME, Lesson, Trained, trained_estimate
from telltale.profiles.schema import Output
from telltale.units import suffix_of

N_VARIATIONS = 2  # directions of the largest variation beside the one of life
RIDGE = 10.0
SMOOTH_STEPS = (12, 30)
SLOPE_STEPS = (20, 40, 60, 80, 120)
EVER_S = 1e9  # a window that never ends: as many samples as a window may hold
LEAST_DISTINCT = 3  # a channel of fewer values is a switch or a constant


@dataclass(frozen=True, slots=True)
class LifeSettings:
    """How remaining life is learnt.

    Attributes:
        step_s: Seconds of sample time per unit of life, e.g. 3600 if life is in hours.
        unit: Of life: "h", or "count" for cycles.
        age: Channel that counts life since new, in that unit.
        cap: Above this the trees do not learn to tell: nothing is to be seen yet.
        within: Failure probability is given for these horizons, in the unit of life.
        how: How trees are grown.
        made: Columns worked out of the channels beforehand, e.g. the age where no channel counts.
        units: Of the channels; "1" where it is not told.
        every_s: Remaining life is told so often; 0 with each sample.
        asked_every: Of very many rows only every so-manieth is learnt from.
    """

    step_s: float
    unit: str
    age: str
    cap: float = 130.0
    within: tuple[float, ...] = (30.0,)
    how: Boosting = field(default_factory=lambda: Boosting(seeds=3))
    made: Mapping[str, Feature] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    every_s: float = 0.0
    asked_every: int = 1

    @property
    def outputs(self) -> tuple[str, str, str]:
        """Names of remaining life and its bounds, e.g. remaining_life_h, remaining_life_low_h."""
        suffix = suffix_of(self.unit) or self.unit
        stem = "remaining_life"
        return f"{stem}_{suffix}", f"{stem}_low_{suffix}", f"{stem}_high_{suffix}"

    @property
    def chances(self) -> tuple[str, ...]:
        """Names of the failure probabilities."""
        suffix = suffix_of(self.unit) or self.unit
        return tuple(f"failure_within_{at:g}_{suffix}_ratio" for at in self.within)


def trained_remaining_life(
    name: str,
    lives: Sequence[Batch],
    settings: LifeSettings,
    rng: np.random.Generator,
    *,
    training: Training,
) -> Trained:
    """Learn remaining life from machines that were measured until they failed.

    Args:
        name: Of the model, one word.
        lives: One batch per life; its last sample is the failure.
        settings: How.
        rng: Draws folds and cuts.
        training: What the data are; hash, rows and time are filled in.

    Raises:
        ModelError: The age is missing, no channel varies, or there are too few lives.
        MissingExtraError: XGBoost or ONNX is not installed.
    """
    aged = [with_made(life, settings.made) for life in lives]
    channels = varying_channels(aged, settings.age, without=tuple(settings.made))
    card = life_card(name, aged, channels, settings, training)
    ages = [life.columns[settings.age] for life in aged]
    runs = [
        KnownRun(life, np.nanmax(age) - age, settings.cap)
        for life, age in zip(lives, ages, strict=True)
    ]
    lesson = Lesson(
        settings.how,
        least=0.0,
        least_scale=1.0 if not settings.made else 0.01 * settings.cap,
        within=settings.within,
        asked_every=settings.asked_every,
    )
    return trained_estimate(card, runs, lesson, rng)


def with_made(life: Batch, made: Mapping[str, Feature]) -> Batch:
    """Return a life with the columns that are worked out of its channels, as a model does."""
    if not made:
        return life
    columns = Columns("life", tuple(life.columns), made)
    return columns.run(life, columns.start())[0]


def varying_channels(
    lives: Sequence[Batch], age: str, without: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Return the channels that every life has and that vary, without the age and these."""
    if not lives or any(age not in life.columns for life in lives):
        raise ModelError(f"Remaining life needs lives with the channel {age!r} that counts age.")
    left = [n for n in lives[0].columns if n not in {age, *without}]
    names = [n for n in left if all(n in life.columns for life in lives)]
    varying = tuple(
        n
        for n in names
        if len(np.unique(np.concatenate([life.columns[n] for life in lives]))) >= LEAST_DISTINCT
    )
    if not varying:
        raise ModelError("Remaining life needs at least one channel that varies.")
    return varying


def fused_directions(values: FloatArray, life: FloatArray) -> FloatArray:
    """Return directions in which standardised channels are fused, each of length 1.

    Args:
        values: Channels with mean 0 and spread 1, shape (n, channels).
        life: Remaining life, capped, shape (n,).

    Returns:
        Shape (1 + up to `N_VARIATIONS`, channels): ridge regression on life, then principal ones.
    """
    n_channels = values.shape[1]
    ridge = values.T @ values + RIDGE * np.eye(n_channels)
    of_life = np.linalg.solve(ridge, values.T @ (life - life.mean()))
    principal = np.linalg.svd(values, full_matrices=False)[2][: min(N_VARIATIONS, n_channels)]
    signs = np.sign(principal[np.arange(len(principal)), np.abs(principal).argmax(axis=1)])
    directions = np.vstack([of_life, principal * signs[:, None]])
    size = np.linalg.norm(directions, axis=1, keepdims=True)
    fused: FloatArray = directions / np.where(size > 0.0, size, 1.0)
    return fused


def life_card(
    name: str,
    lives: Sequence[Batch],
    channels: tuple[str, ...],
    settings: LifeSettings,
    training: Training,
) -> Card:
    """Return the card: which features of which fused channels enter the trees."""
    values = np.concatenate([np.stack([b.columns[c] for c in channels], axis=1) for b in lives])
    ages = [life.columns[settings.age] for life in lives]
    life = np.minimum(np.concatenate([np.nanmax(age) - age for age in ages]), settings.cap)
    is_whole = np.isfinite(values).all(axis=1) & np.isfinite(life)
    if not is_whole.any():
        raise ModelError(f"{name}: no row of any life has all channels.")
    values, life = values[is_whole], life[is_whole]
    mean, spread = values.mean(axis=0), values.std(axis=0)
    features = dict(settings.made)
    for number, direction in enumerate(fused_directions((values - mean) / spread, life), start=1):
        weights = direction / spread
        fused = {"weights": tuple(weights.tolist()), "offset": -float(weights @ mean)}
        features |= _features(f"fused_{number}", Feature("linear", channels, fused), settings)
    own = (n for n in features if not n.endswith("_now") and n not in settings.made)
    columns = (settings.age, *own)
    needed = [i for made in settings.made.values() for i in made.inputs if i not in settings.made]
    names = (*channels, *needed) if settings.made else (settings.age, *channels)
    units = {settings.age: settings.unit, **settings.units}
    return Card(
        name=name,
        title="Remaining life",
        task="remaining_life",
        runtime=RUNTIME,
        inputs={channel: Input(units.get(channel, "1")) for channel in names},
        features=features,
        columns=columns,
        window=Window(every_s=settings.every_s),
        core_outputs=(*settings.outputs, *settings.chances),
        outputs=_outputs(settings),
        training=training,
        normal={c: (float(m), float(s)) for c, m, s in zip(channels, mean, spread, strict=True)},
    )


def _features(name: str, fused: Feature, settings: LifeSettings) -> dict[str, Feature]:
    """Return a fused channel, and its level, drift and slopes."""
    now, ever = f"{name}_now", f"{name}_mean"
    features = {now: fused, ever: Feature("rolling_mean", (now,), {"window_s": EVER_S})}
    for steps in SMOOTH_STEPS:
        constant = {"time_constant_s": steps * settings.step_s}
        features[f"{name}_smooth_{steps}"] = Feature("ewma", (now,), constant)
    smooth = f"{name}_smooth_{SMOOTH_STEPS[0]}"
    apart = {"weights": (1.0, -1.0)}
    features[f"{name}_drift"] = Feature("linear", (smooth, ever), apart)
    for steps in SLOPE_STEPS:
        window = {"window_s": steps * settings.step_s}
        features[f"{name}_slope_{steps}"] = Feature("rate", (now,), window)
    features[f"{name}_slope_ever"] = Feature("rate", (now,), {"window_s": EVER_S})
    return features


def _outputs(settings: LifeSettings) -> dict[str, Output]:
    titles = ("Remaining life", "Remaining life, at least", "Remaining life, at most")
    lives = zip(settings.outputs, titles, strict=True)
    chances = zip(settings.chances, settings.within, strict=True)
    return {
        **{name: Output(title, settings.unit, decimals=0) for name, title in lives},
        **{name: Output(f"Failure within {at:g} {settings.unit}", "1") for name, at in chances},
    }
