"""Learns remaining life from kept readings: each life ends in a failure that somebody labelled.

Many lives teach trees; a handful a line with an honest spread. Age is counted by the model itself,
in the time in which readings came, so that nobody has to measure it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, Batch, FloatArray
from telltale.errors import ModelError
from telltale.labels import LabelKind
from telltale.models.card import Card, Feature, Input, Measured, Training
from telltale.models.detectors.usable import LEAST_MEASURED
from telltale.models.estimates.train import LEAST_RUNS
from telltale.models.folder import made_model, stamped
from telltale.models.life.few_lives import LEAST_LIVES, FewLivesHow, trained_few_lives
from telltale.models.life.few_lives_core import HIGH, LOW, VALUE
from telltale.models.life.remaining_life import (
    LEAST_DISTINCT,
    LifeSettings,
    trained_remaining_life,
    with_made,
)
from telltale.models.training_set import TrainingSet
from telltale.models.windows import evenly
from telltale.profiles.schema import PositiveFloat
from telltale.registry import suggest

RUNNING, AGE = "life_running_s", "life_age_h"  # worked out by the model
ANYTHING = -1e300  # whatever was measured lies above
LEAST_GAP_S, GAP_STEPS = 60.0, 5.0  # a longer pause is no running time
STEPS_IN_LIFE = 200.0  # windows are counted in such parts of the usual life
CAP_SHARE = 0.65  # of the usual life: with more than that left, nothing is to be seen yet
OFTEN_S = 60.0  # remaining life is told at least so often
MOST_ROWS = 20_000  # that trees learn from
MOST_ASKED = 200  # answers of a life that was left out, evenly over all that it gives
S_PER_H = 3600.0


class RemainingLifeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How remaining life is learnt.

    Attributes:
        running: Channel that says whether the machine runs, above `above`; without one it runs
            while readings come.
        above: See `running`.
        sign: Channel that grows with wear, for a handful of lives; without, the one that grew most.
        within_h: Failure probability is given for these horizons, where lives suffice for it.
    """

    running: str = ""
    above: float = 0.0
    sign: str = ""
    within_h: Annotated[tuple[PositiveFloat, ...], msgspec.Meta(max_length=8)] = (24.0, 168.0)


@dataclass(frozen=True, slots=True)
class _Lesson:
    """What lives are learnt by: settings, the age's columns, channels' units, what to say."""

    settings: RemainingLifeSettings
    made: Mapping[str, Feature]
    units: Mapping[str, str]
    training: Training


def train_remaining_life(
    name: str,
    training_set: TrainingSet,
    settings: RemainingLifeSettings,
    *,
    alarms_per_week: float,
) -> tuple[Card, dict[str, bytes]]:
    """Return card and files of a model of remaining life.

    Args:
        name: Of the model, one word.
        training_set: Its runs that end in a failure are the lives.
        settings: How.
        alarms_per_week: Passed over: it raises no alarm.

    Raises:
        ModelError: There are too few lives, or no channel that says anything.
        MissingExtraError: XGBoost or ONNX is not installed.
    """
    found = [run.batch for run in training_set.runs if run.kind is LabelKind.FAILURE]
    lives = [life for life in found if len(life) > 1]
    if len(lives) < LEAST_LIVES:
        raise ModelError(
            f"{name}: {len(lives)} lives ended in a labelled failure; {LEAST_LIVES} are needed for "
            f"a spread, {LEAST_RUNS} for trees. Label when machines of this type failed."
        )
    inputs = _usable(name, training_set.inputs, lives)
    made = _age(name, settings, inputs, lives)
    units = {channel: inputs[channel].unit for channel in inputs}
    lives = [life.select(tuple(inputs)) for life in lives]
    _check_ages(name, settings, lives, made)
    training = _training(training_set, lives)
    lesson = _Lesson(settings, made, units, training)
    if len(lives) < LEAST_RUNS:
        return _few(name, lives, lesson)
    return _many(name, lives, lesson)


