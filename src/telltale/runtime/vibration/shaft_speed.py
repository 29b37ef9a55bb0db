"""How fast a shaft turned at a time, by the machine's own readings."""

from __future__ import annotations

import numpy as np

from telltale.batch import FOREVER_NS, NS_PER_S
from telltale.errors import SettingsError
from telltale.runtime.machine import LiveMachine
from telltale.store.base import RangeQuery, Store
from telltale.units import conversion

REACH_NS = 60 * NS_PER_S  # a reading so near stands for the waveform's time


async def shaft_rpm_at(
    live: LiveMachine, store: Store, wanted: float | str | None, at_ns: int
) -> float | None:
    """Return a shaft's speed at a time; None where a point has no shaft.

    Args:
        live: The machine.
        store: Its readings.
        wanted: The speed, or the channel or metric that measures it.
        at_ns: When.

    Raises:
        SettingsError: It was not measured within a minute of that time.
    """
    if wanted is None or not isinstance(wanted, str):
        return wanted
    nearest = await _nearest(live, store, wanted, at_ns)
    if nearest is None:
        raise SettingsError(
            f"{live.machine.id} has no reading of {wanted!r} within {REACH_NS // NS_PER_S} s of "
            "this waveform, so its shaft's speed is not known. Give it as shaft_rpm, or send the "
            "speed before the waveform."
        )
    scale, offset = conversion(live.profile.signal(wanted).unit, "rpm")
    return scale * nearest + offset


async def _nearest(live: LiveMachine, store: Store, name: str, at_ns: int) -> float | None:
    """Return the measured value nearest to a time, within reach; the newest may not be kept yet."""
    found = [(live.times_ns[name], live.values[name])] if name in live.values else []
    query = RangeQuery(live.machine.id, at_ns - REACH_NS, at_ns + REACH_NS + 1, names=(name,))
    batch = await store.read(query)
    values = batch.columns.get(name, np.zeros(0))
    rows = np.flatnonzero(np.isfinite(values)).tolist()
    found += [(int(batch.time_ns[row]), float(values[row])) for row in rows]
    time_ns, value = min(found, key=lambda pair: abs(pair[0] - at_ns), default=(FOREVER_NS, 0.0))
    return value if abs(time_ns - at_ns) <= REACH_NS else None
