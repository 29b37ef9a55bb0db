"""A recording as a feed: at 0.1 to 1000 times its speed or as fast as it goes, with controls.

Pause, seek, speed and loop take effect at once: whatever the replay waits for, a control wakes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from enum import StrEnum

import numpy as np

from telltale.batch import NS_PER_S, Batch
from telltale.errors import SettingsError
from telltale.formats.base import Decoded
from telltale.sources.base import SourceState, SourceStatus
from telltale.sources.checks import check_number, check_text
from telltale.sources.clock import Clock, SystemClock
from telltale.sources.meter import RateMeter, count
from telltale.sources.recording import Recording, first_ns, last_ns, split_at

SLOWEST, FASTEST = 0.1, 1000.0
TICK_S = 0.05  # samples are passed on about this often
AS_FAST_AS_POSSIBLE = 0.0
LOOP_GAP_NS = NS_PER_S  # between the last sample and the first of the next round


class Times(StrEnum):
    """Which times replayed samples bear."""

    NOW = "now"  # the moment they are played, as if measured now
    ORIGINAL = "original"  # their own; each round of a loop is put after the one before


class ReplaySource:
    """Plays a recording.

    Args:
        recording: What is played.
        name: Names the replay; the recording's title if absent.
        machine: Whose readings they become; None keeps the recording's machines.
        speed: 0.1 to 1000, or 0 for as fast as possible.
        loop: Begin again at the end.
        times: "now" or "original"; absent means original at speed 0, else now.
        simulated: True if the recording is not of measurements.
        clock: Tells the time and waits.

    Raises:
        SettingsError: A setting is out of range, or speed 0 is asked for with times "now".
    """

    def __init__(
        self,
        recording: Recording,
        *,
        name: str | None = None,
        machine: str | None = None,
        speed: float = 1.0,
        loop: bool = False,
        times: str | None = None,
        simulated: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self.name = f"replay:{check_text('replay', 'name', name or recording.title)}"
        self.simulated = simulated
        self.status = SourceStatus()
        self.loop = loop
        self._recording = recording
        self._machine = machine
        self._times = self._check_times(times, speed)
        self._speed = self._check_speed(speed)
        self._clock = clock or SystemClock()
        self._meter = RateMeter()
        self._control = asyncio.Event()
        self._is_open = self._is_paused = False
        self._seek_ns: int | None = None
        self._anchor_ns = 0  # this moment of the clock ...
        self._anchor_position_ns = 0  # ... is this place in the recording
        self._shift_ns = 0  # added to original times, by the rounds of a loop
        self._played_ns = 0  # newest time given, so that times never go back
        self._floor_ns = 0

    @property
    def speed(self) -> float:
        """How much faster than recorded; 0 is as fast as possible."""
        return self._speed

    @property
    def position_s(self) -> float:
        """Where in the recording the replay is, seconds from its start."""
        return self._position_ns() / NS_PER_S

    @property
    def duration_s(self) -> float | None:
        """How long the recording is; None until that is known."""
        end_ns = self._recording.end_ns
        return None if end_ns is None else (end_ns - self._recording.start_ns) / NS_PER_S

    async def open(self) -> None:
        """Start at the beginning, or where `seek` said."""
        self._is_open = True
        self._anchor(self._seek_ns or 0)
        self.status.state = SourceState.PAUSED if self._is_paused else SourceState.LIVE
        self.status.detail = f"Replays {self._recording.title}."

    async def close(self) -> None:
        """Stop. Safe to call twice."""
        self._is_open = False
        self._control.set()
        self.status.state = SourceState.CLOSED

    def pause(self) -> None:
        """Hold still until `resume`."""
        if not self._is_paused:
            self._anchor(self._position_ns())
            self._is_paused = True
            self._changed()

    def resume(self) -> None:
        """Go on where it was paused."""
        if self._is_paused:
            self._anchor(self._anchor_position_ns)
            self._is_paused = False
            self._changed()

    def set_speed(self, speed: float) -> None:
        """Go on at this speed. Raises SettingsError."""
        self._check_times(self._times, speed)
        checked = self._check_speed(speed)
        self._anchor(self._position_ns())
        self._speed = checked
        self._changed()

    def seek(self, position_s: float) -> None:
        """Go on from here, seconds from the start. Back, original times repeat themselves."""
        longest_s = self.duration_s if self.duration_s is not None else float(2**31)
        checked_s = check_number(self.name, "position_s", position_s, 0.0, longest_s)
        self._seek_ns = round(checked_s * NS_PER_S)
        self._anchor(self._seek_ns)
        self._changed()

    async def batches(self) -> AsyncGenerator[Decoded, None]:
        """Yield the samples that are due until the recording ends, or for ever in a loop."""
        while self._is_open:
            position_ns, self._seek_ns = self._seek_ns or 0, None
            self._anchor(position_ns)
            rows_before = self.status.rows
            async with aclosing(self._play_from(position_ns)) as played:
                async for decoded in played:
                    yield decoded
            if self._is_sought():
                continue
            if not self.loop or not self._is_open or self.status.rows == rows_before:
                break
            self._shift_ns += (self.duration_ns() or 0) + LOOP_GAP_NS
            await self._pause_between_rounds()
        if self._is_open:
            self.status.state = SourceState.ENDED

    def duration_ns(self) -> int | None:
        """Return the length of the recording; None until that is known."""
        end_ns = self._recording.end_ns
        return None if end_ns is None else end_ns - self._recording.start_ns

    async def _play_from(self, position_ns: int) -> AsyncGenerator[Decoded, None]:
        """Yield once through the recording; ends early when a seek or close comes."""
        async with aclosing(self._recording.read(position_ns)) as pieces:
            async for piece in pieces:
                rest = piece
                while (due_ns := first_ns(rest)) is not None or rest.rejected_rows:
                    if due_ns is not None and not await self._wait_for(due_ns):
                        return
                    due, rest = split_at(rest, self._due_until_ns())
                    yield self._stamped(due)
                    if self._speed == AS_FAST_AS_POSSIBLE:
                        await asyncio.sleep(0)
                    if self._must_stop():
                        return

    async def _wait_for(self, sample_ns: int) -> bool:
        """Wait until this sample is due; False when a seek or close comes first."""
        while not self._must_stop():
            self._control.clear()
            if self._is_paused:
                await self._control.wait()
                continue
            if self._speed == AS_FAST_AS_POSSIBLE:
                return True
            ahead_ns = sample_ns - self._recording.start_ns - self._position_ns()
            if ahead_ns <= 0:
                return True
            await self._sleep(max(ahead_ns / NS_PER_S / self._speed, TICK_S))
        return False

    async def _sleep(self, seconds: float) -> None:
        """Wait, but no longer than until the next control."""
        waits = [
            asyncio.ensure_future(self._clock.sleep(seconds)),
            asyncio.ensure_future(self._control.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _pause_between_rounds(self) -> None:
        if self._speed != AS_FAST_AS_POSSIBLE:
            self._control.clear()
            await self._sleep(LOOP_GAP_NS / NS_PER_S / self._speed)
        else:
            await asyncio.sleep(0)

    def _stamped(self, due: Decoded) -> Decoded:
        """Give samples the times they are to bear, and their machine; count them."""
        given = replace(due, batches=tuple(self._stamp(batch) for batch in due.batches))
        newest_ns = last_ns(due)
        if newest_ns is not None and self._speed == AS_FAST_AS_POSSIBLE:
            self._anchor(newest_ns - self._recording.start_ns)
        self._played_ns = max(self._played_ns, last_ns(given) or 0)
        count(self.status, self._meter, given, self._clock.now_ns())
        return given

    def _stamp(self, batch: Batch) -> Batch:
        machine = self._machine or batch.machine
        if self._times is Times.ORIGINAL:
            return Batch(machine, batch.time_ns + self._shift_ns, batch.columns)
        since_ns = batch.time_ns - self._recording.start_ns - self._anchor_position_ns
        moment_ns = self._anchor_ns + np.round(since_ns / self._speed).astype(np.int64)
        return Batch(machine, np.maximum(moment_ns, self._floor_ns), batch.columns)

    def _due_until_ns(self) -> int:
        """Return the original time up to which samples are due."""
        if self._speed == AS_FAST_AS_POSSIBLE:
            return 2**63 - 1
        return self._recording.start_ns + self._position_ns()

    def _position_ns(self) -> int:
        """Return the place in the recording that is played now."""
        if self._is_paused or self._speed == AS_FAST_AS_POSSIBLE or not self._is_open:
            return self._anchor_position_ns
        passed_ns = self._clock.now_ns() - self._anchor_ns
        position_ns = self._anchor_position_ns + round(passed_ns * self._speed)
        duration_ns = self.duration_ns()
        return position_ns if duration_ns is None else min(position_ns, duration_ns)

    def _anchor(self, position_ns: int) -> None:
        """Tie this moment to a place in the recording."""
        self._anchor_ns = self._clock.now_ns()
        self._anchor_position_ns = position_ns
        self._floor_ns = self._played_ns

    def _must_stop(self) -> bool:
        return self._is_sought() or not self._is_open

    def _is_sought(self) -> bool:
        return self._seek_ns is not None

    def _changed(self) -> None:
        if self._is_open:
            self.status.state = SourceState.PAUSED if self._is_paused else SourceState.LIVE
        self._control.set()

    def _check_speed(self, speed: float) -> float:
        if speed == AS_FAST_AS_POSSIBLE:
            return speed
        return check_number(self.name, "speed (or 0)", speed, SLOWEST, FASTEST)

    def _check_times(self, times: str | None, speed: float) -> Times:
        if times is None:
            return Times.ORIGINAL if speed == AS_FAST_AS_POSSIBLE else Times.NOW
        if times not in set(Times):
            raise SettingsError(f"{self.name}: times is {times!r}. Give 'now' or 'original'.")
        if times == Times.NOW and speed == AS_FAST_AS_POSSIBLE:
            raise SettingsError(
                f"{self.name}: as fast as possible (speed 0) runs ahead of now. "
                "Give times 'original', or a speed from 0.1 to 1000."
            )
        return Times(times)
