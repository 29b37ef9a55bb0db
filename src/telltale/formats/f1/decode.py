"""Packets of the F1 games to samples: those of one frame are one sample of each car."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from telltale.batch import NS_PER_S, Batch, BoolArray, FloatArray, IntArray
from telltale.formats.base import Decoded
from telltale.formats.f1.channels import CHANNELS, UNITS
from telltale.formats.f1.layouts import (
    CARS,
    FORMATS,
    HEADER,
    LAP,
    LAYOUTS,
    OTHER_IDS,
    Layout,
)
from telltale.formats.refusals import Refusals

PLAYER = "f1-player"
MAX_DRIFT_NS = NS_PER_S  # a pause or a flashback: the game's clock and ours have parted
_LEAST_ACTIVE = 2  # result status: 0 and 1 are cars that take no part
_MAX_SESSION_S = 1e7
_EXPECTED = f"an F1 packet of format {', '.join(map(str, FORMATS))}"


@dataclass(frozen=True, slots=True)
class _Packets:
    """Packets of one kind, in order of arrival; shape (n,)."""

    packet_id: int
    layout: Layout
    body: npt.NDArray[np.void]


class GameClock:
    """Places the game's session time on ours.

    The offset of a session is kept, so that all packets of a frame get one time, whenever they
    arrive; it is taken anew when the two have drifted apart by more than a second.
    """

    def __init__(self) -> None:
        self._session = -1
        self._offset_ns = 0

    def time_ns(self, session: int, session_s: float, arrival_ns: int) -> int:
        """Return the time of a frame."""
        since_ns = round(session_s * NS_PER_S)
        drift_ns = arrival_ns - (self._offset_ns + since_ns)
        if session != self._session or abs(drift_ns) > MAX_DRIFT_NS:
            self._session, self._offset_ns = session, arrival_ns - since_ns
        return self._offset_ns + since_ns


class GameDecoder:
    """Decodes one game's packets, call after call.

    Args:
        machine: The player's car.
        all_cars: Also give the other cars that take part, as `f1-car-<index>`.
    """

    def __init__(self, machine: str | None = None, *, all_cars: bool = False) -> None:
        self._machine = machine or PLAYER
        self._all_cars = all_cars
        self._clock = GameClock()
        self._active: BoolArray = np.zeros(CARS, dtype=np.bool_)

    def decode(
        self, datagrams: Sequence[bytes], numbers: Sequence[int], *, arrival_ns: int
    ) -> Decoded:
        """Decode packets; one that cannot be read costs only itself.

        Args:
            datagrams: In order of arrival.
            numbers: Place of each among all that arrived, for the reasons.
            arrival_ns: When.

        Returns:
            A batch per car, channels as in `CHANNELS`.
        """
        refusals = Refusals()
        kinds: dict[tuple[int, int], list[bytes]] = {}
        for number, datagram in zip(numbers, datagrams, strict=True):
            key = _key(datagram, number, refusals)
            if key is not None:
                kinds.setdefault(key, []).append(datagram)
        found = [
            _Packets(key[1], LAYOUTS[key], np.frombuffer(b"".join(kind), LAYOUTS[key].dtype))
            for key, kind in kinds.items()
        ]
        batches = self._batches(found, arrival_ns) if found else ()
        names = {name for batch in batches for name in batch.columns}
        return Decoded(
            batches,
            refusals.rows,
            refusals.values,
            tuple(refusals.reasons),
            {name: UNITS[name] for name in names},
        )

    def _batches(self, found: Sequence[_Packets], arrival_ns: int) -> tuple[Batch, ...]:
        frames = self._frames(found, arrival_ns)
        times_ns = np.unique(np.fromiter(frames.values(), dtype=np.int64))
        players = self._players(found, frames, times_ns)
        table: dict[str, FloatArray] = {}
        for packets in found:
            rows = np.searchsorted(times_ns, _times(packets, frames))
            _fill(table, packets, rows, (len(times_ns), CARS))
            if packets.packet_id == LAP:
                self._active = packets.body["cars"]["result_status"][-1] >= _LEAST_ACTIVE
        every = np.arange(len(times_ns))
        names, values = list(table), np.stack(list(table.values()))
        batches = [_batch(self._machine, times_ns, names, values, (every, players))]
        for car in np.flatnonzero(self._active) if self._all_cars else ():
            theirs = every[players != car]
            batches.append(_batch(f"f1-car-{car}", times_ns, names, values, (theirs, car)))
        return tuple(batch for batch in batches if len(batch))

    def _frames(self, found: Sequence[_Packets], arrival_ns: int) -> dict[tuple[int, float], int]:
        """Return the time of each frame, in the order that the game counts."""
        frames = {
            (int(head["session_uid"]), float(head["session_time_s"]))
            for packets in found
            for head in packets.body["header"]
        }
        return {
            (session, since_s): self._clock.time_ns(session, since_s, arrival_ns)
            for session, since_s in sorted(frames)
        }

    @staticmethod
    def _players(
        found: Sequence[_Packets], frames: dict[tuple[int, float], int], times_ns: IntArray
    ) -> IntArray:
        """Return the player's index in each frame, shape (n,)."""
        players = np.zeros(len(times_ns), dtype=np.int64)
        for packets in found:
            rows = np.searchsorted(times_ns, _times(packets, frames))
            players[rows] = packets.body["header"]["player"]
        return players


