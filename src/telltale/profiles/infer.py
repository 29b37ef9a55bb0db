"""Writes a profile from a log: names, units, ranges and rates as the data show them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from telltale.batch import NS_PER_S, Batch, FloatArray, concat
from telltale.errors import ProfileError
from telltale.formats.base import Decoded
from telltale.profiles.header import channel_name, titled, units_of
from telltale.profiles.names import split_unit
from telltale.profiles.schema import Channel, Profile

LEARN_S = 4500.0  # a third of it holds 100 windows of 15 s, from which a limit can be set
MAX_SAMPLES = 100_000  # enough for percentiles; minimum and maximum look at every row
MAX_LISTED = 10
MAX_DECIMALS = 6
SIGNIFICANT_DIGITS = 4  # of a channel's span, what a person reads
DEFAULT_RATE_HZ = 1.0
LEAST_RANGE = 1e9
RANGE_FACTOR = 1000.0
MAX_RANGE = 1e300
LEAST_STEP_NS = 1_000  # rows without a time are nanoseconds apart, which is no rate
LEAST_SPAN = 1e-200  # below that, round numbers have no digits left


@dataclass(frozen=True, slots=True)
class _Named:
    """One column of the log, and the channel it becomes."""

    header: str
    name: str
    unit: str
    values: FloatArray
    codes: Mapping[str, float]


def infer_profile(
    decoded: Decoded,
    *,
    id: str,  # noqa: A002 - a profile's own word
    title: str,
    units: Mapping[str, str] | None = None,
) -> Profile:
    """Return a profile that takes every value of this log.

    Args:
        decoded: The log, or its first part. Several machines of one kind are taken together.
        id: Names the profile.
        title: For people; "_" and "-" between words become spaces.
        units: Column name to unit, where somebody knows better than the file.

    Raises:
        ProfileError: No column holds a number.
    """
    held = [batch for batch in decoded.batches if len(batch)]
    batch = concat([one.renamed("log") for one in held]) if held else None
    columns = _columns(batch, decoded, units or {}) if batch else []
    if batch is None or not any(np.isfinite(column.values).any() for column in columns):
        raise ProfileError(f"{id}: no column with numbers was found. Check the file's delimiter.")
    listed = _listed(columns)
    rate_hz = _rate_hz(held)
    return Profile(
        id=id,
        title=_spaced(title),
        description=f"Inferred from {len(batch)} readings; nobody has checked it yet.",
        channels=_channels(columns),
        cards=listed,
        charts=listed,
        rate_hz=rate_hz,
        stale_after_s=_rounded(max(5.0, 10.0 / rate_hz)),
        fill_s=_rounded(max(1.0, 5.0 / rate_hz)),
        session_gap_s=_rounded(max(1800.0, 100.0 / rate_hz)),
        learn_s=LEARN_S,
        inferred=True,
    )


def _spaced(title: str) -> str:
    """Return an id or a file's stem as words; the dashes of a date stay."""
    words = " ".join(re.sub(r"(?<!\d)-|-(?!\d)|_", " ", title).split())
    return words[:1].upper() + words[1:] if words else title


def _columns(batch: Batch, decoded: Decoded, units: Mapping[str, str]) -> list[_Named]:
    """Return the columns, each with a name of its own.

    A column that is empty so far is kept: its numbers may come later in the file.
    """
    names = [name for name in batch.columns if name.strip()]
    known = units_of(names, {**decoded.units, **units})
    # Feeds' names are compared without case, so spellings that differ in it are one channel.
    spellings: dict[str, list[str]] = {}
    for name in names:
        spellings.setdefault(name.casefold(), []).append(name)
    columns: list[_Named] = []
    for folded, (header, *others) in spellings.items():
        taken = {column.name for column in columns} | (spellings.keys() - {folded})
        columns.append(
            _Named(
                header,
                channel_name(header, known.get(header), taken),
                known.get(header, "1"),
                np.concatenate([batch.columns[name] for name in (header, *others)]),
                decoded.codes.get(header) or decoded.names.get(header, {}),
            )
        )
    return columns


