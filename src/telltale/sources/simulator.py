"""A simulated machine as a feed: physics on real time, marked as simulated."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import numpy as np

from telltale.batch import NS_PER_S, Batch, IntArray
from telltale.formats.base import Decoded
from telltale.simulators import make_simulator
from telltale.simulators.base import Simulator
from telltale.sources.base import SourceState, SourceStatus
from telltale.sources.checks import check_number, check_text
from telltale.sources.clock import Clock, SystemClock

BATCHES_PER_S = 20.0
MAX_BEHIND_S = 5.0  # after a longer standstill the machine goes on from now


class SimulatorSource:
    """Readings of one simulated machine, at `rate_hz` of real time and without drift.

    Args:
        machine: Whose readings they are.
        simulator: A name in `SIMULATORS`.
        seed: Same seed, same machine.
        rate_hz: Readings a second.
        speed: How much faster than real the machine lives; times stay real.
        settings: The simulator's own, e.g. {"scenario": "hard"}.
        clock: Tells the time and waits.

    Raises:
        SettingsError: A setting is unknown or out of range.
    """

    simulated = True
    is_live = True

    def __init__(
        self,
        machine: str,
        simulator: str,
        *,
        seed: int = 0,
        rate_hz: float = 10.0,
        speed: float = 1.0,
        settings: Mapping[str, Any] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.name = f"simulator:{check_text('simulator', 'machine', machine)}"
        self.machine = machine
        self.status = SourceStatus()
        self._rate_hz = check_number(self.name, "rate_hz", rate_hz, 0.001, 10_000)
        self._speed = check_number(self.name, "speed", speed, 0.01, 1000)
        rng = np.random.default_rng(int(check_number(self.name, "seed", seed, 0, 2**63)))
        self.simulator: Simulator = make_simulator(simulator, rng, **(settings or {}))
        self._clock = clock or SystemClock()
        self._closed = asyncio.Event()

    async def open(self) -> None:
        """Start. A simulated machine is always there."""
        self._closed = asyncio.Event()
        self.status.state = SourceState.LIVE
        self.status.detail = f"Simulated: {self.simulator.title}, {self._rate_hz:g} Hz."

    async def batches(self) -> AsyncIterator[Decoded]:
        """Yield the samples that are due, about 20 times a second, until closed."""
        start_ns = self._clock.now_ns()
        done = 0
        tick = max(1, round(self._rate_hz / BATCHES_PER_S))
        while not self._closed.is_set():
            await self._wait_until(self._time_ns(start_ns, done + tick - 1))
            if self._closed.is_set():
                break
            passed_s = (self._clock.now_ns() - start_ns) / NS_PER_S
            due = max(int(passed_s * self._rate_hz) + 1, done + tick)  # rounding must not stall
            behind = due - done
            if behind > max(MAX_BEHIND_S * self._rate_hz, tick):
                self.status.dropped += behind - tick
                done = due - tick
            index = np.arange(done, due, dtype=np.int64)
            done = due
            yield self._decoded(start_ns, index)
        self.status.state = SourceState.ENDED

    async def close(self) -> None:
        """Stop. Safe to call twice."""
        self._closed.set()
        self.status.state = SourceState.CLOSED

    def _time_ns(self, start_ns: int, index: int) -> int:
        return start_ns + round(index / self._rate_hz * NS_PER_S)

    async def _wait_until(self, time_ns: int) -> None:
        """Sleep in short pieces, so that closing is quick at any rate."""
        while not self._closed.is_set():
            left_s = (time_ns - self._clock.now_ns()) / NS_PER_S
            if left_s <= 0.0:
                return
            await self._clock.sleep(min(left_s, 0.2))

    def _decoded(self, start_ns: int, index: IntArray) -> Decoded:
        since_ns = np.round(index / self._rate_hz * NS_PER_S).astype(np.int64)
        lived_ns = np.round(since_ns * self._speed).astype(np.int64)
        columns = self.simulator.advance(start_ns + lived_ns)
        decoded = Decoded((Batch(self.machine, start_ns + since_ns, columns),))
        self.status.count(decoded, self._clock.now_ns())
        return decoded
