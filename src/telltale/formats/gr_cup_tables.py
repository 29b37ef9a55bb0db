"""GR Cup lap tables: rows per car and lap, with the logger's clock and lap error set right."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import cached_property

import numpy as np

from telltale.batch import Batch, BoolArray, IntArray
from telltale.formats.base import Decoded
from telltale.formats.chunks import Chunk
from telltale.formats.columns import Role
from telltale.formats.gr_cup import TRIGGERS, EcuClock, LapMemory
from telltale.formats.refusals import Refusals
from telltale.formats.table import TableDecoder, spread
from telltale.formats.times import texts_to_ns

_NAMES = {"value": "lap_time"}  # says nothing beside the lap_start and lap_end tables


class LapTableDecoder(TableDecoder):
    """As `TableDecoder`, for the lap_start, lap_end and lap_time tables.

    One lap ends in the instant in which the next begins. So that neither row writes over the
    other, the lap goes also into a column that is named after the table: `lap_start`, `lap_end`.
    """

    @cached_property
    def _laps(self) -> defaultdict[str, LapMemory]:
        return defaultdict(LapMemory)

    @cached_property
    def _clocks(self) -> defaultdict[str, EcuClock]:
        return defaultdict(EcuClock)

    def decode(self, chunk: Chunk, *, last: bool = False) -> Decoded:
        """Decode the next rows; laps are mended in each car's time order."""
        decoded = super().decode(chunk, last=last)
        batches = []
        for batch in decoded.batches:
            columns = {_NAMES.get(name, name): v for name, v in batch.columns.items()}
            name = next((n for n in columns if n.lower() == "lap"), None)
            if name is not None:
                columns[name] = lap = self._laps[batch.machine].mended(columns[name])
                if self._layout.trigger:
                    columns[TRIGGERS[self._layout.trigger]] = lap
            batches.append(Batch(batch.machine, batch.time_ns, columns))
        units = {_NAMES.get(name, name): unit for name, unit in decoded.units.items()}
        return replace(decoded, batches=tuple(batches), units=units)

    def _times(self, chunk: Chunk, refusals: Refusals) -> tuple[IntArray, BoolArray]:
        time_ns, keep = super()._times(chunk, refusals)
        logger = next((n for n in chunk.columns if n.lower() == "timestamp"), None)
        if logger is None or not len(chunk):
            return time_ns, keep
        logger_ns = texts_to_ns(chunk.texts(logger))
        cars = np.array(self._machines(chunk.texts(self._layout.named(Role.MACHINE)[0])))
        for car in np.unique(cars):
            own = cars == car
            clock = self._clocks[str(car)]
            time_ns[own] = _apart(clock.right(logger_ns[own], time_ns[own]))
        return time_ns, keep


def _apart(time_ns: IntArray) -> IntArray:
    """Spread rows of one car and instant over the clock's millisecond: laps end twice at times."""
    order = np.argsort(time_ns, kind="stable")
    apart = time_ns.copy()
    apart[order] = spread(time_ns[order], 1_000_000)
    return apart
