"""Whether a machine still runs as it did when its model learnt, by the readings that are kept."""

from __future__ import annotations

import asyncio

import msgspec

from telltale.errors import ModelError
from telltale.models.drift import drift_of, worst
from telltale.registry import suggest
from telltale.runtime.machine import LiveMachine
from telltale.runtime.models.shelf import in_role
from telltale.store.base import RangeQuery, Role, Store

MOST_ROWS = 200_000  # the newest of the stretch


class InputDriftView(msgspec.Struct, frozen=True):
    """One input's drift: shift of its mean and size of its spread, in spreads of training.

    `mean` and `spread` are those of training, in the input's unit; null where the card has none.
    """

    name: str
    shift: float | None
    widening: float | None
    verdict: str
    sentence: str
    mean: float | None = None
    spread: float | None = None


class DriftView(msgspec.Struct, frozen=True):
    """A model's drift: the verdict on its worst input, and each input, the greatest first."""

    name: str
    version: int
    verdict: str
    rows: int
    start_ns: int
    end_ns: int
    inputs: tuple[InputDriftView, ...]


async def drift_over(
    live: LiveMachine, store: Store, name: str, start_ns: int, end_ns: int
) -> DriftView:
    """Return the drift of an active model's inputs. Raises ModelError if there is no such model."""
    active = in_role(live.tools.deployed, Role.ACTIVE)
    if name not in active:
        raise ModelError(
            f"No model named {name!r} is active on {live.machine.id}. {suggest(name, active)}"
        )
    card = active[name].card
    query = RangeQuery(
        live.machine.id,
        start_ns,
        end_ns,
        names=tuple(card.inputs),
        limit=MOST_ROWS,
        newest=True,
    )
    batch = await store.read(query)
    found = await asyncio.to_thread(drift_of, card, batch)
    return DriftView(
        name=name,
        version=active[name].kept.version,
        verdict=worst(found).value,
        rows=len(batch),
        start_ns=start_ns,
        end_ns=end_ns,
        inputs=tuple(
            InputDriftView(
                one.name,
                one.shift,
                one.widening,
                one.verdict.value,
                one.sentence,
                *card.normal.get(one.name, (None, None)),
            )
            for one in found
        ),
    )
