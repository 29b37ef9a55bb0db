"""From a feed's names and units to a profile's: every value is checked, nothing is invented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from telltale.batch import NS_PER_S, Batch, BoolArray, FloatArray
from telltale.errors import UnitError
from telltale.formats.base import MAX_REASONS, Rejection
from telltale.profiles.names import NameTable
from telltale.profiles.plan import Column, Plan, column_of, plan_of
from telltale.profiles.refused import Refused
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


class Conformer:
    """Applies one profile. Made once per profile, used for every batch; safe to share."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._names = NameTable(profile)
        self._plans: dict[object, Plan] = {}

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
        refused = Refused()
        kept = _not_future(batch, now_ns + int(max_future_s * NS_PER_S), refused)
        if codes:
            kept = self._recoded(kept, plan, codes, refused)
        columns = plan.clean(kept)
        if columns is None:
            columns = _checked(kept, plan, refused)
        held = _not_empty(Batch(kept.machine, kept.time_ns, columns), refused, plan)
        return Conformed(
            held, refused.row_count, refused.value_count, refused.told(), _present(batch, plan)
        )

    def _plan(self, names: tuple[str, ...], units: Mapping[str, str]) -> Plan:
        key = (names, tuple(units.items())) if units else names
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= MAX_PLANS:
                self._plans.clear()
            plan = self._plans[key] = self._made(names, units)
        return plan

    def _made(self, names: Sequence[str], units: Mapping[str, str]) -> Plan:
        columns: list[Column] = []
        unknown: dict[str, str] = {}
        for name in names:
            found = self._names.find(name)
            if found is None:
                unknown[name] = self._names.suggest(name)
                continue
            channel = self.profile.channels[found.channel]
            unit = units.get(name) or found.unit or channel.unit
            if channel.unit == "1" and unit_id(unit) is None:
                unit = "1"  # a unit that nobody knows, on a channel that claims none
            try:
                scale, offset = conversion(unit, channel.unit)
            except UnitError as error:
                unknown[name] = f"Means {found.channel!r}, but its unit does not fit. {error}"
                continue
            bounds = channel.range
            columns.append(column_of(name, found.channel, (scale, offset), bounds, unit))
        # A canonical name goes before its aliases, whatever the feed's order.
        columns.sort(key=lambda column: column.name != column.channel)
        return plan_of(columns, unknown)

    def _recoded(self, batch: Batch, plan: Plan, codes: Codes, refused: Refused) -> Batch:
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


def _present(batch: Batch, plan: Plan) -> dict[str, str]:
    """Return the unknown names that hold a value: an empty column loses nothing."""
    return {
        name: sentence
        for name, sentence in plan.unknown.items()
        if not bool(np.isnan(batch.columns[name]).all())
    }


def _checked(batch: Batch, plan: Plan, refused: Refused) -> dict[str, FloatArray]:
    """Return all columns converted, each checked by itself, without what must be refused."""
    columns: dict[str, FloatArray] = {}
    for column in plan.columns:
        values = column.converted(batch.columns[column.name])
        if _is_outside(values, column):
            values = refused.values(batch.columns[column.name], values, column)
        first = columns.get(column.channel)
        columns[column.channel] = values if first is None else _first_finite(first, values)
    return columns


def _is_outside(values: FloatArray, column: Column) -> bool:
    """Tell whether a value is below, above or infinite. NaN is missing, not outside."""
    if not len(values):
        return False
    low, high = np.fmin.reduce(values), np.fmax.reduce(values)
    return bool(low < column.low or high > column.high)


def _first_finite(first: FloatArray, second: FloatArray) -> FloatArray:
    missing = np.isnan(first)
    return np.where(missing, second, first) if bool(missing.any()) else first


def _not_future(batch: Batch, latest_ns: int, refused: Refused) -> Batch:
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


def _not_empty(batch: Batch, refused: Refused, plan: Plan) -> Batch:
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
    column: Column,
    refused: Refused,
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
