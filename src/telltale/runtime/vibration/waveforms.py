"""`Waveforms`: takes vibration of a measuring point, says what is wrong, keeps what it found."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from telltale.batch import FOREVER_NS, NS_PER_S, Batch
from telltale.errors import SettingsError, StoreBusyError, TelltaleError
from telltale.formats.base import Decoded
from telltale.formats.waveforms import Waveform, read_waveform
from telltale.profiles.point_channels import point_channels
from telltale.profiles.points import MAX_POINTS, Point
from telltale.registry import suggest
from telltale.runtime.beside import beside
from telltale.runtime.machine import LiveMachine
from telltale.runtime.vibration.asked import (
    Asked,
    check_point_name,
    point_for,
    samples_for,
    told_rates,
    told_scale,
)
from telltale.runtime.vibration.finding import Found, found_in
from telltale.runtime.vibration.point_gears import PointGears
from telltale.runtime.vibration.point_view import PointView, point_view
from telltale.runtime.vibration.readings import because_of, readings_of
from telltale.runtime.vibration.record import (
    Placed,
    WaveformDetail,
    WaveformView,
    detail_of,
    readable,
    record_of,
    view_of,
)
from telltale.runtime.vibration.shaft_speed import shaft_rpm_at

if TYPE_CHECKING:
    from telltale.runtime.core import Runtime

KEPT = 50  # waveforms of one point; older ones are let go
AT_ONCE = 1  # worked out at the same time; some tenths of a second each
MAX_WAITING = 16
JOINED_NS = 900 * NS_PER_S  # a machine's newer readings by so much: its limits see a waveform still


class UnknownPointError(TelltaleError):
    """The machine's profile has no measuring point of this name."""


@dataclass(frozen=True, slots=True)
class _Taking:
    """One waveform on its way: whose, of which point, recorded when, and what is said of it."""

    machine: str
    name: str
    known: Point | None
    at_ns: int
    asked: Asked


