"""Forecast of one channel some seconds ahead, learnt from runs of the same machine or type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from telltale.batch import NS_PER_S, Batch, FloatArray, IntArray
from telltale.models.card import Card, Feature, Input, Training, Window
from telltale.models.estimates.boosted import Boosting
from telltale.models.estimates.questions import Run
from telltale.models.estimates.train import RUNTIME, Lesson, Trained, trained_estimate
from telltale.profiles.schema import Output

SLOPES_S = (10.0, 20.0, 30.0, 60.0, 120.0, 300.0)
LEVELS_S = (60.0, 300.0)
MEANS_S = (10.0, 30.0, 60.0, 120.0, 300.0)
OLDEST_TRUTH_S = 1.0  # what came is the last reading before the time asked for, not older
LEAST_SCALE = 0.2


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

    @property
    def outputs(self) -> tuple[str, str, str]:
        """Names of forecast and bounds, e.g. coolant_in_60_s_c, coolant_in_60_s_low_c."""
        stem, _, suffix = self.channel.rpartition("_")
        ahead = f"{stem}_in_{self.horizon_s:g}_s"
        return f"{ahead}_{suffix}", f"{ahead}_low_{suffix}", f"{ahead}_high_{suffix}"


def trained_forecast(
    name: str,
    runs: Sequence[Batch],
    settings: ForecastSettings,
    rng: np.random.Generator,
    *,
    training: Training,
) -> Trained:
    """Learn to forecast a channel.

    Args:
        name: Of the model, one word.
        runs: One batch per run, e.g. per trip; a run is never divided between training and
            held out.
        settings: What is forecast.
        rng: Draws folds and cuts.
        training: What the data are; hash, rows and time are filled in.

    Raises:
        ModelError: Too few runs.
        MissingExtraError: XGBoost or ONNX is not installed.
    """
    with_truth = [Run(run, value_ahead(run, settings.channel, settings.horizon_s)) for run in runs]
    lesson = Lesson(
        settings.how,
        anchor=settings.channel,
        least_scale=LEAST_SCALE,
        every=settings.taught_every,
    )
    return trained_estimate(forecast_card(name, settings, training), with_truth, lesson, rng)


def value_ahead(batch: Batch, channel: str, horizon_s: float) -> FloatArray:
    """Return what each sample's channel came to be: the last value before that time has passed.

    NaN where the readings do not reach that far, or pause there for over `OLDEST_TRUTH_S`.
    """
    values = batch.columns[channel]
    known = np.flatnonzero(np.isfinite(values))
    ahead = np.full(len(batch), np.nan)
    if not len(known):
        return ahead
    times_ns: IntArray = batch.time_ns[known]
    wanted_ns = batch.time_ns + round(horizon_s * NS_PER_S)
    at = np.searchsorted(times_ns, wanted_ns, side="right") - 1
    is_fresh = (at >= 0) & (wanted_ns - times_ns[at] < OLDEST_TRUTH_S * NS_PER_S)
    is_reached = wanted_ns <= times_ns[-1]
    rows = np.flatnonzero(is_fresh & is_reached)
    ahead[rows] = values[known[at[rows]]]
    return ahead


def forecast_card(name: str, settings: ForecastSettings, training: Training) -> Card:
    """Return the card: slopes and means of the channel, means of its drivers."""
    channel, features = settings.channel, _features(settings)
    others = settings.drivers | settings.conditions
    value, low, high = settings.outputs
    adapt = {"horizon_s": settings.horizon_s}
    title = f"{channel} in {settings.horizon_s:g} s"
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
    channel = settings.channel
    features = {
        f"{channel}_slope_{w:g}": Feature("rate", (channel,), {"window_s": w}) for w in SLOPES_S
    }
    for w in LEVELS_S:
        features[f"{channel}_mean_{w:g}"] = Feature("rolling_mean", (channel,), {"window_s": w})
    spread = {"window_s": max(LEVELS_S)}
    features[f"{channel}_spread"] = Feature("rolling_std", (channel,), spread)
    for driver in settings.drivers:
        for w in MEANS_S:
            mean = Feature("rolling_mean", (driver,), {"window_s": w})
            features[f"{driver}_mean_{w:g}"] = mean
    return features
