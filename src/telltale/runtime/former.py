"""Columns that a machine kept under an earlier profile: what they are called now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from telltale.batch import Batch
from telltale.errors import UnitError
from telltale.profiles.conform import Conformer
from telltale.units import conversion, unit_of_name


@dataclass(frozen=True, slots=True)
class Former:
    """One column that the machine's present profile does not have.

    Attributes:
        name: As it is kept.
        unit: What its ending says; "1" where it says nothing.
        channel: Which of the present channels it means; None if none.
        scale, offset: From its unit to that channel's.
    """

    name: str
    unit: str
    channel: str | None = None
    scale: float = 1.0
    offset: float = 0.0


def former_columns(kept: Iterable[str], conformer: Conformer) -> tuple[Former, ...]:
    """Return those of the kept columns that are no channel or metric of the present profile."""
    known = frozenset(conformer.profile.names)
    return tuple(_former(name, conformer) for name in kept if name not in known)


def _former(name: str, conformer: Conformer) -> Former:
    unit = unit_of_name(name)
    plain = Former(name, unit or "1")
    found = conformer.names.find(name)
    if found is None:
        return plain
    own = conformer.profile.channels[found.channel].unit
    try:
        scale, offset = conversion(unit or found.unit or own, own)
    except UnitError:  # the same word for another quantity
        return plain
    return Former(name, unit or found.unit or own, found.channel, scale, offset)


def with_former_names(names: Sequence[str], former: Iterable[Former]) -> tuple[str, ...]:
    """Return what must be read so that `joined` can fill these names."""
    wanted = frozenset(names)
    more = (one.name for one in former if one.channel in wanted)
    return tuple(dict.fromkeys((*names, *more)))


def joined(batch: Batch, names: Sequence[str], former: Iterable[Former]) -> Batch:
    """Return these names alone, each filled from the columns that meant it before."""
    columns = dict(batch.select(names).columns)
    for one in former:
        if one.channel in columns and one.name in batch.columns:
            now = columns[one.channel]
            before = batch.columns[one.name] * one.scale + one.offset
            columns[one.channel] = np.where(np.isnan(now), before, now)
    return Batch(batch.machine, batch.time_ns, columns)
