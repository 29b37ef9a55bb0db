"""What of a request was answered: data by PID, refusals, and what a car has at all."""

from __future__ import annotations

from collections.abc import Sequence

from telltale.formats.obd.answers import own_data, pid_data, refusal_of
from telltale.formats.obd.replies import Message, Reply
from telltale.sources.obd.car import Car
from telltale.sources.obd.schedule import Poll
from telltale.sources.obd.wanted import CURRENT, Wanted

WAIT_CODES = frozenset({0x21, 0x78})  # busy, answer comes later: no refusal


def has(car: Car, wanted: Wanted) -> bool:
    """True if a car has a PID, as far as it can be known before it is asked."""
    return wanted.service != CURRENT or bool(wanted.ecu) or wanted.number in car.pids


def answers_from(address: str) -> str:
    """Return whose answer counts, of a computer that a profile names."""
    return f"{int(address, 16) + 8:03X}" if len(address) == 3 else ""


def data_by_pid(polls: Sequence[Poll], reply: Reply) -> dict[str, bytes]:
    """Return the data bytes by PID, each from the computer whose answer counts."""
    asked = {poll.wanted.number for poll in polls}
    found: dict[str, bytes] = {}
    for message in reply.messages:
        given = pid_data(message, asked) if polls[0].wanted.service == CURRENT else None
        for poll in polls:
            if poll.owner and message.ecu and poll.owner != message.ecu:
                continue
            if given is not None:
                data = given.get(poll.wanted.number)
            else:
                data = _own(poll.wanted, message)
            if data is not None:
                found.setdefault(poll.wanted.key, data)
    return found


def _own(wanted: Wanted, message: Message) -> bytes | None:
    """Return the data of a maker's own PID if there are as many bytes as it needs."""
    if wanted.service == CURRENT:
        return None
    data = own_data(message, wanted.service, wanted.pid)
    least = max(number.at + number.size for _, number in wanted.columns)
    return data if data is not None and len(data) >= least else None


def is_refused(reply: Reply) -> bool:
    """True if a computer says that it does not have what it was asked for."""
    return any(
        refusal_of(message) is not None and message.data[2] not in WAIT_CODES
        for message in reply.messages
    )
