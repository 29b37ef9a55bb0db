"""From a feed's names and units to a profile's: every value is checked, nothing is invented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from telltale.batch import NS_PER_S, Batch, BoolArray, FloatArray
from telltale.errors import UnitError
from telltale.formats.base import MAX_REASONS, Rejection, shown
from telltale.profiles.names import NameTable
from telltale.profiles.schema import Channel, Profile
from telltale.units import conversion, unit_id

MAX_PLANS = 256  # a feed writes the same few sets of names for ever; beyond that, start over
Codes = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Conformed:
    """A batch in a profile's own names and units, and what was refused on the way.

    Attributes:
        batch: Columns under canonical names, in canonical units; a refused value is NaN.
        rejected_rows: Samples of which nothing was kept.
        rejected_values: Single values that became NaN.
        reasons: At most `MAX_REASONS`, rows counted from 0 in the batch that came in.
        unknown: Feed name to a sentence, for names that no channel has.
    """

    batch: Batch
    rejected_rows: int = 0
    rejected_values: int = 0
    reasons: tuple[Rejection, ...] = ()
    unknown: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Column:
    """One feed column: where it goes, how it converts, what its channel takes."""

    name: str
    channel: str
    scale: float
    offset: float
    low: float
    high: float
    unit: str

    def converted(self, values: FloatArray) -> FloatArray:
        """Return the values in the channel's unit; the same array if there is nothing to do."""
        if self.scale == 1.0 and self.offset == 0.0:
            return values
        with np.errstate(over="ignore"):  # becomes infinite, and infinite is refused
            return values * self.scale + self.offset

    def expected(self) -> str:
        """Return what would be right, in the feed's own unit."""
        ends = sorted((end - self.offset) / self.scale for end in (self.low, self.high))
        unit = "" if self.unit in {"1", "count"} else f" in {self.unit}"
        return f"a number{unit} from {ends[0]:g} to {ends[1]:g}"


@dataclass(frozen=True, slots=True)
class _Plan:
    """What to do with one set of names."""

    columns: tuple[_Column, ...]
    unknown: dict[str, str]


class Conformer:
    """Applies one profile. Made once per profile, used for every batch; safe to share."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._names = NameTable(profile)
        self._plans: dict[object, _Plan] = {}

    def conform(
        self,
        batch: Batch,
        *,
        now_ns: int,
        units: Mapping[str, str] | None = None,
        codes: Codes | None = None,
        max_future_s: float = 300.0,
    ) -> Conformed:
        """Return the batch in canonical names and units. The input stays untouched.

        Args:
            batch: Under the feed's names.
            now_ns: UTC time of the watching machine.
            units: Feed name to unit, where the feed says it; goes before an alias' unit.
            codes: Feed name to its words' numbers, where a column held words.
            max_future_s: How far ahead of `now_ns` a sample may be.
        """
        plan = self._plan(tuple(batch.columns), units or {})
        refused = _Refused()
        kept = _not_future(batch, now_ns + int(max_future_s * NS_PER_S), refused)
        if codes:
            kept = self._recoded(kept, plan, codes, refused)
        columns: dict[str, FloatArray] = {}
        for column in plan.columns:
            values = column.converted(kept.columns[column.name])
            if _is_outside(values, column):
                values = refused.values(kept.columns[column.name], values, column)
            first = columns.get(column.channel)
            columns[column.channel] = values if first is None else _first_finite(first, values)
        held = _not_empty(Batch(kept.machine, kept.time_ns, columns), refused, plan)
        return Conformed(
            held, refused.row_count, refused.value_count, refused.told(), dict(plan.unknown)
        )

    def _plan(self, names: tuple[str, ...], units: Mapping[str, str]) -> _Plan:
        key = (names, tuple(units.items())) if units else names
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= MAX_PLANS:
                self._plans.clear()
            plan = self._plans[key] = self._made(names, units)
        return plan

    def _made(self, names: Sequence[str], units: Mapping[str, str]) -> _Plan:
        columns: list[_Column] = []
        unknown: dict[str, str] = {}
        for name in names:
            found = self._names.find(name)
            if found is None:
                unknown[name] = self._names.suggest(name)
                continue
            channel = self.profile.channels[found.channel]
            unit = units.get(name) or found.unit or channel.unit
            try:
                scale, offset = conversion(unit, channel.unit)
            except UnitError as error:
                unknown[name] = f"Means {found.channel!r}, but its unit does not fit. {error}"
                continue
            columns.append(
                _Column(name, found.channel, scale, offset, *channel.range, unit_id(unit) or unit)
            )
        # A canonical name goes before its aliases, whatever the feed's order.
        columns.sort(key=lambda column: column.name != column.channel)
        return _Plan(tuple(columns), unknown)

    def _recoded(self, batch: Batch, plan: _Plan, codes: Codes, refused: _Refused) -> Batch:
        """Return the batch with the feed's numbers for words replaced by the profile's."""
        changed: dict[str, FloatArray] = {}
        for column in plan.columns:
            channel = self.profile.channels[column.channel]
            if column.name in codes and channel.codes:
                values = batch.columns[column.name]
                changed[column.name] = _recoded(
                    values, codes[column.name], channel, column, refused
                )
        return batch.adding(changed) if changed else batch


class _Refused:
    """Counts and explains what one call refused."""

    def __init__(self) -> None:
        self.row_count = 0
        self.value_count = 0
        self._reasons: list[Rejection] = []

    def told(self) -> tuple[Rejection, ...]:
        """Return the reasons by row."""
        if not self._reasons:
            return ()
        ordered = sorted(self._reasons, key=lambda r: -1 if r.row is None else r.row)
        return tuple(ordered[:MAX_REASONS])

    def values(self, fed: FloatArray, values: FloatArray, column: _Column) -> FloatArray:
        """Return a copy without the values outside the channel's range, each counted."""
        bad = (values < column.low) | (values > column.high)
        self.value_count += int(np.count_nonzero(bad))
        for row in np.flatnonzero(bad)[:MAX_REASONS]:
            self.value(int(row), column, f"{float(fed[row]):g}", column.expected())
        return np.where(bad, np.nan, values)

    def value(self, row: int, column: _Column, value: str, expected: str) -> None:
        """Explain one refused value."""
        message = f"Row {row}: {column.name!r} is {shown(value)}, expected {expected}."
        self._reasons.append(Rejection(row, column.name, shown(value), expected, message))

    def rows(self, rows: Sequence[int], count: int, expected: str, advice: str) -> None:
        """Count and explain refused rows."""
        self.row_count += count
        for row in rows[:MAX_REASONS]:
            message = f"Row {row}: {expected}. {advice}"
            self._reasons.append(Rejection(int(row), None, None, expected, message))


