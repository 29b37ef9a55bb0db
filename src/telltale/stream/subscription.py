"""`Subscription`: what a viewer wants to see, in its one normal form."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from telltale.errors import TelltaleError
from telltale.stream.latest import ALL

MAX_RATE_HZ = 200.0  # faster than any screen; keeps one viewer from asking for all of a core
MAX_NAMES = 1_000  # machines or channels that one subscription may list


class Subscription(msgspec.Struct, frozen=True):
    """What a viewer wants to see; equal ones share their frames."""

    machines: tuple[str, ...] = ALL
    channels: tuple[str, ...] = ALL
    rate_hz: float = 10.0

    def wants(self, machine: str) -> bool:
        """Tell whether this machine is subscribed."""
        return self.machines == ALL or machine in self.machines


def subscription(
    machines: Iterable[str] = ALL, channels: Iterable[str] = ALL, rate_hz: float = 10.0
) -> Subscription:
    """Return the subscription in its one normal form. Raises TelltaleError."""
    if not 0 < rate_hz <= MAX_RATE_HZ:
        raise TelltaleError(f"rate_hz is {rate_hz:g}; it must be above 0 and at most 200.")
    return Subscription(_names("machines", machines), _names("channels", channels), rate_hz)


def _names(what: str, names: Iterable[str]) -> tuple[str, ...]:
    wanted = tuple(sorted(set(names)))
    if len(wanted) > MAX_NAMES:
        raise TelltaleError(
            f"{what} lists {len(wanted)} names, at most {MAX_NAMES} are taken. "
            'Ask for ["*"] or open a second connection.'
        )
    return ALL if "*" in wanted or not wanted else wanted