class Waveforms:
    """The waveforms of all machines of a runtime. All methods belong to one event loop."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._store = runtime.store
        self._gears = PointGears(runtime)
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def take(
        self, machine: str, point: str, body: bytes, *, time_ns: int | None, asked: Asked
    ) -> WaveformView:
        """Say what a waveform says, make it readings of its machine, and keep what was found.

        Args:
            machine: Whose.
            point: Measuring point; one that the profile does not know gives no readings.
            body: The file.
            time_ns: When it was recorded; now, if nobody says.
            asked: What is said of it beside the profile.

        Raises:
            UnknownMachineError: There is no such machine.
            UnknownPointError: The profile has no such point, and the request does not describe it.
            DecodeError: The body is no waveform.
            SettingsError: What is said of it cannot be, or the speed is not known.
            ModelError: It is too short, its sensor dead or stuck, or its shaft too fast for it.
            StoreBusyError: Too many wait already.
        """
        live = self._runtime.machine(machine)
        check_point_name(point)
        known = self._known(live, point, asked)
        if self._waiting >= MAX_WAITING:
            raise StoreBusyError(f"{MAX_WAITING} waveforms wait already. Send it again later.")
        at_ns = self._runtime.clock() if time_ns is None else time_ns
        self._waiting += 1
        try:
            async with self._turn:
                sent = await asyncio.to_thread(read_waveform, body, channel=asked.channel)
                return await self._taken(_Taking(machine, point, known, at_ns, asked), sent)
        finally:
            self._waiting -= 1

    async def _taken(self, taking: _Taking, sent: Waveform) -> WaveformView:
        machine, name, known = taking.machine, taking.name, taking.known
        await self._check_room(machine, name, known)
        point = point_for(known, taking.asked, sent)
        live, has_gear = self._runtime.machine(machine), point.gear is not None
        shaft_rpm = await shaft_rpm_at(live, self._store, point.shaft_rpm, taking.at_ns)
        gear = await self._gears.known(machine, name) if has_gear else None
        earlier = await self._store.waveforms(machine, name) if has_gear else ()
        samples, point = samples_for(known, point, sent)
        work = partial(
            found_in,
            samples,
            point,
            shaft_rpm,
            warnings=(*told_rates(known, taking.asked, sent), *told_scale(point, sent)),
            gear=gear,
            gear_samples=await self._gears.window_samples(earlier),
        )
        found = await beside(work)
        placed = await self._become_readings(taking, found)
        record = record_of(machine, name, taking.at_ns, found, placed)
        kept = await self._store.save_waveform(record, KEPT)
        if has_gear and gear is None:
            await self._gears.learn_by_itself(machine, name)
        return view_of(kept)

    def _known(self, live: LiveMachine, point: str, asked: Asked) -> Point | None:
        """Return the profile's point; None for one that the request describes by itself."""
        if any(value is not None for value in msgspec.structs.astuple(asked)):
            return live.profile.points.get(point)
        try:
            return self._point(live, point)
        except UnknownPointError as error:
            raise UnknownPointError(
                f"{error} Add [points.{point}] to its profile, or describe the point with the "
                "request: sample_rate_hz, shaft_rpm and the bearing."
            ) from None

    async def _check_room(self, machine: str, name: str, known: Point | None) -> None:
        if known is not None:
            return
        names = {kept.point for kept in await self._store.waveforms(machine)}
        if len(names | {name}) > MAX_POINTS:
            raise SettingsError(
                f"{machine} has waveforms of {len(names)} points already, as many as are kept. "
                f"Check the name {name!r}, or remove waveforms."
            )

    async def _become_readings(self, taking: _Taking, found: Found) -> Placed:
        """Make a finding readings of the machine.

        Limits look forward in time only. A recorder is slower than the machine's other feeds, so
        that its findings are set beside the newest reading if that is not much newer.
        """
        name, known, at_ns = taking.name, taking.known, taking.at_ns
        columns = point_channels(name, known) if known is not None else {}
        readings = {k: v for k, v in readings_of(name, found.finding).items() if k in columns}
        live = self._runtime.machine(taking.machine)
        if not readings:
            return Placed()
        newest_ns = live.pipeline.newest_ns(live.state)
        is_late = newest_ns is not None and at_ns < newest_ns
        if newest_ns is not None and is_late and newest_ns - at_ns <= JOINED_NS:
            at_ns, is_late = newest_ns, False
        row = {column: np.array([value]) for column, value in readings.items()}
        batch = Batch(taking.machine, np.array([at_ns]), row)
        decoded = Decoded((batch,), because=because_of(name, found.finding))
        is_live = abs(self._runtime.clock() - at_ns) <= JOINED_NS
        receipts = await self._runtime.ingest(decoded, source="waveform", is_live=is_live)
        if not sum(receipt.accepted for receipt in receipts):
            told = [reason.message for receipt in receipts for reason in receipt.reasons]
            raise SettingsError(" ".join(told[:1]) or "Nothing of this waveform could be kept.")
        return Placed(at_ns, is_late)

    async def learn_normal(
        self, machine: str, point: str, start_ns: int = 0, end_ns: int = FOREVER_NS
    ) -> PointView:
        """Learn what is normal for a point's gear from its kept waveforms of a stretch.

        Raises:
            UnknownPointError: The profile has no such point.
            ModelError: It has no gear, or there are too few waveforms.
        """
        live = self._runtime.machine(machine)
        self._point(live, point)
        await self._gears.learn(machine, point, start_ns, end_ns)
        return await self.point(machine, point)

    async def points(self, machine: str) -> list[PointView]:
        """Return the measuring points of a machine. Raises UnknownMachineError."""
        live = self._runtime.machine(machine)
        return [await self.point(machine, name) for name in live.profile.points]

    async def point(self, machine: str, name: str) -> PointView:
        """Return one measuring point. Raises UnknownPointError."""
        live = self._runtime.machine(machine)
        point = self._point(live, name)
        kept = await self._store.waveforms(machine, name)
        gear = await self._gears.state(machine, name) if point.gear is not None else None
        views, _ = readable(kept)
        return point_view(name, point, gear, views[0] if views else None)

    async def list(self, machine: str, point: str | None = None) -> list[WaveformView]:
        """Return the kept waveforms of a machine or a point, newest first."""
        self._runtime.machine(machine)
        return readable(await self._store.waveforms(machine, point))[0]

    async def unreadable(self, machine: str, point: str | None = None) -> tuple[int, ...]:
        """Return the numbers of kept waveforms that cannot be read any more."""
        self._runtime.machine(machine)
        return tuple(readable(await self._store.waveforms(machine, point))[1])

    async def get(self, machine: str, number: int) -> WaveformDetail:
        """Return one waveform with its spectrum. Raises UnknownWaveformError."""
        self._runtime.machine(machine)
        return detail_of(await self._store.waveform(machine, number))

    async def remove(self, machine: str, number: int) -> None:
        """Remove one waveform; its readings stay. Raises UnknownWaveformError."""
        self._runtime.machine(machine)
        await self._store.remove_waveform(machine, number)

    @staticmethod
    def _point(live: LiveMachine, name: str) -> Point:
        """Return a point of the profile. Raises UnknownPointError."""
        points = live.profile.points
        if name not in points:
            near = suggest(name, points) if points else "It has none."
            raise UnknownPointError(f"{live.profile.title} has no measuring point {name!r}. {near}")
        return points[name]
