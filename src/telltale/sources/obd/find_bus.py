"""Finds the bus on which a car answers, and how the adapter shows what is said there."""

from __future__ import annotations

import re
import time

from telltale.errors import SourceUnavailableError
from telltale.formats.obd.frames import Framing
from telltale.formats.obd.replies import Problem, Reply
from telltale.sources.obd.adapter import Adapter, AdapterSilentError
from telltale.sources.obd.trace import Trace

TRIES = 3  # an answer may be spoilt, or an adapter be interrupted
SEARCH_S = 25.0  # all buses in turn, with the slow start of the old ones
ONE_BUS_S = 8.0
NO_CAR_V = 6.0
AUTO = "0"
PROTOCOLS = {
    "1": "SAE J1850 PWM",
    "2": "SAE J1850 VPW",
    "3": "ISO 9141-2",
    "4": "KWP 2000, 5 baud start",
    "5": "KWP 2000, fast start",
    "6": "CAN 11 bit, 500 kbit/s",
    "7": "CAN 29 bit, 500 kbit/s",
    "8": "CAN 11 bit, 250 kbit/s",
    "9": "CAN 29 bit, 250 kbit/s",
}
CAN_PROTOCOLS = frozenset("6789")
ONE_BY_ONE = ("6", "8", "7", "9", "5", "4", "3", "2", "1")
NO_BUS = frozenset(
    {Problem.UNABLE_TO_CONNECT, Problem.BUS_INIT, Problem.CAN_ERROR, Problem.BUS_ERROR}
)

_VOLTS = re.compile(r"(\d{1,2}(?:\.\d+)?)\s*V?", re.IGNORECASE)


class CarSilentError(SourceUnavailableError):
    """The adapter answers, the car does not."""


async def find_bus(adapter: Adapter, wanted: str, volts: str, trace: Trace) -> str:
    """Choose the bus on which the car answers; return what the adapter was told."""
    failed: dict[str, str] = {}
    for setting in (wanted,) if wanted != AUTO else (AUTO, *ONE_BY_ONE):
        name = PROTOCOLS.get(setting, "the adapter's own search")
        reply = await adapter.command(f"ATSP{setting}")
        if not reply.is_ok:
            failed[name] = "not known to the adapter"
            continue
        reply = await _asked(adapter, SEARCH_S if setting == AUTO else ONE_BUS_S)
        if _is_list(reply):
            trace.step(f"car on {name}", "it answers")
            return setting
        failed[name] = ", ".join(dict.fromkeys(reply.problems)) or "no answer that could be read"
        trace.step(f"car on {name}", failed[name])
    raise CarSilentError(silence_of(adapter.link.address, failed, volts))


async def _asked(adapter: Adapter, wait_s: float) -> Reply:
    """Return the reply to the first question; it is repeated where the bus was found."""
    reply, until_s = Reply(), time.monotonic() + wait_s
    for _ in range(TRIES):
        try:
            reply = await adapter.command("0100", wait_s)
        except AdapterSilentError:
            if time.monotonic() > until_s:
                break
            continue  # only its end was lost
        if _is_list(reply) or NO_BUS & set(reply.problems):
            break
    return reply


def silence_of(address: str, failed: dict[str, str], volts: str) -> str:
    """Return why a car stays silent, as far as it can be told, and what to do."""
    said = "; ".join(f"{name}: {why}" for name, why in list(failed.items())[:3])
    more = f" and {len(failed) - 3} more" if len(failed) > 3 else ""
    measured = _VOLTS.fullmatch(volts)
    if measured and float(measured[1]) < NO_CAR_V:
        advice = f"The plug has {volts}: the adapter is not in a car, or a fuse has blown."
    elif any(why == Problem.BUS_INIT for why in failed.values()):
        advice = "Switch the ignition on; if it is on, press the plug home."
    else:
        advice = "Switch the ignition on (engine running is best) and try again."
    return f"{address}: the adapter answers, the car does not ({said}{more}). {advice}"


def _is_list(reply: Reply) -> bool:
    return any(message.data[:2] == b"\x41\x00" for message in reply.messages)


async def protocol_number(adapter: Adapter) -> str:
    """Return the bus that was found, as ATSP numbers it; "" if the adapter does not tell."""
    reply = await adapter.command("ATDPN")
    number = reply.texts[0].strip()[-1:] if reply.texts and not reply.problems else ""
    return number if number in PROTOCOLS else ""


async def find_framing(adapter: Adapter, protocol: str) -> None:
    """Find out how lines look: what the bus should give, or without headers."""
    expected = {
        **dict.fromkeys("68", Framing.CAN_11),
        **dict.fromkeys("79", Framing.CAN_29),
        **dict.fromkeys("12345", Framing.LEGACY),
    }.get(protocol)
    tried = (expected,) if expected else (Framing.CAN_11, Framing.CAN_29, Framing.LEGACY)
    for framing in (*tried, Framing.BARE, *tried, Framing.BARE):
        adapter.framing = framing
        if _is_list(await _asked(adapter, ONE_BUS_S)):
            return
    adapter.framing = None
