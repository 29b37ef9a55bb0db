"""All kinds of models that can be learnt from a machine's readings, and one way to ask for any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

from telltale.errors import MissingExtraError, ModelError
from telltale.models.card import Card
from telltale.models.settings_schema import described_schema
from telltale.models.training_set import TrainingSet
from telltale.registry import load, suggest

GROUP = "telltale.trainers"
USUAL_BUDGET = 1.0  # false alarms a week
DEFAULT = "normal"  # what is learnt when nobody names a kind
NOTHING: Mapping[str, Any] = {}

# (name, training_set, settings, *, alarms_per_week) -> card and files, with parity samples.
# `Any` settings: each kind has a class of its own, and gets one of it.
TrainFunction: TypeAlias = Callable[..., tuple[Card, dict[str, bytes]]]


class LearnsFrom(StrEnum):
    """Which runs of a training set a kind needs."""

    NORMAL = "normal"
    FAULTS = "faults"  # stretches of named faults, beside normal ones
    LIVES = "lives"  # runs that end in a failure


@dataclass(frozen=True, slots=True)
class Trainer:
    """One kind of model.

    Attributes:
        function: "module:attribute" of a `TrainFunction`, with " [extra]" if it needs one.
        settings: The same of the class of its settings, whose defaults are the kind's.
        title: For people.
        use: What it is for, one sentence.
        learns_from: Which runs it needs.
        has_budget: True if it has a score whose limit is set by a budget of false alarms.
    """

    function: str
    settings: str
    title: str
    use: str
    learns_from: LearnsFrom = LearnsFrom.NORMAL
    has_budget: bool = True


def _detector(kind: str, settings: str, title: str, use: str) -> Trainer:
    """Return a kind whose core is one of `models.detectors`."""
    package = "telltale.models.detectors"
    return Trainer(f"{package}.train:train_{kind}", f"{package}.{settings}", title, use)


TRAINERS: dict[str, Trainer] = {
    "autoencoder": Trainer(
        "telltale.models.deep.autoencoder_detector:train_autoencoder [train]",
        "telltale.models.deep.autoencoder_detector:AutoencoderSettings",
        "LSTM autoencoder",
        "A network that redraws the last window: finds channels that no longer go together.",
    ),
    "course": _detector(
        "course",
        "bounds:CourseSettings",
        "Course of a channel",
        "How far each channel goes within a minute at its level: finds a sensor that sticks.",
    ),
    "cusum": _detector(
        "cusum",
        "bounds:CusumSettings",
        "Shift of a channel",
        "Adds up each channel's deviations: finds small shifts that stay.",
    ),
    "ewma": _detector(
        "ewma",
        "bounds:EwmaSettings",
        "Level of a channel",
        "Between which levels each smoothed channel stays; the simplest, for single channels.",
    ),
    "faults": Trainer(
        "telltale.models.faults.labelled:train_faults [train]",
        "telltale.models.faults.labelled_trees:FaultSettings [train]",
        "Faults that were labelled",
        "How much each labelled fault is there, 0 to 1, and which channels speak for it.",
        LearnsFrom.FAULTS,
        has_budget=False,
    ),
    "forecast": Trainer(
        "telltale.models.estimates.train_ahead:train_ahead [train]",
        "telltale.models.estimates.train_ahead:AheadSettings",
        "Forecast",
        "One channel some seconds ahead, with bounds that hold nine times in ten.",
        has_budget=False,
    ),
    "forecaster": Trainer(
        "telltale.models.deep.forecaster:train_forecaster [train]",
        "telltale.models.deep.forecaster:ForecasterSettings",
        "Transformer forecaster",
        "A network that tells each channel's next sample: finds what comes otherwise than told.",
    ),
    "isolation_forest": _detector(
        "isolation_forest",
        "forest:ForestSettings",
        "Isolation from normal",
        "How few random cuts set a reading apart: for machines with several normal ways to run.",
    ),
    "mahalanobis": _detector(
        "mahalanobis",
        "distances:DistanceSettings",
        "Distance from normal level",
        "Distance of the steady channels from their usual level, all of them together.",
    ),
    "noise": _detector(
        "noise",
        "bounds:NoiseSettings",
        "Noise of a sensor",
        "How each channel goes to and fro, and jumps: finds sensors that became noisy.",
    ),
    "normal": _detector(
        "normal",
        "distances:DistanceSettings",
        "Distance from normal",
        "Level of the channels and how they hang together; fits most machines.",
    ),
    "novelty": Trainer(
        "telltale.models.novelty.train:train_novelty",
        "telltale.models.novelty.detector:NoveltySettings",
        "Novelty",
        "Never stops learning: tells what was never there before, and each thing only once.",
    ),
    "remaining_life": Trainer(
        "telltale.models.life.from_lives:train_remaining_life [train]",
        "telltale.models.life.from_lives:RemainingLifeSettings [train]",
        "Remaining life",
        "How long until the next failure, from lives that ended in a labelled one.",
        LearnsFrom.LIVES,
        has_budget=False,
    ),
    "residual": _detector(
        "residual",
        "distances:DistanceSettings",
        "Distance from what the other channels say",
        "What each channel should be by all others: finds sensors that stick or are offset.",
    ),
    "shapes": Trainer(
        "telltale.models.detectors.shapes:train_shapes",
        "telltale.models.detectors.shapes:ShapeSettings",
        "Distance from known shapes",
        "The nearest of all windows of normal operation: finds a pattern that was never seen.",
    ),
    "stuck": _detector(
        "stuck",
        "stuck:StuckSettings",
        "Channel that is stuck",
        "How long each channel stays the same while others move: finds a sensor that froze.",
    ),
    "t2q": _detector(
        "t2q",
        "distances:DistanceSettings",
        "Distance from normal (T2, Q)",
        "Principal components: the distance within them, and the one away from them.",
    ),
}


def kinds() -> tuple[str, ...]:
    """Return the names of all that can be learnt."""
    return tuple(sorted(TRAINERS))


def trainer_of(kind: str) -> Trainer:
    """Return a kind. Raises ModelError, naming the nearest, where there is none."""
    if kind not in TRAINERS:
        raise ModelError(f"There is no kind of model {kind!r}. {suggest(kind, kinds())}")
    return TRAINERS[kind]


def settings_class(kind: str) -> type[msgspec.Struct]:
    """Return the class of a kind's settings. Raises ModelError if there is no such kind."""
    target = trainer_of(kind).settings
    found: type[msgspec.Struct] = load({kind: target}, kind, group=GROUP, error=ModelError)
    return found