def _key(datagram: bytes, number: int, refusals: Refusals) -> tuple[int, int] | None:
    """Return a packet's format and id; None if it is of no use, with a reason if it is broken."""
    problem = _problem(datagram)
    if problem is not None:
        refusals.row(number, None, _EXPECTED, problem)
        return None
    head = np.frombuffer(datagram, HEADER, 1)[0]
    key = int(head["packet_format"]), int(head["packet_id"])
    return key if key in LAYOUTS else None


def _problem(datagram: bytes) -> str | None:
    """Return why a packet cannot be read; None if it can, or is of a kind that is left out."""
    if len(datagram) < HEADER.itemsize:
        return f"The F1 packet has {len(datagram)} bytes, fewer than its header: it was cut off."
    head = np.frombuffer(datagram, HEADER, 1)[0]
    year, packet_id = int(head["packet_format"]), int(head["packet_id"])
    if year not in FORMATS:
        return (
            f"The game sends F1 packets of format {year}. Set UDP Format in its telemetry "
            "settings to 2023, 2024 or 2025."
        )
    layout = LAYOUTS.get((year, packet_id))
    if layout is None:
        return None if packet_id in OTHER_IDS else f"Format {year} has no packet {packet_id}."
    if len(datagram) != layout.size:
        return (
            f"F1 packet {packet_id} of format {year} has {len(datagram)} bytes, not "
            f"{layout.size}. Set another UDP Format in the game, or update it."
        )
    if not 0.0 <= float(head["session_time_s"]) < _MAX_SESSION_S or int(head["player"]) >= CARS:
        return "The F1 packet's header has no valid session time or player's car: it is damaged."
    return None


def _times(packets: _Packets, frames: dict[tuple[int, float], int]) -> IntArray:
    heads = packets.body["header"]
    keys = zip(heads["session_uid"].tolist(), heads["session_time_s"].tolist(), strict=True)
    return np.fromiter((frames[key] for key in keys), dtype=np.int64, count=len(heads))


def _fill(
    table: dict[str, FloatArray], packets: _Packets, rows: IntArray, shape: tuple[int, int]
) -> None:
    """Write packets into the table of frames by cars; what has no number stays NaN."""
    entries = packets.body["cars" if packets.layout.is_by_car else "session"]
    fields = entries.dtype.names or ()
    for channel in CHANNELS[packets.packet_id]:
        if channel.field not in fields:  # came with a later format
            continue
        values = channel.read(entries)
        values = np.where(np.isfinite(values), values, np.nan)
        column = table.setdefault(channel.name, np.full(shape, np.nan))
        column[rows] = values if packets.layout.is_by_car else values[:, np.newaxis]


def _batch(
    machine: str,
    times_ns: IntArray,
    names: Sequence[str],
    values: FloatArray,
    at: tuple[IntArray, IntArray | np.intp],
) -> Batch:
    """Return one car's share, less the channels that it does not fill.

    Args:
        machine: The car.
        times_ns: Of the frames, shape (n,).
        names: Of the channels.
        values: Shape (channels, n, CARS).
        at: Which frames, and which car in each of them or in all.
    """
    rows, cars = at
    share = np.ascontiguousarray(values[:, rows, cars])
    is_filled = ~np.isnan(share).all(axis=1)
    columns = {names[i]: share[i] for i in np.flatnonzero(is_filled).tolist()}
    return Batch(machine, times_ns[rows] if columns else times_ns[:0], columns)
