"""What can be learnt from a machine's own normal readings: one way to ask for any of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from telltale.batch import Batch
from telltale.errors import ModelError
from telltale.models.card import Card, Input
from telltale.models.detectors import DETECTORS
from telltale.registry import load, suggest

GROUP = "telltale.trainers"
USUAL_BUDGET = 1.0  # false alarms a week
DEFAULT = "normal"  # the detector that is learnt when nobody names one
# Kind -> function that trains it, and the class of its settings. Detectors have a table of theirs.
TRAINERS: dict[str, tuple[str, str]] = {
    "autoencoder": (
        "telltale.models.deep.autoencoder_detector:train_autoencoder [train]",
        "telltale.models.deep.autoencoder_detector:AutoencoderSettings [train]",
    ),
    "forecaster": (
        "telltale.models.deep.forecaster:train_forecaster [train]",
        "telltale.models.deep.forecaster:ForecasterSettings [train]",
    ),
    "shapes": (
        "telltale.models.detectors.shapes:train_shapes",
        "telltale.models.detectors.shapes:ShapeSettings",
    ),
}


def kinds() -> tuple[str, ...]:
    """Return the names of all that can be learnt."""
    return tuple(sorted((*DETECTORS, *TRAINERS)))


def train(
    kind: str,
    name: str,
    batch: Batch,
    inputs: Mapping[str, Input],
    *,
    alarms_per_week: float = USUAL_BUDGET,
    settings: Mapping[str, Any],
    is_simulated: bool,
) -> tuple[Card, dict[str, bytes]]:
    """Return the card and files of a new model, complete with parity samples.

    Args:
        kind: One of `kinds()`.
        name: Of the model, one word; its score is "<name>_score".
        batch: The machine's readings in normal operation, gaps filled as live.
        inputs: Columns to read, with their units.
        alarms_per_week: Budget of false alarms of a detector; those of `TRAINERS` set their limit
            by a factor on later readings, and refuse any other budget.
        settings: Of the kind.
        is_simulated: True if any of the readings is.

    Raises:
        ModelError: The kind or a setting is unknown, or the readings do not suffice.
        MissingExtraError: What this kind needs is not installed.
    """
    if kind in DETECTORS:
        from telltale.models.detectors.train import train_detector  # noqa: PLC0415 - when asked

        return train_detector(
            kind,
            name,
            batch,
            inputs,
            alarms_per_week=alarms_per_week,
            settings=settings,
            is_simulated=is_simulated,
        )
    if kind not in TRAINERS:
        raise ModelError(f"There is no detector {kind!r}. {suggest(kind, kinds())}")
    if alarms_per_week != USUAL_BUDGET:
        raise ModelError(
            f"{kind!r} sets its limit by a factor on later readings, not by a budget of false "
            f"alarms. Leave alarms_per_week at {USUAL_BUDGET:g}."
        )
    trainer, settings_class = (
        load({kind: target}, kind, group=GROUP, error=ModelError) for target in TRAINERS[kind]
    )
    try:
        chosen = msgspec.convert(dict(settings), settings_class)
    except msgspec.ValidationError as error:
        raise ModelError(f"{name}: settings of {kind!r}: {error}.") from None
    made: tuple[Card, dict[str, bytes]] = trainer(
        name, batch, inputs, settings=chosen, is_simulated=is_simulated
    )
    return made
