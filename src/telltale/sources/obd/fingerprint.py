"""What an adapter is: its own words, and whether it can do what its version should."""

from __future__ import annotations

import re
from dataclasses import dataclass

from telltale.sources.obd.adapter import Adapter

# Questions that change nothing, and the version of the ELM327 from which it answers them.
ASKED_SINCE = {"ATIGN": (1, 4), "ATRD": (1, 4), "ATCEA": (1, 4), "ATAMC": (2, 0)}
NEVER_MADE = {(1, 5)}  # ELM Electronics went from 1.4b to 2.0
_VERSION = re.compile(r"v\s?(\d+)\.(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is known of an adapter.

    Attributes:
        name: As it calls itself, e.g. "ELM327 v2.1".
        device: What it says to AT@1; "" if nothing.
        chip: What it says to STI, which only STN chips know; "" for others.
        doubts: Why it may be a copy, a sentence each.
    """

    name: str
    device: str = ""
    chip: str = ""
    doubts: tuple[str, ...] = ()

    @property
    def is_clone(self) -> bool:
        """True if it is not what it says it is."""
        return bool(self.doubts)

    def told(self) -> str:
        """Return it in a sentence."""
        name = self.chip or self.name or "An adapter without a name"
        if not self.is_clone:
            return f"{name}."
        return (
            f"{name}, probably a copy: {' '.join(self.doubts)} Copies are slower, and some lose "
            "answers; telltale checks what this one can do."
        )


async def fingerprint(adapter: Adapter) -> Fingerprint:
    """Ask an adapter what it is. Raises SourceUnavailableError if it stops answering."""
    name = await _text(adapter, "ATI")
    device = await _text(adapter, "AT@1")
    chip = await _text(adapter, "STI")
    if chip:
        return Fingerprint(name, device, chip)
    version = version_of(name)
    doubts: list[str] = []
    if version in NEVER_MADE:
        doubts.append(f"Version {version[0]}.{version[1]} was never made by ELM Electronics.")
    lacking = [
        question
        for question, since in ASKED_SINCE.items()
        if version >= since and not await _text(adapter, question)
    ]
    if lacking:
        doubts.append(f"It does not know {', '.join(lacking)}, as this version should.")
    return Fingerprint(name, device, chip, tuple(doubts))


def version_of(name: str) -> tuple[int, int]:
    """Return the version in an adapter's name; (0, 0) if there is none."""
    found = _VERSION.search(name)
    return (int(found[1]), int(found[2])) if found else (0, 0)


async def _text(adapter: Adapter, question: str) -> str:
    """Return the answer to a question; "" if it is not known."""
    reply = await adapter.command(question)
    return "" if reply.problems or not reply.texts else reply.texts[0]