def settings_schema(kind: str) -> dict[str, Any]:
    """Return the JSON schema of a kind's settings, for pages and programs that ask for them."""
    return described_schema(settings_class(kind))


def train(
    kind: str,
    name: str,
    training_set: TrainingSet,
    *,
    settings: Mapping[str, Any] = NOTHING,
    alarms_per_week: float = USUAL_BUDGET,
) -> tuple[Card, dict[str, bytes]]:
    """Return the card and files of a new model, complete with parity samples.

    Args:
        kind: One of `kinds()`.
        name: Of the model, one word; what it gives begins with it.
        training_set: What is learnt from.
        settings: Of the kind: fields of its class of settings.
        alarms_per_week: Budget of false alarms, for a kind that has one.

    Raises:
        ModelError: The kind or a setting is unknown or out of its range, or the readings do not
            suffice.
        MissingExtraError: What this kind needs is not installed.
    """
    trainer = trainer_of(kind)
    if not trainer.has_budget and alarms_per_week != USUAL_BUDGET:
        raise ModelError(
            f"{kind!r} gives no score, so it has no false alarms to allow. Leave alarms_per_week "
            f"at {USUAL_BUDGET:g}."
        )
    try:
        chosen = msgspec.convert(dict(settings), settings_class(kind))
    except msgspec.ValidationError as error:
        raise ModelError(f"{name}: settings of {kind!r}: {error}.") from None
    function: TrainFunction = load({kind: trainer.function}, kind, group=GROUP, error=ModelError)
    try:
        return function(name, training_set, chosen, alarms_per_week=alarms_per_week)
    except MissingExtraError:
        raise
    except MemoryError:
        raise ModelError(
            f"{name}: these settings of {kind!r} need more memory than there is. Make windows and "
            "networks smaller, or the stretch shorter."
        ) from None