def _channels(columns: list[_Named]) -> dict[str, Channel]:
    """Return the channels; a header is an alias, without its unit too where that is free."""
    owner = {column.name: column.name for column in columns}
    aliases: dict[str, list[str]] = {column.name: [] for column in columns}
    for spelled in (lambda header: header, lambda header: split_unit(header)[0]):
        for column in columns:
            spelling = spelled(column.header)
            if spelling.strip() and spelling.casefold() not in owner:
                owner[spelling.casefold()] = column.name
                aliases[column.name].append(spelling)
    return {column.name: _channel(column, tuple(aliases[column.name])) for column in columns}


def _channel(column: _Named, aliases: tuple[str, ...]) -> Channel:
    finite = column.values[np.isfinite(column.values)]
    title = titled(column.header, column.unit)
    if not len(finite):
        return Channel(title, column.unit, _range(0.0), scale=(0.0, 1.0), aliases=aliases)
    low, high = float(finite.min()), float(finite.max())
    if column.codes:
        low, high = min(low, *column.codes.values()), max(high, *column.codes.values())
    span = min(max((high - low) or abs(high) or 1.0, LEAST_SPAN), MAX_RANGE)
    sample = finite[:: max(1, len(finite) // MAX_SAMPLES)]
    decimals = _decimals(sample, span)
    usual = [round(float(end), decimals) for end in np.quantile(sample, [0.05, 0.95])]
    return Channel(
        title=title,
        unit=column.unit,
        range=_range(max(abs(low), abs(high))),
        scale=_outwards(low, high, span),
        normal=(usual[0], usual[1]) if usual[0] < usual[1] else None,
        decimals=decimals,
        aliases=aliases,
        codes=dict(column.codes),
    )


def _range(largest: float) -> tuple[float, float]:
    """Return bounds far outside what was seen.

    A log shows what a machine did, not what its sensors can give. A reading that is refused is
    lost, so an inferred range refuses only the absurd; the person who checks it narrows it.
    """
    end = max(LEAST_RANGE, 10.0 ** math.ceil(math.log10(max(largest, 1.0))) * RANGE_FACTOR)
    return -min(end, MAX_RANGE), min(end, MAX_RANGE)


def _outwards(low: float, high: float, span: float) -> tuple[float, float]:
    """Return the ends of a scale: moved outwards to round numbers, by a twentieth of the span."""
    step = 10.0 ** math.floor(math.log10(span / 10.0))
    first, last = math.floor(low / step - 0.5) * step, math.ceil(high / step + 0.5) * step
    digits = max(0, -math.floor(math.log10(step)))
    ends = round(first, digits), round(last, digits)
    return ends if ends[0] < ends[1] else (low - span, high + span)


def _decimals(values: FloatArray, span: float) -> int:
    """Return the digits that the values use, but not more than the span makes readable."""
    readable = max(0, SIGNIFICANT_DIGITS - 1 - math.floor(math.log10(span)))
    for digits in range(min(MAX_DECIMALS, readable)):
        if np.allclose(np.round(values, digits), values, rtol=0.0, atol=span * 1e-9):
            return digits
    return min(MAX_DECIMALS, readable)


def _rate_hz(batches: list[Batch]) -> float:
    """Return the usual rate of one machine's readings."""
    steps = np.concatenate([np.diff(batch.time_ns) for batch in batches])
    steps = steps[steps > LEAST_STEP_NS]
    return _rounded(NS_PER_S / float(np.median(steps))) if len(steps) else DEFAULT_RATE_HZ


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def _listed(columns: list[_Named]) -> tuple[str, ...]:
    """Return the columns that say most, in the file's order: present, and of many values."""

    def information(column: _Named) -> float:
        finite = column.values[np.isfinite(column.values)]
        distinct = len(np.unique(finite[:: max(1, len(finite) // 1000)]))
        return math.log2(max(1, distinct)) * len(finite) / len(column.values)

    ranked = sorted(columns, key=information, reverse=True)[:MAX_LISTED]
    return tuple(column.name for column in columns if column in ranked)
