"""OBD-II as a feed: a car's engine computers through an ELM327, or a simulated car meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Mapping, Sequence

import numpy as np

from telltale.batch import Batch
from telltale.errors import SourceUnavailableError
from telltale.formats.base import Decoded
from telltale.formats.obd.codes import TroubleCode
from telltale.profiles.schema import Profile
from telltale.sources.base import SourceState, SourceStatus
from telltale.sources.checks import check_number, check_text
from telltale.sources.clock import Clock, SystemClock
from telltale.sources.obd.address import make_link
from telltale.sources.obd.car import Car, look_at, read_codes
from telltale.sources.obd.connect import Connected, connect
from telltale.sources.obd.find_adapter import BAUDS
from telltale.sources.obd.find_bus import AUTO
from telltale.sources.obd.reader import CarReader, Reading
from telltale.sources.obd.settings import known_fallback, known_profile, known_protocol
from telltale.sources.obd.telling import told
from telltale.sources.obd.wanted import Wanted, all_of, wanted_by
from telltale.sources.simulator import SimulatorSource

TELL_S = 1.0  # how often rates are told
FIRST_LOOK_S = 10.0  # an old bus gives ten PIDs a second
STANDS_IN = "-simulated"  # ends the id of a machine that stands in for a real one


class Obd2Source:
    """Readings of one car. Connecting tries speeds, settings and buses in turn.

    Args:
        machine: Whose readings they are.
        port: Serial port, or HOST:PORT of a Wi-Fi adapter.
        profile: Says what is read and how often, by its channels; a built-in one by its id. None
            reads all that the car has, under the standard's names.
        fast_hz: How often channels of the fast group are asked.
        slow_hz: How often those of the slow group are.
        rates_hz: Channel to rate, where one should be asked otherwise.
        bauds: Speeds of a serial port that are tried, in order.
        protocol: The bus, 1 to 9 as ATSP numbers them; "0" finds it.
        codes_every_s: How often trouble codes are read; 0 never.
        fallback: "simulator" lets the profile's simulator stand in, as a machine of its own,
            until the adapter is there; "none" waits.
        look_again_s: How often the adapter is looked for meanwhile.
        clock: For tests.

    Raises:
        SettingsError: A setting is unknown or out of range.
        MissingExtraError: A serial port without pyserial.
    """

    is_live = True

    def __init__(
        self,
        machine: str,
        port: str,
        *,
        profile: Profile | str | None = None,
        fast_hz: float = 20.0,
        slow_hz: float = 2.0,
        rates_hz: Mapping[str, float] | None = None,
        bauds: Sequence[int] = BAUDS,
        protocol: str = AUTO,
        codes_every_s: float = 60.0,
        fallback: str = "none",
        look_again_s: float = 30.0,
        clock: Clock | None = None,
    ) -> None:
        self.name = f"obd2:{check_text('obd2', 'machine', machine)}"
        self.machine = machine
        self.simulated = False
        self.status = SourceStatus()
        self.codes: tuple[TroubleCode, ...] = ()
        self._link = make_link(port)
        self._profile = known_profile(self.name, profile)
        self._fast_hz = check_number(self.name, "fast_hz", fast_hz, 0.01, 100)
        self._slow_hz = check_number(self.name, "slow_hz", slow_hz, 0.01, 100)
        self._rates_hz = {
            channel: check_number(self.name, f"rates_hz[{channel!r}]", hz, 0.001, 100)
            for channel, hz in (rates_hz or {}).items()
        }
        self._bauds = [int(check_number(self.name, "bauds", b, 300, 4_000_000)) for b in bauds]
        self._protocol = known_protocol(self.name, protocol)
        self._codes_every_s = check_number(self.name, "codes_every_s", codes_every_s, 0, 86_400)
        self._fallback = known_fallback(self.name, fallback, self._profile)
        self._look_again_s = check_number(self.name, "look_again_s", look_again_s, 0.1, 86_400)
        self._clock = clock or SystemClock()
        self._connected: Connected | None = None
        self._car = Car()
        self._reader: CarReader | None = None
        self._stand_in: SimulatorSource | None = None
        self._is_open = False
        self._next_codes_s = self._next_told_s = 0.0

    async def open(self) -> None:
        """Connect to adapter and car. Raises SourceUnavailableError, which is safe to retry."""
        await self.close()
        self.status.state = SourceState.OPENING
        self._is_open, self.simulated = True, False
        try:
            await self._connect()
        except SourceUnavailableError as error:
            if self._fallback != "simulator":
                self.status.details = {"readings_from": "manual entry", "why": str(error)}
                raise
            await self._let_stand_in(str(error))

    async def batches(self) -> AsyncIterator[Decoded]:
        """Yield readings as they come, a row per request, until closed."""
        while self._is_open:
            if self._reader is not None:
                async for decoded in self._read(self._reader):
                    yield decoded
            elif self._stand_in is not None:
                looking = asyncio.create_task(self._look_for_hardware(self._stand_in))
                try:
                    async for decoded in self._stand_in.batches():
                        self.status.count(decoded, self._clock.now_ns())
                        yield decoded
                finally:
                    looking.cancel()
                    await asyncio.gather(looking, return_exceptions=True)
            else:
                return

    async def close(self) -> None:
        """Let go of the adapter. Safe to call twice."""
        self._is_open = False
        self._reader = self._connected = None
        if self._stand_in is not None:
            await self._stand_in.close()
            self._stand_in = None
        await self._link.close()
        self.status.state = SourceState.CLOSED

    async def _connect(self) -> None:
        """Connect and find out what the car has. Closes the link when that fails."""
        connected = await connect(self._link, bauds=self._bauds, protocol=self._protocol)
        try:
            self._car = await look_at(connected)
        except BaseException:
            await self._link.close()
            raise
        self._connected = connected
        self._reader = CarReader(connected, self._car, self._wanted(self._car), self._clock)
        self.status.state = SourceState.LIVE
        self._next_codes_s = time.monotonic()
        self._tell()

    def _wanted(self, car: Car) -> list[Wanted]:
        rates = {
            "fast_hz": self._fast_hz,
            "slow_hz": self._slow_hz,
        }
        if self._profile is None:
            return all_of(car.pids, **rates, rates_hz=self._rates_hz)
        return wanted_by(self._profile, **rates, rates_hz=self._rates_hz)

    async def _read(self, reader: CarReader) -> AsyncIterator[Decoded]:
        """Yield what a car gives until it is lost or this is closed."""
        self.simulated = False  # only now: what a stand-in gave last is still marked as such
        try:
            if self._profile is None and (whole := await self._look_at_all(reader)):
                yield whole
            while self._is_open and self._reader is reader:
                reading = await reader.next()
                if reading is not None and (decoded := self._decoded(reading)):
                    yield decoded
                await self._now_and_then()
        except SourceUnavailableError:
            if not self._is_open:
                return  # closed: what waited for an answer was told so
            raise

    async def _look_at_all(self, reader: CarReader) -> Decoded | None:
        """Return one row with all that the car has: a new machine gets its profile by it."""
        values: dict[str, float] = {}
        units: dict[str, str] = {}
        time_ns, until_s = 0, time.monotonic() + FIRST_LOOK_S
        while self._is_open and reader.schedule.has_unasked() and time.monotonic() < until_s:
            if reading := await reader.next():
                time_ns = reading.time_ns
                values |= reading.values
                units |= reading.units
        return self._decoded(Reading(time_ns, values, units))

    def _decoded(self, reading: Reading) -> Decoded | None:
        """Return one reading as a row; None if the car has a number for nothing of it."""
        columns = {
            name: np.array([value])
            for name, value in reading.values.items()
            if not math.isnan(value)
        }
        if not columns:
            return None
        time_ns = np.array([reading.time_ns], dtype=np.int64)
        units = {name: reading.units[name] for name in columns}
        decoded = Decoded((Batch(self.machine, time_ns, columns),), units=units)
        self.status.count(decoded, reading.time_ns)
        return decoded

    async def _now_and_then(self) -> None:
        """Read trouble codes and tell rates when it is time."""
        now_s = time.monotonic()
        if self._connected is None or not self._is_open:
            return
        if self._codes_every_s and now_s >= self._next_codes_s:
            self._next_codes_s = now_s + self._codes_every_s
            self.codes = tuple(await read_codes(self._connected))
        if now_s >= self._next_told_s:
            self._next_told_s = now_s + TELL_S
            self._tell()

    def _tell(self) -> None:
        """Put what is known of adapter, car and rates into the status."""
        if self._connected is not None and self._reader is not None:
            now_ns = self._clock.now_ns()
            self.status.detail, self.status.details = told(
                self._connected, self._car, self._reader, self.codes, now_ns=now_ns
            )

    # A simulated car that stands in

    async def _let_stand_in(self, why: str) -> None:
        """Let the profile's simulator play the car, as a machine of its own and marked so."""
        profile = self._profile
        if profile is None or profile.simulator is None:
            return
        play = profile.simulator
        machine = f"{self.machine}{STANDS_IN}"
        self._stand_in = SimulatorSource(
            machine, play.name, rate_hz=play.rate_hz, settings=play.settings, clock=self._clock
        )
        await self._stand_in.open()
        self.simulated = True
        self.status.state = SourceState.LIVE
        self.status.detail = f"Simulated readings, as {machine}, until the adapter is there. {why}"
        self.status.details = {"readings_from": "simulator", "why": why}

    async def _look_for_hardware(self, stand_in: SimulatorSource) -> None:
        """Try the adapter again and again; once it is there the stand-in ends."""
        while True:
            await self._clock.sleep(self._look_again_s)
            with contextlib.suppress(SourceUnavailableError):
                await self._connect()
                self._stand_in = None
                await stand_in.close()
                return
