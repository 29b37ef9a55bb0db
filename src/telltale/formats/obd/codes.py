"""Diagnostic trouble codes (SAE J2012): from bytes to P0301, and to a sentence about it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from telltale.formats.obd.frames import ANSWER
from telltale.formats.obd.replies import Message

LETTERS = "PCBU"
SYSTEMS = {"P": "Powertrain", "C": "Chassis", "B": "Body", "U": "Network"}


class CodeKind(StrEnum):
    """How far a fault has come, by the service that tells of it."""

    STORED = "stored"  # service 03: confirmed, the lamp is on for most
    PENDING = "pending"  # service 07: seen, not yet confirmed
    PERMANENT = "permanent"  # service 0A: stays until the car has seen the repair itself


SERVICES = {0x03: CodeKind.STORED, 0x07: CodeKind.PENDING, 0x0A: CodeKind.PERMANENT}


@dataclass(frozen=True, slots=True)
class TroubleCode:
    """One code that a computer holds.

    Attributes:
        code: Such as "P0301".
        kind: Stored, pending or permanent.
        ecu: Address of the computer; "" where it is not known.
    """

    code: str
    kind: CodeKind
    ecu: str = ""

    @property
    def text(self) -> str:
        """What it says, one sentence."""
        return code_text(self.code)


def code_of(high: int, low: int) -> str:
    """Return the code that two bytes are: 2 bits letter, 2 bits digit, then three hex digits."""
    return f"{LETTERS[high >> 6]}{high >> 4 & 3}{high & 0x0F:X}{low:02X}"


def bytes_of_code(code: str) -> bytes:
    """Return the two bytes of a code."""
    number = LETTERS.index(code[0]) << 14 | int(code[1]) << 12 | int(code[2:], 16)
    return number.to_bytes(2, "big")


def codes_in(messages: Iterable[Message], service: int) -> list[TroubleCode]:
    """Return the codes in the answers to service 03, 07 or 0A, each once per computer.

    On CAN the first byte counts the codes; older buses send three at a time, zeros where none is.
    """
    found: dict[TroubleCode, None] = {}
    for message in messages:
        if message.data[:1] != bytes([service + ANSWER]):
            continue
        pairs = message.data[1:] if len(message.data) % 2 else message.data[2:]
        for high, low in zip(pairs[::2], pairs[1::2], strict=False):
            if high or low:
                found[TroubleCode(code_of(high, low), SERVICES[service], message.ecu)] = None
    return list(found)


def code_text(code: str) -> str:
    """Return what a code says, one sentence; of an unknown one what its digits tell."""
    known = code_texts().get(code)
    if known:
        return known
    system = SYSTEMS.get(code[:1], "Unknown system")
    if code[1:2] == "1" or (code[0] == "P" and code[1:3] in {"30", "31", "32", "33"}):
        return f"{system}: the maker's own code; see the documents of this car."
    area = _table()["areas"].get(code[:3], "")
    return f"{system}, {area}: not in telltale's list." if area else f"{system}: not listed."


@cache
def code_texts() -> dict[str, str]:
    """Return every code that telltale has words for."""
    table = _table()
    texts = dict(pair for entry in table["series"] for pair in _expanded(entry))
    texts.update(table["codes"])
    return texts


@cache
def _table() -> dict[str, Any]:
    file = resources.files("telltale.formats.obd") / "codes.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _expanded(entry: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the codes of a series: parts one after the other, each with all its symptoms."""
    letter, first, symptoms = entry["first"][0], int(entry["first"][1:]), entry["symptoms"]
    for k, part in enumerate(entry["parts"]):
        start = first + k * entry.get("step", len(symptoms))
        for n, symptom in enumerate(symptoms):
            yield f"{letter}{start + n:04d}", f"{part}: {symptom}."
