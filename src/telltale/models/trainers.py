"""What can be learnt from a machine's own normal readings: one way to ask for any of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from telltale.batch import Batch
from telltale.errors import ModelError
from telltale.models.card import Card, Input
from telltale.models.detectors import DETECTORS
from telltale.registry import suggest

AUTOENCODER = "autoencoder"
DEFAULT = "normal"  # the detector that is learnt when nobody names one


def kinds() -> tuple[str, ...]:
    """Return the names of all that can be learnt."""
    return (*sorted(DETECTORS), AUTOENCODER)


def train(
    kind: str,
    name: str,
    batch: Batch,
    inputs: Mapping[str, Input],
    *,
    alarms_per_week: float = 1.0,
    settings: Mapping[str, Any],
    is_simulated: bool,
) -> tuple[Card, dict[str, bytes]]:
    """Return the card and files of a new model, complete with parity samples.

    Args:
        kind: One of `kinds()`.
        name: Of the model, one word; its score is "<name>_score".
        batch: The machine's readings in normal operation, gaps filled as live.
        inputs: Columns to read, with their units.
        alarms_per_week: Budget of false alarms; the autoencoder sets its limit otherwise.
        settings: Of the kind.
        is_simulated: True if any of the readings is.

    Raises:
        ModelError: The kind or a setting is unknown, or the readings do not suffice.
        MissingExtraError: What this kind needs is not installed.
    """
    if kind not in kinds():
        raise ModelError(f"There is no detector {kind!r}. {suggest(kind, kinds())}")
    if kind == AUTOENCODER:
        return _train_autoencoder(name, batch, inputs, settings, is_simulated)
    from telltale.models.detectors.train import train_detector  # noqa: PLC0415 - when it is asked

    return train_detector(
        kind,
        name,
        batch,
        inputs,
        alarms_per_week=alarms_per_week,
        settings=settings,
        is_simulated=is_simulated,
    )


def _train_autoencoder(
    name: str,
    batch: Batch,
    inputs: Mapping[str, Input],
    settings: Mapping[str, Any],
    is_simulated: bool,
) -> tuple[Card, dict[str, bytes]]:
    from telltale.models.deep.autoencoder_detector import (  # noqa: PLC0415 - when it is asked
        AutoencoderSettings,
        train_autoencoder,
    )

    try:
        chosen = msgspec.convert(dict(settings), AutoencoderSettings)
    except msgspec.ValidationError as error:
        raise ModelError(f"{name}: settings of {AUTOENCODER!r}: {error}.") from None
    return train_autoencoder(name, batch, inputs, settings=chosen, is_simulated=is_simulated)
