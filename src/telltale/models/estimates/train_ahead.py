"""Trains the forecast of a channel from one machine's own normal operation, however it is cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Annotated

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, Batch
from telltale.errors import ModelError
from telltale.models.card import Card, Training
from telltale.models.detectors.healthy import Healthy, healthy_of
from telltale.models.estimates.ahead import ForecastSettings, trained_forecast
from telltale.models.estimates.train import LEAST_RUNS
from telltale.models.estimates.what_came import ROUNDING
from telltale.models.setting_types import Seed
from telltale.models.training_set import TrainingSet
from telltale.registry import suggest

LEAST_S = 2 * 3600.0  # of normal operation: less does not show how wrong forecasts are
MOST_BLOCKS = 40
S_PER_H = 3600.0

HorizonS = Annotated[int, msgspec.Meta(ge=1, le=86_400)]


class AheadSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is forecast, from what.

    Attributes:
        channel: That is told ahead.
        horizon_s: How far ahead, in whole seconds.
        drivers: Channels whose course counts; None takes all others that can be learnt from.
        seed: Of what is held out, and when.
    """

    channel: str
    horizon_s: HorizonS = 60
    drivers: tuple[str, ...] | None = None
    seed: Seed = 0


def train_ahead(
    name: str, training_set: TrainingSet, settings: AheadSettings, *, alarms_per_week: float
) -> tuple[Card, dict[str, bytes]]:
    """Return the card and files of a forecast with bounds that were counted on what is held out.

    A long stretch is cut into blocks that are held out in turn; between two of them as much is
    left out as the forecast looks back and ahead.

    Args:
        name: Of the model, one word.
        training_set: Of which all normal runs are learnt from.
        settings: What is forecast.
        alarms_per_week: Of no use here: a forecast has no limit.

    Raises:
        ModelError: The channel cannot be learnt from, or there is too little to learn from.
        MissingExtraError: XGBoost or ONNX is not installed.
    """
    healthy = healthy_of(training_set, alarms_per_week)
    what = _what(healthy, training_set, settings)
    runs = [part for run in healthy.runs for part in _without_pauses(run, what.longest_s)]
    block_s = _block_s(name, runs, what)
    made = trained_forecast(
        name,
        runs,
        what,
        np.random.default_rng(settings.seed),
        training=_training(healthy, runs, what),
        block_s=block_s,
    )
    return made.card, dict(made.files)


def _what(healthy: Healthy, training_set: TrainingSet, settings: AheadSettings) -> ForecastSettings:
    """Return what is forecast from which of the channels that can be learnt from."""
    channel = settings.channel
    others = tuple(name for name in healthy.names if name != channel)
    drivers = others if settings.drivers is None else settings.drivers
    _check_usable(healthy, (channel, *drivers))
    return ForecastSettings(
        channel=channel,
        unit=healthy.inputs[channel].unit,
        horizon_s=float(settings.horizon_s),
        drivers={name: healthy.inputs[name].unit for name in drivers if name != channel},
        every_s=max(1.0, healthy.step_s),
        title=training_set.title(channel),
    )


def _check_usable(healthy: Healthy, names: Iterable[str]) -> None:
    for name in names:
        if name in healthy.left_out:
            raise ModelError(
                f"{healthy.batch.machine}: {name!r} cannot be learnt from: "
                f"{healthy.left_out[name]}. Choose another channel, or another stretch."
            )
        if name not in healthy.inputs:
            raise ModelError(
                f"{healthy.batch.machine}: {name!r} is not among what is read. "
                f"{suggest(name, healthy.names)}"
            )


def _without_pauses(run: Batch, pause_s: float) -> list[Batch]:
    """Return a run in pieces that a forecast cannot look across."""
    edges = np.flatnonzero(np.diff(run.time_ns) > pause_s * NS_PER_S) + 1
    ends = [0, *edges.tolist(), len(run)]
    return [run.rows(start, stop) for start, stop in pairwise(ends)]


def _block_s(name: str, runs: Sequence[Batch], what: ForecastSettings) -> float:
    """Return how long a block is at least. Raises ModelError where there are too few of them."""
    total_s = sum(_length_s(run) for run in runs)
    least_s = max(LEAST_S, LEAST_RUNS * 2.0 * what.gap_s)
    if total_s < (1.0 - ROUNDING) * least_s:
        raise ModelError(
            f"{name}: {total_s / S_PER_H:.1f} h of normal operation; to tell {what.horizon_s:g} s "
            f"ahead from readings every {what.every_s:g} s at least {least_s / S_PER_H:.1f} h are "
            "needed: errors are counted on blocks that are held out, apart from one another. Give "
            "a longer stretch."
        )
    return max(2.0 * what.gap_s, total_s / MOST_BLOCKS)


def _length_s(run: Batch) -> float:
    return float(run.time_ns[-1] - run.time_ns[0]) / NS_PER_S


def _training(healthy: Healthy, runs: Sequence[Batch], what: ForecastSettings) -> Training:
    hours = sum(_length_s(run) for run in runs) / S_PER_H
    stretches = "one stretch" if len(runs) == 1 else f"{len(runs)} stretches"
    data = (
        f"{hours:.1f} h of normal operation in {stretches}, cut into blocks that were held out "
        f"in turn, {what.gap_s:g} s apart{healthy.told_left_out()}."
    )
    return Training(
        data,
        healthy.is_simulated,
        machine=healthy.batch.machine,
        start_ns=int(healthy.batch.time_ns[0]),
        end_ns=int(healthy.batch.time_ns[-1]),
    )
