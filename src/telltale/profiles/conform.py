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
from telltale.profiles.schema import Profile
from telltale.profiles.words import Recoded, new_words, recoded
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
        unknown: Feed name to a sentence, for every column that was left out as a whole: no channel
            has its name, or its unit or its words do not fit the channel.
    """

    batch: Batch
    rejected_rows: int = 0
    rejected_values: int = 0
    reasons: tuple[Rejection, ...] = ()
    unknown: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class News:
    """What a batch holds that its profile does not know.

    Attributes:
        names: Columns with values that fit no channel.
        words: Channel to the words that it has no number for.
    """

    names: frozenset[str]
    words: dict[str, tuple[str, ...]]

    def __bool__(self) -> bool:
        return bool(self.names or self.words)


class Conformer:
    """Applies one profile. Made once per profile, used for every batch; safe to share."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.names = NameTable(profile)
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
        spelt = self._recoded(kept, plan, codes, refused) if codes else Recoded(kept)
        kept = spelt.batch
        columns = plan.clean(kept)
        if columns is None:
            columns = _checked(kept, plan, refused)
        held = _not_empty(Batch(kept.machine, kept.time_ns, columns), refused, plan)
        return Conformed(
            held,
            refused.row_count,
            refused.value_count,
            refused.told(),
            {**_present(batch, plan), **spelt.left_out},
        )

    def news(self, batch: Batch, units: Mapping[str, str], codes: Codes) -> News:
        """Return what the profile would have to learn to take all of a batch."""
        plan = self._plan(tuple(batch.columns), units)
        words: dict[str, tuple[str, ...]] = {}
        for column in plan.columns if codes else ():
            channel, fed = self.profile.channels[column.channel], codes.get(column.name, {})
            if strange := new_words(batch.columns[column.name], fed, channel):
                words[column.channel] = strange
        return News(frozenset(_present(batch, plan)), words)

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
            found = self.names.find(name)
            if found is None:
                unknown[name] = self.names.suggest(name)
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

    def _recoded(self, batch: Batch, plan: Plan, codes: Codes, refused: Refused) -> Recoded:
        """Return the batch with the feed's numbers for words replaced by the profile's."""
        done = Recoded(batch)
        for column in plan.columns:
            if column.name in codes:
                channel = self.profile.channels[column.channel]
                done = recoded(done, codes[column.name], channel, column, refused)
        return done


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
