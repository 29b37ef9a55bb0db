"""What a car can be asked once: its computers and PIDs, its number, readiness and codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from telltale.formats.obd.answers import Readiness, pid_data, readiness_of, vin_of
from telltale.formats.obd.codes import SERVICES, TroubleCode, codes_in
from telltale.formats.obd.frames import Framing
from telltale.formats.obd.pids import LISTS, supported
from telltale.formats.obd.replies import Reply
from telltale.sources.obd.adapter import DATA_S, AdapterSilentError
from telltale.sources.obd.connect import Connected

TRIES = 3  # a line may be spoilt, or the adapter be interrupted
ENGINE_SPEED = 0x0C
CLEARED = 0x44


@dataclass(frozen=True, slots=True)
class Car:
    """What a car has.

    Attributes:
        computers: Address of each engine computer to the PIDs of service 01 that it has; one
            nameless entry where the adapter shows no headers.
        engine: The computer whose readings are taken where several have a PID.
        address: Where the engine's computer is asked alone; "" where only all can be asked.
        vin: The vehicle's number; None if it does not tell.
    """

    computers: dict[str, frozenset[int]] = field(default_factory=dict)
    engine: str = ""
    address: str = ""
    vin: str | None = None

    @property
    def pids(self) -> frozenset[int]:
        """PIDs that any computer has."""
        return frozenset().union(*self.computers.values())

    def owner(self, pid: int) -> str:
        """Return the computer whose answer counts for a PID: the engine's where it has it."""
        if pid in self.computers.get(self.engine, ()):
            return self.engine
        return next((ecu for ecu, pids in self.computers.items() if pid in pids), self.engine)


async def ask(connected: Connected, request: str) -> Reply:
    """Return the reply to a request for data; one that was spoilt is asked for again.

    Raises:
        SourceUnavailableError: The adapter does not answer.
    """
    reply = Reply()
    for left in reversed(range(TRIES)):
        try:
            reply = await connected.adapter.command(request, DATA_S)
        except AdapterSilentError:
            if not left:
                raise
            continue
        if reply.messages and not reply.broken:
            break
    return reply


async def look_at(connected: Connected) -> Car:
    """Ask which computers there are, what they can be asked, and for the vehicle's number."""
    await connected.adapter.head_for("")
    computers: dict[str, frozenset[int]] = {}
    for first in LISTS:
        if first and not any(first in pids for pids in computers.values()):
            break
        for message in (await ask(connected, f"01{first:02X}")).messages:
            data = pid_data(message, (first,))
            if data:
                before = computers.get(message.ecu, frozenset())
                computers[message.ecu] = before | supported(data[first], first)
    computers = {ecu: pids - set(LISTS) for ecu, pids in sorted(computers.items())}
    with_engine = [ecu for ecu, pids in computers.items() if ENGINE_SPEED in pids]
    engine = next(iter([*with_engine, *computers]), "")
    vin = vin_of((await ask(connected, "0902")).messages)
    address = address_of(connected, engine)
    is_alone = bool(address) and await _can_be_asked_alone(connected, address)
    return Car(computers, engine, address if is_alone else "", vin)


def address_of(connected: Connected, ecu: str) -> str:
    """Return where to ask one computer alone; "" where only all can be asked."""
    framing = connected.adapter.framing
    if framing is Framing.CAN_11 and len(ecu) == 3:
        return f"{int(ecu, 16) - 8:03X}"
    if framing is Framing.CAN_29 and len(ecu) == 8:
        return f"18DA{ecu[6:]}{ecu[4:6]}"
    if framing is Framing.BARE and connected.is_can:
        return "7E0" if connected.protocol in "68" else "18DA10F1"
    return ""


async def _can_be_asked_alone(connected: Connected, address: str) -> bool:
    """True if a computer answers at its own address."""
    if not await connected.adapter.head_for(address):
        return False
    reply = await ask(connected, "0100")
    if any(message.data[:2] == b"\x41\x00" for message in reply.messages):
        return True
    await connected.adapter.head_for("")
    return False


async def read_codes(connected: Connected) -> list[TroubleCode]:
    """Return stored, pending and permanent codes of all computers. None may be there."""
    before = connected.adapter.asked_at
    await connected.adapter.head_for("")
    found: list[TroubleCode] = []
    for service in SERVICES:
        reply = await ask(connected, f"{service:02X}")
        found += codes_in(reply.messages, service)
    await connected.adapter.head_for(before)
    return found


async def clear_codes(connected: Connected) -> bool:
    """Clear stored and pending codes, freeze frames and readiness; True if the car agreed."""
    await connected.adapter.head_for("")
    reply = await connected.adapter.command("04", DATA_S)
    return any(message.data[:1] == bytes([CLEARED]) for message in reply.messages)


async def read_readiness(connected: Connected, engine: str) -> Readiness | None:
    """Return the lamp and the self-tests, as the engine's computer tells them."""
    await connected.adapter.head_for("")
    replies = (await ask(connected, "0101")).messages
    for message in sorted(replies, key=lambda one: one.ecu != engine):
        data = pid_data(message, (0x01,))
        if data:
            return readiness_of(data[0x01])
    return None


def shown_codes(codes: Iterable[TroubleCode]) -> list[dict[str, str]]:
    """Return codes as plain values, for status and scripts."""
    return [
        {"code": one.code, "kind": one.kind.value, "ecu": one.ecu, "text": one.text}
        for one in codes
    ]
