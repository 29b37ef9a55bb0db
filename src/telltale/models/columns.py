"""Columns that a card declares beside its inputs, worked out by the pipeline's own metrics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from telltale.batch import Batch
from telltale.errors import ModelError, ProfileError
from telltale.models.card import Card, Feature
from telltale.pipeline.base import Result
from telltale.pipeline.derive import Derive
from telltale.profiles.schema import Channel, Metric, Profile

ANY = (-math.inf, math.inf)
KEEPS_UNIT = ("ewma", "rolling_mean", "rolling_min", "rolling_max")  # and so can be compared

OF_FIRST = ("time_unchanged",)  # what is found is its first input's; the others say when to look


class Columns:
    """Works out declared columns, with a state of its own. The bits are the pipeline's.

    Args:
        name: The model's, for messages.
        given: Names that come in.
        features: By name, in order.

    Raises:
        ModelError: A feature cannot be what the card says.
    """

    def __init__(self, name: str, given: tuple[str, ...], features: Mapping[str, Feature]) -> None:
        profile = Profile(
            id=name,
            title=name,
            description="",
            channels={n: Channel(title=n, unit="1", range=ANY) for n in given},
            metrics={n: _metric(n, feature) for n, feature in features.items()},
            fill_s=0.0,  # what may be filled was filled before
        )
        try:
            self._derive = Derive(profile)
        except ProfileError as error:
            raise ModelError(f"{name}/card.json: {error}") from None
        self._is_needed = bool(features)

    def start(self) -> Any:  # Any: `DeriveState`, whatever that holds
        """Return the state before the first sample."""
        return self._derive.start()

    def run(self, batch: Batch, state: Any) -> tuple[Batch, Any]:
        """Return the batch with the declared columns added, and the next state."""
        if not self._is_needed:
            return batch, state
        result, state = self._derive.run(Result(batch), state)
        return result.batch, state

    def pack(self, state: Any) -> Any:
        """Return the state as `msgspec` can encode it."""
        return self._derive.pack(state)

    def unpack(self, packed: msgspec.Raw) -> Any:
        """Return the packed state; what is computed otherwise now starts afresh."""
        return self._derive.unpack(packed)


def _metric(name: str, feature: Feature) -> Metric:
    return Metric(
        title=name,
        unit="1",
        function=feature.function,
        inputs=feature.inputs,
        settings=feature.settings,
    )


def sources_of(card: Card) -> dict[str, tuple[str, ...]]:
    """Return, for each column of the core, the inputs that it is worked out from."""
    sources: dict[str, tuple[str, ...]] = {name: (name,) for name in card.inputs}
    for name, feature in card.features.items():
        inputs = feature.inputs[:1] if feature.function in OF_FIRST else feature.inputs
        sources[name] = tuple(dict.fromkeys(s for i in inputs for s in sources[i]))
    return {name: sources[name] for name in card.columns}


def level_of(card: Card) -> dict[str, str]:
    """Return the input whose level a column of the core is, for those that are one."""
    levels = {name: name for name in card.inputs}
    for name, feature in card.features.items():
        if feature.function in KEEPS_UNIT and feature.inputs[0] in levels:
            levels[name] = levels[feature.inputs[0]]
    return {name: levels[name] for name in card.columns if name in levels}