def _many(name: str, lives: Sequence[Batch], lesson: _Lesson) -> tuple[Card, dict[str, bytes]]:
    """Learn trees; windows and the cap follow from how long lives are."""
    usual_h = float(np.median([_ages_h(life, lesson.made)[-1] for life in lives]))
    step_s = usual_h * S_PER_H / STEPS_IN_LIFE
    every_s = min(OFTEN_S, step_s / 2.0)
    span_s = sum(float(life.time_ns[-1] - life.time_ns[0]) / NS_PER_S for life in lives)
    n_rows = min(span_s / every_s, float(sum(map(len, lives))))
    how = LifeSettings(
        step_s=step_s,
        unit="h",
        age=AGE,
        cap=CAP_SHARE * usual_h,
        within=lesson.settings.within_h,
        made=lesson.made,
        units=lesson.units,
        every_s=every_s,
        asked_every=max(1, math.ceil(n_rows / MOST_ROWS)),
    )
    trained = trained_remaining_life(
        name, lives, how, np.random.default_rng(0), training=lesson.training
    )
    return trained.card, dict(trained.files)


def _few(name: str, lives: Sequence[Batch], lesson: _Lesson) -> tuple[Card, dict[str, bytes]]:
    """Fit a line on age and one sign of wear, and measure it on lives that were left out."""
    started_s = time.monotonic()
    sign = lesson.settings.sign or _sign(name, lives, lesson.made)
    usual_s = float(np.median([_ages_h(life, lesson.made)[-1] for life in lives])) * S_PER_H
    how = FewLivesHow(
        age=RUNNING,
        sign=sign,
        sign_unit=lesson.units[sign],
        smooth_s=usual_s / STEPS_IN_LIFE,
        made={RUNNING: lesson.made[RUNNING]},
        units=lesson.units,
    )
    data = f"{lesson.training.data} The sign of wear is {sign}."
    training = msgspec.structs.replace(lesson.training, data=data)
    card, files = trained_few_lives(name, lives, how, training)
    quality = _left_out(name, lives, how, training)
    seconds = round(time.monotonic() - started_s, 3)
    card = msgspec.structs.replace(
        card,
        quality=quality,
        training=msgspec.structs.replace(card.training, seconds=seconds),
    )
    return stamped(card), files


def _left_out(
    name: str, lives: Sequence[Batch], how: FewLivesHow, training: Training
) -> tuple[Measured, ...]:
    """Return how lives that were left out in turn are told at all ages with an answer."""
    if len(lives) <= LEAST_LIVES:
        return ()
    errors, is_within = [], []
    for at, life in enumerate(lives):
        others = [*lives[:at], *lives[at + 1 :]]
        model = made_model(*trained_few_lives(name, others, how, training))
        found, _ = model.run(life, model.start())
        age_s = with_made(life, how.made).columns[how.age]
        rows = np.flatnonzero(np.isfinite(found.columns[VALUE]) & (age_s < np.nanmax(age_s)))
        rows = rows[evenly(len(rows), MOST_ASKED)]
        left_s = np.nanmax(age_s) - age_s[rows]
        value, low, high = (found.columns[c][rows] for c in (VALUE, LOW, HIGH))
        if len(rows):  # each life counts alike, however long
            errors.append(float(np.abs(value - left_s).mean()))
            is_within.append(float(((low <= left_s) & (left_s <= high)).mean()))
    if not errors:
        return ()
    protocol = f"{len(errors)} lives left out in turn, at all ages with an answer"
    return (
        Measured("mean absolute error, s", float(np.mean(errors)), protocol),
        Measured("share within the 90% bounds", float(np.mean(is_within)), protocol),
    )


