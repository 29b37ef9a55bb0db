"""A recording as a feed: at 0.1 to 1000 times its speed or as fast as it goes, with controls.

Pause, seek, speed and loop take effect at once: whatever the replay waits for, a control wakes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from telltale.batch import FOREVER_NS, NS_PER_S
from telltale.errors import SettingsError
from telltale.formats.base import Decoded
from telltale.sources.base import SourceState, SourceStatus
from telltale.sources.checks import check_number, check_text
from telltale.sources.clock import Clock, SystemClock
from telltale.sources.play_head import AS_FAST_AS_POSSIBLE, PlayHead, checked_speed
from telltale.sources.recording import Recording, first_ns, last_ns, split_at
from telltale.sources.stamps import LOOP_GAP_NS, Stamps, Times, checked_times

TICK_S = 0.05  # samples are passed on about this often
LONGEST_S = float(2**31)  # of a recording whose length is not known yet


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
        self._loop = self._checked_loop(loop, speed)
        self._recording = recording
        self._clock = clock or SystemClock()
        self._stamps = Stamps(checked_times(self.name, times, speed), machine)
        self.is_live = self._stamps.times is Times.NOW
        self._head = PlayHead(self._clock, checked_speed(self.name, speed))
        self._control = asyncio.Event()
        self._seek_ns: int | None = None

    @property
    def loop(self) -> bool:
        """Whether it begins again at the end; SettingsError when it would never rest."""
        return self._loop

    @loop.setter
    def loop(self, loop: bool) -> None:
        self._loop = self._checked_loop(loop, self.speed)

    def _checked_loop(self, loop: bool, speed: float) -> bool:
        if loop and speed == AS_FAST_AS_POSSIBLE:
            raise SettingsError(
                f"{self.name}: a loop at speed 0 writes without end. Give a speed, or no loop."
            )
        return loop

    @property
    def speed(self) -> float:
        """How much faster than recorded; 0 is as fast as possible."""
        return self._head.speed

    @property
    def position_s(self) -> float:
        """Where in the recording the replay is, seconds from its start."""
        return self._position_ns() / NS_PER_S

    @property
    def duration_s(self) -> float | None:
        """How long the recording is; None until that is known."""
        duration_ns = self._duration_ns()
        return None if duration_ns is None else duration_ns / NS_PER_S

    async def open(self) -> None:
        """Start at the beginning, or where `seek` said."""
        self._head.is_running = True
        self._move_to(self._seek_ns or 0)
        self._show_state()
        self.status.detail = f"Replays {self._recording.title}."

    async def close(self) -> None:
        """Stop. Safe to call twice."""
        self._move_to(self._position_ns())
        self._head.is_running = False
        self._control.set()
        self.status.state = SourceState.CLOSED

    def pause(self) -> None:
        """Hold still until `resume`."""
        self._move_to(self._position_ns())
        self._head.is_paused = True
        self._changed()

    def resume(self) -> None:
        """Go on where it was paused."""
        self._move_to(self._position_ns())
        self._head.is_paused = False
        self._changed()

    def set_speed(self, speed: float) -> None:
        """Go on at this speed. Raises SettingsError."""
        checked_times(self.name, self._stamps.times, speed)
        checked = checked_speed(self.name, speed)
        self._checked_loop(self._loop, speed)
        self._move_to(self._position_ns())
        self._head.speed = checked
        self._changed()

    def seek(self, position_s: float) -> None:
        """Go on from here, seconds from the start. Back, original times repeat themselves."""
        longest_s = LONGEST_S if self.duration_s is None else self.duration_s
        checked_s = check_number(self.name, "position_s", position_s, 0.0, longest_s)
        self._seek_ns = round(checked_s * NS_PER_S)
        self._move_to(self._seek_ns)
        self._changed()

    async def batches(self) -> AsyncGenerator[Decoded, None]:
        """Yield the samples that are due until the recording ends, or for ever in a loop."""
        while self._head.is_running:
            position_ns, self._seek_ns = self._seek_ns or 0, None
            self._move_to(position_ns)
            rows_before = self.status.rows
            async with aclosing(self._play_from(position_ns)) as played:
                async for decoded in played:
                    yield decoded
            if self._is_sought():
                continue
            if not self.loop or not self._head.is_running or self.status.rows == rows_before:
                break
            self._stamps.new_round(self._duration_ns() or 0)
            await self._pause_between_rounds()

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
                    if self._head.is_unpaced:
                        await asyncio.sleep(0)
                    if self._must_stop():
                        return

    async def _wait_for(self, sample_ns: int) -> bool:
        """Wait until this sample is due; False when a seek or close comes first."""
        while not self._must_stop():
            self._control.clear()
            if self._head.is_paused:
                await self._control.wait()
                continue
            wait_s = self._head.until_s(sample_ns - self._recording.start_ns)
            if wait_s <= 0:
                return True
            await self._sleep(max(wait_s, TICK_S))
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
        if self._head.is_unpaced:
            await asyncio.sleep(0)
        else:
            self._control.clear()
            await self._sleep(LOOP_GAP_NS / NS_PER_S / self._head.speed)

    def _stamped(self, due: Decoded) -> Decoded:
        """Give samples the times they are to bear, and their machine; count them."""
        start_ns = self._recording.start_ns
        given = self._stamps.stamped(due, start_ns, self._head)
        newest_ns = last_ns(due)
        if newest_ns is not None and self._head.is_unpaced:
            self._move_to(newest_ns - start_ns)
        self.status.count(given, self._clock.now_ns())
        return given

    def _due_until_ns(self) -> int:
        """Return the original time up to which samples are due."""
        if self._head.is_unpaced:
            return FOREVER_NS
        return self._recording.start_ns + self._position_ns()

    def _position_ns(self) -> int:
        position_ns, duration_ns = self._head.position_ns(), self._duration_ns()
        return position_ns if duration_ns is None else min(position_ns, duration_ns)

    def _duration_ns(self) -> int | None:
        end_ns = self._recording.end_ns
        return None if end_ns is None else end_ns - self._recording.start_ns

    def _move_to(self, position_ns: int) -> None:
        self._head.put(position_ns)
        self._stamps.new_stretch()

    def _must_stop(self) -> bool:
        return self._is_sought() or not self._head.is_running

    def _is_sought(self) -> bool:
        return self._seek_ns is not None

    def _changed(self) -> None:
        if self._head.is_running:
            self._show_state()
        self._control.set()

    def _show_state(self) -> None:
        is_paused = self._head.is_paused
        self.status.state = SourceState.PAUSED if is_paused else SourceState.LIVE