def _is_outside(values: FloatArray, column: _Column) -> bool:
    """Tell whether a value is below, above or infinite. NaN is missing, not outside."""
    if not len(values):
        return False
    low, high = np.fmin.reduce(values), np.fmax.reduce(values)
    return bool(low < column.low or high > column.high)


def _first_finite(first: FloatArray, second: FloatArray) -> FloatArray:
    missing = np.isnan(first)
    return np.where(missing, second, first) if bool(missing.any()) else first


def _not_future(batch: Batch, latest_ns: int, refused: _Refused) -> Batch:
    """Return the samples up to `latest_ns`; time never decreases, so they come first."""
    if not len(batch) or batch.time_ns[-1] <= latest_ns:
        return batch
    keep = int(np.searchsorted(batch.time_ns, latest_ns, side="right"))
    refused.rows(
        range(keep, len(batch)),
        len(batch) - keep,
        "a time that is not in the future",
        "Check the clock and the time zone of the feed.",
    )
    return batch.rows(0, keep)


def _not_empty(batch: Batch, refused: _Refused, plan: _Plan) -> Batch:
    """Return the samples that hold at least one value."""
    held: BoolArray | None = None
    for values in batch.columns.values():
        finite = ~np.isnan(values)
        held = finite if held is None else held | finite
        if bool(held.all()):
            return batch
    if held is None:
        held = np.zeros(len(batch), dtype=np.bool_)
    lost = np.flatnonzero(~held)
    advice = (
        "Every value was missing or refused."
        if plan.columns
        else "No name of this feed is a channel or alias of the machine's profile."
    )
    refused.rows(lost.tolist()[:MAX_REASONS], len(lost), "at least one known value", advice)
    return batch.where(held)


def _recoded(
    values: FloatArray,
    fed: Mapping[str, float],
    channel: Channel,
    column: _Column,
    refused: _Refused,
) -> FloatArray:
    """Return the profile's number for each word; a word that it does not list is refused."""
    own = {word.casefold(): number for word, number in channel.codes.items()}
    recoded = np.full(len(values), np.nan)
    for word, number in fed.items():
        rows = np.flatnonzero(values == number)
        if (code := own.get(word.strip().casefold())) is not None:
            recoded[rows] = code
            continue
        refused.value_count += len(rows)
        for row in rows[:MAX_REASONS]:
            refused.value(int(row), column, word, f"one of {', '.join(channel.codes)}")
    return recoded
