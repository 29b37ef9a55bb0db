"""GR Cup telemetry in long form, one row per message, pivoted to one sample per car and time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from telltale.batch import NS_PER_S, Batch, FloatArray, IntArray
from telltale.errors import TooLargeError
from telltale.formats.base import MAX_REASONS, Decoded, shown
from telltale.formats.chunks import Chunk
from telltale.formats.gr_cup import TELEMETRY_UNITS, EcuClock, LapMemory
from telltale.formats.refusals import Refusals
from telltale.formats.text_numbers import text_numbers
from telltale.formats.times import GIVE_TIME, texts_to_ns
from telltale.formats.unix_times import EXPECTED, NOT_A_TIME

HOLD_NS = 10 * NS_PER_S  # messages of one instant may lie this far apart in the file
MAX_HELD = 400_000
MAX_NAMES = 1_000  # cars, or channels


class LongDecoder:
    """Pivots chunks of messages. Later duplicates of a message replace earlier ones.

    Args:
        header: The file's columns.
        machine: Whose the messages are, where no column says so.
        decimal: Decimal sign.
    """

    def __init__(self, header: Sequence[str], *, machine: str, decimal: str = ".") -> None:
        self._columns = {name.lower(): name for name in header}
        self._machine = machine
        self._decimal = decimal
        self._cars: dict[str, int] = {}
        self._names: dict[str, int] = {}
        self._clocks: defaultdict[int, EcuClock] = defaultdict(EcuClock)
        self._laps: defaultdict[int, LapMemory] = defaultdict(LapMemory)
        self._held: tuple[IntArray, IntArray, IntArray, FloatArray] | None = None

    def decode(self, chunk: Chunk, *, last: bool = False) -> Decoded:
        """Decode the next messages. The newest 10 s of each car are held back for stragglers."""
        refusals = Refusals()
        refusals.rows = chunk.refused_count
        refusals.reasons.extend(chunk.refused[:MAX_REASONS])
        messages = self._messages(chunk, refusals)
        if self._held is not None:
            joined = zip(self._held, messages, strict=True)
            messages = tuple(np.concatenate(pair) for pair in joined)  # type: ignore[assignment]
        time_ns, cars = messages[0], messages[1]
        ready = np.ones(len(time_ns), dtype=np.bool_)
        if not last and len(time_ns) <= MAX_HELD:
            newest = np.full(len(self._cars) + 1, NOT_A_TIME)
            np.maximum.at(newest, cars, time_ns)
            ready = time_ns <= newest[cars] - HOLD_NS
        self._held = tuple(part[~ready] for part in messages)  # type: ignore[assignment]
        time_ns, cars, names, values = messages
        batches = self._pivot(time_ns[ready], cars[ready], names[ready], values[ready])
        return Decoded(
            batches, refusals.rows, refusals.values, tuple(refusals.reasons), TELEMETRY_UNITS
        )

    def _messages(
        self, chunk: Chunk, refusals: Refusals
    ) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
        """Return time, car, channel and value of each good message; laps are messages as well."""
        n = len(chunk)
        if not n:
            none = np.empty(0, dtype=np.int64)
            return none, none, none, np.empty(0)
        cars = self._coded(self._cars, self._car_texts(chunk))
        time_ns = self._times(chunk, cars)
        self._refuse_times(chunk, time_ns, refusals)
        names = self._coded(self._names, chunk.texts(self._columns["telemetry_name"]))
        values = self._values(chunk, "telemetry_value", refusals)
        good = (time_ns != NOT_A_TIME) & ~np.isnan(values)
        parts = [(time_ns[good], cars[good], names[good], values[good])]
        if "lap" in self._columns:
            lap = np.full(n, self._names.setdefault("lap", len(self._names)), dtype=np.int64)
            laps = self._values(chunk, "lap", refusals)
            dated = (time_ns != NOT_A_TIME) & ~np.isnan(laps)
            parts.insert(0, (time_ns[dated], cars[dated], lap[dated], laps[dated]))
        joined = tuple(np.concatenate(part) for part in zip(*parts, strict=True))
        return joined[0], joined[1], joined[2], joined[3]

    def _car_texts(self, chunk: Chunk) -> Sequence[str]:
        if "vehicle_id" not in self._columns:
            return [self._machine] * len(chunk)
        texts = chunk.texts(self._columns["vehicle_id"])
        return [text.strip().replace("/", "-") or self._machine for text in texts]

    def _values(self, chunk: Chunk, column: str, refusals: Refusals) -> FloatArray:
        values = chunk.columns[self._columns[column]]
        if isinstance(values, np.ndarray):
            return np.where(np.isinf(values), np.nan, values)
        rows = chunk.row_numbers
        return text_numbers(values, column, refusals, lambda i: int(rows[i]), decimal=self._decimal)

    def _times(self, chunk: Chunk, cars: IntArray) -> IntArray:
        received_ns = texts_to_ns(chunk.texts(self._columns["meta_time"]))
        if "timestamp" not in self._columns:
            return received_ns
        logger_ns = texts_to_ns(chunk.texts(self._columns["timestamp"]))
        time_ns = received_ns.copy()
        for car in np.unique(cars):
            own = cars == car
            time_ns[own] = self._clocks[int(car)].right(logger_ns[own], received_ns[own])
        return time_ns

    def _refuse_times(self, chunk: Chunk, time_ns: IntArray, refusals: Refusals) -> None:
        bad = np.flatnonzero(time_ns == NOT_A_TIME)
        texts = chunk.texts(self._columns["meta_time"]) if len(bad) else ()
        for i in bad:
            row = int(chunk.row_numbers[i])
            message = f"Row {row}, meta_time: {shown(texts[int(i)])!r} is not a time. {GIVE_TIME}"
            refusals.row(row, texts[int(i)], EXPECTED, message)

    @staticmethod
    def _coded(index: dict[str, int], texts: Sequence[str]) -> IntArray:
        codes = np.array([index.setdefault(t, len(index)) for t in texts], dtype=np.int64)
        if len(index) > MAX_NAMES:
            raise TooLargeError(
                f"The file names more than {MAX_NAMES} different cars or channels. "
                "Check that the delimiter and the columns are right."
            )
        return codes

    def _pivot(
        self, time_ns: IntArray, cars: IntArray, names: IntArray, values: FloatArray
    ) -> tuple[Batch, ...]:
        owners = {code: car for car, code in self._cars.items()}
        batches = []
        for car in np.unique(cars):
            own = cars == car
            instants, row = np.unique(time_ns[own], return_inverse=True)
            table = np.full((len(self._names), len(instants)), np.nan)
            table[names[own], row] = values[own]  # of duplicates the last one stays
            columns = {
                name: table[code]
                for name, code in self._names.items()
                if not np.isnan(table[code]).all()
            }
            if "lap" in columns:
                columns["lap"] = self._laps[int(car)].mended(columns["lap"])
            batches.append(Batch(owners[int(car)], instants, columns))
        return tuple(batches)
