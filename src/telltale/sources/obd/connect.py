"""From a cable to a car that answers: each step is told, and says why when it fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from telltale.formats.obd.frames import Framing
from telltale.sources.obd.adapter import Adapter
from telltale.sources.obd.find_adapter import BAUDS, find_adapter, prepare
from telltale.sources.obd.find_bus import (
    AUTO,
    CAN_PROTOCOLS,
    PROTOCOLS,
    find_bus,
    find_framing,
    protocol_number,
)
from telltale.sources.obd.fingerprint import Fingerprint, fingerprint
from telltale.sources.obd.link import Link
from telltale.sources.obd.trace import Trace


@dataclass(slots=True)
class Connected:
    """An adapter in a car that answers.

    Attributes:
        adapter: Ready for requests.
        fingerprint: What the adapter is.
        protocol: The bus as ATSP numbers it; "" if the adapter does not tell.
        volts: Voltage at the plug as the adapter measures it; "" if it does not.
        baud: Speed of the serial port; None for TCP.
        setting: What ATSP was told.
    """

    adapter: Adapter
    fingerprint: Fingerprint
    protocol: str
    volts: str
    baud: int | None
    setting: str = AUTO

    @property
    def is_can(self) -> bool:
        """True on a CAN bus: several PIDs fit into a request."""
        has_can_frames = self.adapter.framing in (Framing.CAN_11, Framing.CAN_29)
        return has_can_frames or self.protocol in CAN_PROTOCOLS

    @property
    def bus(self) -> str:
        """The bus for people."""
        return PROTOCOLS.get(self.protocol, "a bus that the adapter does not name")


async def connect(
    link: Link,
    *,
    bauds: Sequence[int] = BAUDS,
    protocol: str = AUTO,
    trace: Trace | None = None,
) -> Connected:
    """Find the adapter, set it up and find the car's bus.

    Args:
        link: Not open. It stays open if this succeeds, and is closed otherwise.
        bauds: Speeds of a serial port, in the order in which they are tried.
        protocol: The bus as ATSP numbers it; "0" lets the adapter find it, then tries each.
        trace: Is told each step.

    Raises:
        LinkLostError, AdapterSilentError, CarSilentError: Why not, and what to do.
    """
    trace = trace or Trace()
    try:
        adapter, baud = await find_adapter(link, bauds, trace)
        what = await fingerprint(adapter)
        trace.step("what it is", what.told())
        unknown = await prepare(adapter)
        lacking = f"; it does not know {', '.join(unknown)}" if unknown else ""
        trace.step("settings", f"echo, line feeds and spaces off, headers on{lacking}")
        volts = await _volts(adapter)
        trace.step("voltage at the plug", volts or "not measured by this adapter")
        setting = await find_bus(adapter, protocol, volts, trace)
        number = await protocol_number(adapter)
        await find_framing(adapter, number)
    except BaseException:
        await link.close()
        raise
    connected = Connected(adapter, what, number, volts, baud, setting)
    trace.step("bus", f"{connected.bus}, answers {adapter.framing}")
    return connected


async def _volts(adapter: Adapter) -> str:
    reply = await adapter.command("ATRV")
    return reply.texts[0] if reply.texts and not reply.problems else ""
