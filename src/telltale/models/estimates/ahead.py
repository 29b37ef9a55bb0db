"""Forecast of one channel some seconds ahead, learnt from runs of the same machine or type."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, Batch, FloatArray
from telltale.models.card import Card, Feature, Input, Training, Window
from telltale.models.detector_card import mean_and_spread
from telltale.models.estimates.boosted import Boosting
from telltale.models.estimates.train import RUNTIME, Lesson, Trained, trained_estimate
from telltale.models.estimates.what_came import known_run
from telltale.profiles.schema import Output
from telltale.units import suffix_of, unit_of_suffix

SLOPES_S = (10.0, 20.0, 30.0, 60.0, 120.0, 300.0)
LEVELS_S = (20.0, 60.0, 120.0, 300.0)
EXTREMES_S = (60.0, 300.0)
MEANS_S = (10.0, 30.0, 60.0, 120.0, 300.0)
LEAST_SCALE = 0.2
LEAST_LEVELS = 5  # different readings: fewer do not show that they come in steps
UNEVEN = 0.02  # of a step: readings may be in single precision, whose own steps do not count
MOST_VALUES = 2**24  # in all questions together: bounds memory and time


@dataclass(frozen=True, slots=True)
class ForecastSettings:
    """What is forecast, from what.

    Attributes:
        channel: Forecast.
        unit: Of the channel.
        horizon_s: How far ahead.
        drivers: Channels that move it, with their units: their course of late counts.
        conditions: Channels that hardly change, with their units: their present value counts.
        every_s: A forecast is made so often.
        how: How trees are grown.
        taught_every: Trees learn from every so-manieth forecast.
        title: Of the channel, for people; "" takes its name.
    """

    channel: str
    unit: str
    horizon_s: float
    drivers: dict[str, str]
    conditions: dict[str, str] = field(default_factory=dict)
    every_s: float = 1.0
    how: Boosting = field(
        default_factory=lambda: Boosting(
            depth=7,
            rate=0.05,
            row_share=0.3,
            least_rows=20,
            l2=1.0,
            losses=("absolute", "square"),
            seeds=4,
        )
    )
    taught_every: int = 4
    title: str = ""

    @property
    def outputs(self) -> tuple[str, str, str]:
        """Names of forecast and bounds, e.g. coolant_in_60_s_c, coolant_in_60_s_low_c."""
        stem, suffix = _stem_and_suffix(self.channel, self.unit)
        ahead = f"{stem}_in_{self.horizon_s:g}_s"
        return f"{ahead}_{suffix}", f"{ahead}_low_{suffix}", f"{ahead}_high_{suffix}"

    @property
    def longest_s(self) -> float:
        """How far back a forecast looks."""
        return max(*SLOPES_S, *LEVELS_S, *MEANS_S) * self.pace

    @property
    def gap_s(self) -> float:
        """How far apart two forecasts must lie to have no reading in common."""
        return self.horizon_s + self.longest_s

    @property
    def pace(self) -> float:
        """How much longer windows are than those above: slow readings would not fill them."""
        return max(1.0, self.every_s)


def trained_forecast(
    name: str,
    runs: Sequence[Batch],
    settings: ForecastSettings,
    rng: np.random.Generator,
    *,
    training: Training,
    block_s: float = math.inf,
) -> Trained:
    """Learn to forecast a channel.

    Args:
        name: Of the model, one word.
        runs: One batch per run, e.g. per trip; a run is never divided between training and
            held out.
        settings: What is forecast.
        rng: Draws folds and cuts.
        training: What the data are; hash, rows and time are filled in.
        block_s: A longer run is cut into blocks of at least this length, each held out as a whole;
            what lies within `settings.gap_s` before the next block counts for neither.

    Raises:
        ModelError: Too few runs.
        MissingExtraError: XGBoost or ONNX is not installed.
    """
    card = forecast_card(name, settings, training)
    columns = {name: np.concatenate([run.columns[name] for run in runs]) for name in card.inputs}
    normal = {name: mean_and_spread(column) for name, column in columns.items()}
    lesson = Lesson(
        settings.how,
        anchor=settings.channel,
        step=step_of(columns[settings.channel]),
        least_scale=LEAST_SCALE,
        every=settings.taught_every,
        asked_every=_asked_every(card, runs),
    )
    known = [known_run(run, settings, block_s) for run in runs]
    return trained_estimate(msgspec.structs.replace(card, normal=normal), known, lesson, rng)


def _asked_every(card: Card, runs: Sequence[Batch]) -> int:
    """Return which of very many questions are looked at, so that memory and time have a bound."""
    span_s = sum(float(run.time_ns[-1] - run.time_ns[0]) / NS_PER_S for run in runs if len(run))
    values = span_s / card.window.every_s * len(card.columns)
    return max(1, math.ceil(values / MOST_VALUES))


def _stem_and_suffix(channel: str, unit: str) -> tuple[str, str]:
    """Return a name in two: what it is, and the ending that says its unit."""
    parts = channel.split("_")
    for start in range(1, len(parts)):
        if unit_of_suffix(ending := "_".join(parts[start:])):
            return "_".join(parts[:start]), ending
    return channel, suffix_of(unit) or "value"


def step_of(values: FloatArray) -> float:
    """Return the step that all these readings are whole numbers of apart; 0 if there is none.

    What errs least is the median of what may be read, and of whole degrees that is a whole degree:
    a forecast between two of them is never right.
    """
    levels = np.unique(values[np.isfinite(values)].astype(np.float32))
    apart = np.diff(levels.astype(np.float64))
    if len(apart) < LEAST_LEVELS - 1:
        return 0.0
    steps = apart / apart.min()
    is_even = bool((np.abs(steps - np.round(steps)) < UNEVEN).all())
    is_of_sensor = apart.min() > float(np.spacing(np.abs(levels).max())) / UNEVEN
    return float(np.median(apart / np.round(steps))) if is_even and is_of_sensor else 0.0


def forecast_card(name: str, settings: ForecastSettings, training: Training) -> Card:
    """Return the card: slopes, means and extremes of the channel, means of its drivers."""
    channel, features = settings.channel, _features(settings)
    others = settings.drivers | settings.conditions
    value, low, high = settings.outputs
    adapt = {"horizon_s": settings.horizon_s}
    title = f"{settings.title or channel} in {settings.horizon_s:g} s"
    return Card(
        name=name,
        title=title,
        task="forecast",
        runtime=RUNTIME,
        inputs={channel: Input(settings.unit), **{n: Input(unit) for n, unit in others.items()}},
        features=features,
        columns=(channel, *others, *features),
        window=Window(every_s=settings.every_s),
        core_outputs=(value, "lowest", "highest", "now"),
        after={
            low: Feature("adaptive_bound", ("now", value, "lowest"), adapt),
            high: Feature("adaptive_bound", ("now", value, "highest"), adapt),
        },
        outputs={
            value: Output(title, settings.unit),
            low: Output(f"{title}, at least", settings.unit),
            high: Output(f"{title}, at most", settings.unit),
        },
        training=training,
    )


def _features(settings: ForecastSettings) -> dict[str, Feature]:
    channel, pace = settings.channel, settings.pace

    def over(function: str, of: str, window_s: float) -> Feature:
        return Feature(function, (of,), {"window_s": pace * window_s})

    features = {f"{channel}_slope_{w:g}": over("rate", channel, w) for w in SLOPES_S}
    for w in LEVELS_S:
        mean = f"{channel}_mean_{w:g}"
        features[mean] = over("rolling_mean", channel, w)
        features[f"{channel}_over_mean_{w:g}"] = _difference(channel, mean)
    for w in EXTREMES_S:
        features[f"{channel}_min_{w:g}"] = over("rolling_min", channel, w)
        features[f"{channel}_max_{w:g}"] = over("rolling_max", channel, w)
    features[f"{channel}_path"] = over("path_length", channel, max(LEVELS_S))
    features[f"{channel}_spread"] = over("rolling_std", channel, max(LEVELS_S))
    for condition, unit in settings.conditions.items():
        if unit == settings.unit:  # what drives heat, and flow, is a difference
            features[f"{channel}_over_{condition}"] = _difference(channel, condition)
    for driver in settings.drivers:
        features |= {f"{driver}_mean_{w:g}": over("rolling_mean", driver, w) for w in MEANS_S}
    return features


def _difference(one: str, other: str) -> Feature:
    return Feature("linear", (one, other), {"weights": (1.0, -1.0)})
