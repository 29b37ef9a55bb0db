"""Words in a feed's columns: each gets the number that the profile has for it, or is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from telltale.batch import Batch, FloatArray, IntArray
from telltale.formats.base import BOOLEANS, shown
from telltale.profiles.plan import Column
from telltale.profiles.refused import Refused
from telltale.profiles.schema import Channel
from telltale.units import unit_id

MAX_SHOWN_WORDS = 12


@dataclass(frozen=True, slots=True)
class Recoded:
    """A batch whose words have the profile's numbers, and columns of which none is left."""

    batch: Batch
    left_out: dict[str, str] = field(default_factory=dict)


def recoded(
    done: Recoded, fed: Mapping[str, float], channel: Channel, column: Column, refused: Refused
) -> Recoded:
    """Return the profile's number for each word; a word that it has none for is refused."""
    own, expected = _words(channel), _expected(channel, column)
    values = done.batch.columns[column.name]
    numbers = np.full(len(values), np.nan)
    for word, number in tuple(fed.items()):
        if (code := own.get(_folded(word))) is not None:
            numbers[values == number] = code
    first = ""
    for word, rows in _strangers(values, fed, own):
        refused.words(rows, column, word, expected)
        first = first or (word if len(rows) else "")
    left_out = dict(done.left_out)
    if first and bool(np.isnan(numbers).all()):
        left_out[column.name] = f"Holds words such as {shown(first)!r}, expected {expected}."
    return Recoded(done.batch.adding({column.name: numbers}), left_out)


def _strangers(
    values: FloatArray, fed: Mapping[str, float], own: Mapping[str, float]
) -> Iterator[tuple[str, IntArray]]:
    """Yield the words that a channel has no number for, and in which rows they stand."""
    for word, number in tuple(fed.items()):  # a table's words grow while its next piece is read
        if _folded(word) not in own:
            yield word, np.flatnonzero(values == number)


def _folded(word: str) -> str:
    """Return a word as words are compared."""
    return word.strip().casefold()


def _words(channel: Channel) -> Mapping[str, float]:
    """Return the number of each word that a channel takes, the words in small letters."""
    if channel.codes:
        return {_folded(word): number for word, number in channel.codes.items()}
    return BOOLEANS if unit_id(channel.unit) in {"1", "count"} else {}


def _expected(channel: Channel, column: Column) -> str:
    """Return what a coded column may hold; a channel without words takes numbers only."""
    words = tuple(channel.codes)
    more = f" and {len(words) - MAX_SHOWN_WORDS} more" if len(words) > MAX_SHOWN_WORDS else ""
    return f"one of {', '.join(words[:MAX_SHOWN_WORDS])}{more}" if words else column.expected()


def new_words(values: FloatArray, fed: Mapping[str, float], channel: Channel) -> tuple[str, ...]:
    """Return the words in a column that its channel has no number for."""
    return tuple(word for word, rows in _strangers(values, fed, _words(channel)) if len(rows))
