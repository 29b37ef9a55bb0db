"""Haltech NSP logs: a preamble that names the channels, then raw integers.

The log does not say how the integers scale. The factors below are those with which the channels'
display limits in the file and a recorded drive read as a real engine's:

* Pressure, AbsPressure: 0.1 kPa. Display limits end in 13 (1013 = 101.3 kPa, one atmosphere).
* Temperature: 0.1 K. Limits 2331 to 4731 are -40 to 200 degC; a warm engine reads 3434, 70 degC.
* BatteryVoltage: mV. 13175 with the engine running.
* Percentage, Angle: 0.1. A closed throttle reads 53; limits of ignition are +-600.
* AFR: 0.001 lambda. The target reads 943 to 1001; limits 476 to 1361.
* Speed: 0.1 km/h, limit 4000. Decibel: 0.01 dB, limit 6000.
* Ratio, GearRatio: 0.001. The engine's pressure ratio reads 457 at 46.3 kPa.
* EngineSpeed rpm, Time_us, Time_ms, Gear, MassPerCyl (mg; 95 at idle): as they are.

Any other type stays raw, with the unit "1".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, tzinfo

import numpy as np

from telltale.batch import FloatArray
from telltale.errors import DecodeError
from telltale.formats.chunks import Chunk
from telltale.formats.columns import Column, Role
from telltale.formats.csv_dialect import Dialect
from telltale.formats.layout import Clock, Layout
from telltale.formats.refusals import Refusals
from telltale.formats.table import TableDecoder
from telltale.formats.times import text_to_ns

MAGIC = b"%DataLog%"
MAX_CHANNELS = 2_000
_NO_SENSOR_BELOW = -2_147_480_000  # int32 minimum plus a small code
_ENTRY = re.compile(r"\s*([^:]+?)\s*:\s*(.*?)\s*")
_TIME = "time"
_DAY_NS = 86_400_000_000_000

# Type: unit, factor, offset
SCALES: dict[str, tuple[str, float, float]] = {
    "Pressure": ("kPa", 0.1, 0.0),
    "AbsPressure": ("kPa", 0.1, 0.0),
    "Temperature": ("degC", 0.1, -273.15),
    "BatteryVoltage": ("V", 0.001, 0.0),
    "Percentage": ("%", 0.1, 0.0),
    "Angle": ("deg", 0.1, 0.0),
    "AFR": ("lambda", 0.001, 0.0),
    "Speed": ("km/h", 0.1, 0.0),
    "Decibel": ("dB", 0.01, 0.0),
    "Ratio": ("1", 0.001, 0.0),
    "GearRatio": ("1", 0.001, 0.0),
    "EngineSpeed": ("rpm", 1.0, 0.0),
    "Time_us": ("us", 1.0, 0.0),
    "Time_ms": ("ms", 1.0, 0.0),
    "MassPerCyl": ("mg", 1.0, 0.0),
}
_RAW = ("1", 1.0, 0.0)


@dataclass(frozen=True, slots=True)
class Preamble:
    """What stands before the rows: channels with their types, and the day of the log."""

    types: dict[str, str]
    day_ns: int | None
    skip_lines: int
    encoding: str


def read_preamble(head: bytes, zone: tzinfo = UTC) -> Preamble:
    """Read a Haltech log's preamble. Raises DecodeError if it names no channels."""
    encoding = "utf-8"
    try:
        head.decode()
    except UnicodeDecodeError as error:
        encoding = "utf-8" if error.start >= len(head) - 4 else "latin-1"
    types: dict[str, str] = {}
    name, day_ns, skip = "", None, 0
    for skip, line in enumerate(head.decode(encoding, "replace").splitlines()):  # noqa: B007
        match = _ENTRY.fullmatch(line)
        if re.match(r"\d{1,2}:\d\d", line):
            break
        if match is None:
            continue
        key, value = match.groups()
        if key == "Channel":
            name = value if value not in types else f"{value} ({len(types)})"
            types[name] = ""
        elif key == "Type" and name:
            types[name] = value
        elif key == "Log":
            day_ns = text_to_ns(value, zone) // _DAY_NS * _DAY_NS
    if not types or len(types) > MAX_CHANNELS:
        raise DecodeError(
            f"The Haltech log names {len(types)} channels. Export it again as CSV from NSP."
        )
    return Preamble(types, day_ns, skip, encoding)


def dialect_of(preamble: Preamble) -> Dialect:
    """Return how the rows are written."""
    header = (_TIME, *preamble.types)
    units = {name: _scale(kind)[0] for name, kind in preamble.types.items()}
    return Dialect(preamble.encoding, ",", ".", header, units, preamble.skip_lines)


def layout_of(preamble: Preamble) -> Layout:
    """Return what the columns are."""
    columns = tuple(
        Column(
            name,
            Role.NUMBER,
            _scale(kind)[0],
            "" if kind in SCALES else f"raw, type {kind}",
            guess=kind not in SCALES,
        )
        for name, kind in preamble.types.items()
    )
    time = Column(_TIME, Role.TIME)
    return Layout("Haltech log", (time, *columns), Clock.TIME_OF_DAY, _TIME, resolution_ns=10**6)


def _scale(kind: str) -> tuple[str, float, float]:
    return SCALES.get(kind, _RAW)


class HaltechDecoder(TableDecoder):
    """As `TableDecoder`, with raw integers scaled to units."""

    def __init__(
        self, preamble: Preamble, *, machine: str, start_ns: int, zone: tzinfo = UTC
    ) -> None:
        super().__init__(layout_of(preamble), machine=machine, start_ns=start_ns, zone=zone)
        self._types = preamble.types

    def _numbers(self, chunk: Chunk, name: str, refusals: Refusals) -> FloatArray:
        raw = super()._numbers(chunk, name, refusals)
        _, factor, offset = _scale(self._types.get(name, ""))
        return np.where(raw < _NO_SENSOR_BELOW, np.nan, raw * factor + offset)
