"""`Stamps`: which times, and whose name, replayed samples bear."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

import numpy as np

from telltale.batch import NS_PER_S, Batch
from telltale.errors import SettingsError
from telltale.formats.base import Decoded
from telltale.sources.play_head import AS_FAST_AS_POSSIBLE, PlayHead
from telltale.sources.recording import last_ns

LOOP_GAP_NS = NS_PER_S  # between the last sample and the first of the next round


class Times(StrEnum):
    """Which times replayed samples bear."""

    NOW = "now"  # the moment they are played, as if measured now
    ORIGINAL = "original"  # their own; each round of a loop is put after the one before


class Stamps:
    """Stamps samples as they are played. Times of one machine never go back, but by a seek.

    Args:
        times: Which times they bear.
        machine: Whose readings they become; None keeps the recording's machines.
    """

    def __init__(self, times: Times, machine: str | None) -> None:
        self.times = times
        self._machine = machine
        self._shift_ns = 0  # added to original times, by the rounds of a loop
        self._newest_ns = 0
        self._floor_ns = 0

    def new_stretch(self) -> None:
        """From here on no time of play lies before those that were given: the head has moved."""
        self._floor_ns = self._newest_ns

    def new_round(self, duration_ns: int) -> None:
        """The recording, this long, begins again."""
        self._shift_ns += duration_ns + LOOP_GAP_NS

    def stamped(self, due: Decoded, start_ns: int, head: PlayHead) -> Decoded:
        """Return what is due, of a recording that starts at `start_ns`, as it is given on."""
        given = replace(due, batches=tuple(self._stamp(b, start_ns, head) for b in due.batches))
        self._newest_ns = max(self._newest_ns, last_ns(given) or 0)
        return given

    def _stamp(self, batch: Batch, start_ns: int, head: PlayHead) -> Batch:
        machine = self._machine or batch.machine
        if self.times is Times.ORIGINAL:
            return Batch(machine, batch.time_ns + self._shift_ns, batch.columns)
        moments_ns = head.moments_ns(batch.time_ns - start_ns)
        return Batch(machine, np.maximum(moments_ns, self._floor_ns), batch.columns)


def checked_times(where: str, times: str | None, speed: float) -> Times:
    """Return which times are meant; absent, original at speed 0, else now. Raises SettingsError."""
    if times is None:
        return Times.ORIGINAL if speed == AS_FAST_AS_POSSIBLE else Times.NOW
    if times not in set(Times):
        raise SettingsError(f"{where}: times is {times!r}. Give 'now' or 'original'.")
    if times == Times.NOW and speed == AS_FAST_AS_POSSIBLE:
        raise SettingsError(
            f"{where}: as fast as possible (speed 0) runs ahead of now. "
            "Give times 'original', or a speed from 0.1 to 1000."
        )
    return Times(times)