def _usable(name: str, inputs: Mapping[str, Input], lives: Sequence[Batch]) -> dict[str, Input]:
    """Return the channels that every life has and that vary. Raises ModelError."""

    def is_usable(channel: str) -> bool:
        columns = [life.columns.get(channel) for life in lives]
        if any(c is None or np.isfinite(c).mean() < LEAST_MEASURED for c in columns):
            return False
        values = np.concatenate([life.columns[channel] for life in lives])
        return len(np.unique(values[np.isfinite(values)])) >= LEAST_DISTINCT

    found = {channel: unit for channel, unit in inputs.items() if is_usable(channel)}
    if not found:
        raise ModelError(f"{name}: no channel was measured in all lives, and varied.")
    return found


def _age(
    name: str,
    settings: RemainingLifeSettings,
    inputs: Mapping[str, Input],
    lives: Sequence[Batch],
) -> dict[str, Feature]:
    """Return the columns that count running time since the life began. Raises ModelError."""
    for what, channel in (("running", settings.running), ("sign", settings.sign)):
        if channel and channel not in inputs:
            raise ModelError(f"{name}: {what}: no channel {channel!r}. {suggest(channel, inputs)}")
    steps = np.concatenate([np.diff(life.time_ns) for life in lives]) / NS_PER_S
    gap_s = max(LEAST_GAP_S, GAP_STEPS * float(np.median(steps)))
    source = settings.running or next(iter(inputs))
    level = settings.above if settings.running else ANYTHING
    return {
        RUNNING: Feature("time_above", (source,), {"level": level, "max_gap_s": gap_s}),
        AGE: Feature("linear", (RUNNING,), {"weights": (1.0 / S_PER_H,)}),
    }


def _check_ages(
    name: str,
    settings: RemainingLifeSettings,
    lives: Sequence[Batch],
    made: Mapping[str, Feature],
) -> None:
    """Raise ModelError where the machine did not run in some life."""
    for life in lives:
        if not np.nanmax(_ages_h(life, made), initial=0.0) > 0.0:
            level = f"{settings.running} never was above {settings.above:g}"
            why = level if settings.running else "no running time can be told from its readings"
            raise ModelError(
                f"{name}: {life.machine} did not run in one of its lives: {why}. Set 'running' and "
                "'above' so that each life has running time."
            )


def _sign(name: str, lives: Sequence[Batch], made: Mapping[str, Feature]) -> str:
    """Return the channel that grew with age in every life, most surely. Raises ModelError."""
    scores = {channel: _growth(channel, lives, made) for channel in lives[0].columns}
    best = max(scores, key=lambda channel: scores[channel])
    if scores[best] <= 0.0:
        raise ModelError(
            f"{name}: no channel above 0 grew with age in all {len(lives)} lives, so nothing tells "
            "wear. Name one as 'sign', or wait for more failures."
        )
    return best


def _growth(channel: str, lives: Sequence[Batch], made: Mapping[str, Feature]) -> float:
    """Return the least correlation of a channel with age in any life; 0 if it is not above 0."""
    least = 1.0
    for life in lives:
        age, value = _ages_h(life, made, is_whole=True), life.columns[channel]
        is_known = np.isfinite(age) & np.isfinite(value)
        if is_known.sum() < LEAST_DISTINCT or value[is_known].min() <= 0.0:
            return 0.0
        if np.ptp(value[is_known]) == 0.0 or np.ptp(age[is_known]) == 0.0:
            return 0.0
        least = min(least, float(np.corrcoef(age[is_known], value[is_known])[0, 1]))
    return least


def _ages_h(life: Batch, made: Mapping[str, Feature], *, is_whole: bool = False) -> FloatArray:
    """Return the age of each row, hours; without `is_whole` only known ones."""
    age: FloatArray = with_made(life, made).columns[AGE]
    return age if is_whole else age[np.isfinite(age)]


def _training(training_set: TrainingSet, lives: Sequence[Batch]) -> Training:
    machines = {life.machine for life in lives}
    return Training(
        data=f"{len(lives)} lives of {len(machines)} machines, each to a labelled failure.",
        is_simulated=training_set.is_simulated,
        machine=machines.pop() if len(machines) == 1 else "",
        start_ns=min(int(life.time_ns[0]) for life in lives),
        end_ns=max(int(life.time_ns[-1]) for life in lives),
    )
