"""A thread that takes frames off a CAN bus and notices when the bus is no longer there."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import can

RECEIVE_S = 0.1  # how long one call waits, so that closing is quick
JOIN_S = 1.0

# Error frames of Linux, linux/can/error.h
BUS_OFF, CONTROLLER, RESTARTED = 0x040, 0x004, 0x100
PASSIVE_BITS, WARNING_BITS, ACTIVE_BIT = 0x30, 0x0C, 0x40
COUNTERS_IN = 0x200  # the counters stand in bytes 6 and 7; older systems set it not


class BusState(IntEnum):
    """How well a node gets on with its bus, ISO 11898-1; the number is the channel's value."""

    ACTIVE = 0
    WARNING = 1
    PASSIVE = 2
    OFF = 3


@dataclass(slots=True)
class BusHealth:
    """What is known of a bus. Counters only grow.

    Attributes:
        state: As error frames or the driver tell.
        error_frames: Seen so far.
        receive_errors, transmit_errors: The controller's own counters; None if it tells none.
    """

    state: BusState = BusState.ACTIVE
    error_frames: int = 0
    receive_errors: int | None = None
    transmit_errors: int | None = None

    def note(self, message: can.Message) -> None:
        """Take in an error frame, laid out as Linux does."""
        self.error_frames += 1
        kind, data = message.arbitration_id, bytes(message.data or b"").ljust(8, b"\0")
        if kind & BUS_OFF:
            self.state = BusState.OFF
        elif kind & RESTARTED:
            self.state = BusState.ACTIVE
        elif kind & CONTROLLER:
            self.state = _state_of(data[1])
        if kind & COUNTERS_IN or data[6] or data[7]:
            self.transmit_errors, self.receive_errors = data[6], data[7]


def _state_of(bits: int) -> BusState:
    if bits & PASSIVE_BITS:
        return BusState.PASSIVE
    return BusState.WARNING if bits & WARNING_BITS else BusState.ACTIVE


class CanReader:
    """Reads one open bus until it is stopped or the bus fails.

    Args:
        bus: Open; closed by `stop`.
        wake: Called from the thread when something is there.
        max_waiting: Frames held at most; when full the newest are dropped and counted.

    Attributes:
        health: What is known of the bus.
        dropped: Frames lost for lack of room.
        others: Remote frames: they carry no signal.
        failure: Why the bus cannot be read any more; None while it can.
    """

    def __init__(self, bus: can.BusABC, wake: Callable[[], None], *, max_waiting: int) -> None:
        self.health = BusHealth()
        self.dropped = 0
        self.others = 0
        self.failure: str | None = None
        self._bus = bus
        self._wake = wake
        self._max_waiting = max_waiting
        self._waiting: deque[can.Message] = deque()
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="telltale-can", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many frames wait."""
        return len(self._waiting)

    def take(self, most: int) -> list[can.Message]:
        """Return the oldest frames that wait."""
        return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]

    def stop(self) -> None:
        """End the thread and close the bus. Safe to call twice."""
        self._is_stopping.set()
        self._thread.join(JOIN_S)
        try:
            self._bus.shutdown()
        except Exception as error:  # an adapter that is gone cannot be closed in good order
            self.failure = self.failure or str(error)

    def _run(self) -> None:
        while not self._is_stopping.is_set():
            try:
                message = self._bus.recv(RECEIVE_S)
            except Exception as error:  # each driver has its own
                self.failure = str(error) or type(error).__name__
                break
            if message is not None:
                self._keep(message)
            if self.health.state is BusState.OFF:
                self.failure = "the bus is off: too many errors on it"
                break
        self._wake()

    def _keep(self, message: can.Message) -> None:
        if message.is_error_frame:
            self.health.note(message)
        elif message.is_remote_frame:
            self.others += 1
        elif len(self._waiting) >= self._max_waiting:
            self.dropped += 1
            return
        else:
            self._waiting.append(message)
            if len(self._waiting) > 1:
                return  # who takes them was woken already
        self._wake()
