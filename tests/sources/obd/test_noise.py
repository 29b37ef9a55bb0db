"""Whatever an adapter says, in whatever order: nothing breaks but the connection."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telltale.errors import SourceUnavailableError
from telltale.profiles.load import builtin_profiles
from telltale.sources.clock import SystemClock
from telltale.sources.obd.car import look_at, read_codes, read_readiness
from telltale.sources.obd.connect import connect
from telltale.sources.obd.link import Inbox, LinkLostError
from telltale.sources.obd.reader import CarReader
from telltale.sources.obd.wanted import wanted_by

SAYINGS = (
    *(b"OK\r", b"?\r", b"ELM327 v1.5\r", b"NO DATA\r", b"STOPPED\r", b"LV RESET\r\rELM327 v2.1\r"),
    *(b"UNABLE TO CONNECT\r", b"BUS INIT: ...ERROR\r", b"A6\r", b"12.x.3V\r", b"0.1V\r", b"\xff\r"),
    *(b"7E8064100BE1FA813\r", b"7E8 06 41 00 FF FF FF FF\r", b"4100BE1FA813\r", b"7E8037F0112\r"),
    *(b"7E8101449020131\r", b"86F11041000000000008\r", b"7E8024300\r", b"7E804410C1AF8\r"),
)


class Babbler:
    """A link to an adapter that answers every command with something, always with a prompt."""

    has_baud = False

    def __init__(self, seed: int, noise: bytes) -> None:
        self.address = "babbler"
        self._random = random.Random(seed)
        self._noise = noise
        self._inbox = Inbox()

    async def open(self, baud: int | None = None) -> None:
        del baud
        self._inbox = Inbox()

    async def write(self, data: bytes) -> None:
        said = self._random.choices((*SAYINGS, self._noise, data), k=self._random.randint(0, 3))
        self._inbox.put(b"".join(said) + b">")

    async def read(self) -> bytes:
        return await self._inbox.get()

    def waiting(self) -> bytes:
        return self._inbox.take()

    async def close(self) -> None:
        self._inbox.lose(LinkLostError("babbler: closed. Open it to go on."))


async def used(link: Babbler) -> str:
    """Go as far as the link lets us; return how far that was."""
    try:
        connected = await connect(link)
        car = await look_at(connected)
        await read_codes(connected)
        await read_readiness(connected, car.engine)
        profile = builtin_profiles()["focus_st"]
        wanted = wanted_by(profile, fast_hz=100, slow_hz=100, rates_hz={})
        reader = CarReader(connected, car, wanted, SystemClock())
        for _ in range(20):
            await reader.next()
    except SourceUnavailableError:
        return "lost"
    finally:
        await link.close()
    return "read"


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.binary(max_size=60))
def test_an_adapter_that_babbles_raises_nothing_but_that_it_cannot_be_used(
    seed: int, noise: bytes
) -> None:
    assert asyncio.run(asyncio.wait_for(used(Babbler(seed, noise)), 60.0)) in ("lost", "read")


@pytest.mark.long
def test_some_babblers_get_far_enough_to_try_everything() -> None:
    outcomes = [asyncio.run(used(Babbler(seed, b""))) for seed in range(25)]
    assert {"lost", "read"} == set(outcomes)
