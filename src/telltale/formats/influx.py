"""Influx line protocol to batches: `machine=press-1,... temp_c=61.5 1780300800000000000`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter

import numpy as np

from telltale.batch import Batch, FloatArray, IntArray
from telltale.errors import DecodeError, TooLargeError
from telltale.formats.base import BOOLEANS, Decoded, shown
from telltale.formats.influx_lines import Group, LineReader
from telltale.formats.raw_columns import MAX_CELLS
from telltale.formats.refusals import Refusals
from telltale.formats.tagged import Naming

SCALES_NS: Mapping[str, int] = {
    "": 1,
    "n": 1,
    "ns": 1,
    "u": 1_000,
    "us": 1_000,
    "µ": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
MAX_WORDS = 1_000  # of one column: beyond, it holds free text
_EXPECTED = 'a number, 12i, 12u, true, false or "text"'
_NUMBER = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?\d+[iu]")
_BOOLEANS = {
    **dict.fromkeys((b"t", b"T", b"true", b"True", b"TRUE"), "true"),
    **dict.fromkeys((b"f", b"F", b"false", b"False", b"FALSE"), "false"),
}
_IN_STRING = re.compile(rb'\\(["\\])')


def scale_of(precision: str) -> int:
    """Return the nanoseconds per unit of a `precision`. Raises DecodeError."""
    if precision not in SCALES_NS:
        raise DecodeError(f"Precision {shown(precision)!r} is unknown. Use ns, us, ms, s, m or h.")
    return SCALES_NS[precision]


def decode_influx(
    body: bytes, *, naming: Naming, arrival_ns: int, precision: str = "ns"
) -> Decoded:
    """Decode a body of line protocol; a broken line costs only itself.

    Lines of one machine and time are one sample. Where a field comes twice for a time, the last
    line counts; of lines with other fields besides, the last kind of line.

    Args:
        body: Bytes, already unpacked.
        naming: Whose a series is, and what its fields are called.
        arrival_ns: Time of lines without one.
        precision: Unit of the timestamps.

    Returns:
        One batch per machine; words and booleans as codes.

    Raises:
        TooLargeError: More lines, machines or values than one body may hold.
        DecodeError: The precision is unknown.
    """
    refusals = Refusals()
    scale_ns = scale_of(precision)
    reader = LineReader(naming, scale_ns=scale_ns, arrival_ns=arrival_ns, refusals=refusals)
    groups = sorted(reader.read(body), key=attrgetter("machine"))  # stable: lines keep their order
    values = _Values(refusals)
    batches, rows = [], []
    for _, share in groupby(groups, key=attrgetter("machine")):
        batch, places = _batch(list(share), values, refusals)
        if len(batch):
            batches.append(batch)
            rows.append(places)
    return Decoded(
        tuple(batches),
        refusals.rows,
        refusals.values,
        tuple(refusals.reasons),
        codes=values.codes,
        row_numbers=tuple(rows),
    )


def _batch(groups: Sequence[Group], values: _Values, refusals: Refusals) -> tuple[Batch, IntArray]:
    """Return one machine's lines as samples, and the place of each in the body."""
    machine = groups[0].machine
    groups = [group for group in groups if group.times_ns]
    times = [np.array(group.times_ns, dtype=np.int64) for group in groups]
    time_ns = np.unique(np.concatenate(times)) if times else np.empty(0, dtype=np.int64)
    names = dict.fromkeys(name for group in groups for name in group.channels)
    if len(time_ns) * len(names) > MAX_CELLS:
        raise TooLargeError(
            f"{len(time_ns):,} times of {len(names):,} channels are too many values in one body. "
            "Send fewer lines at a time."
        )
    columns: dict[str, FloatArray] = {}
    rows = np.zeros(len(time_ns), dtype=np.int64)
    for group, group_ns in zip(groups, times, strict=True):
        at = np.searchsorted(time_ns, group_ns)
        rows[at] = group.rows
        for j, name in enumerate(group.channels):
            column = values.read(name, group.values[j :: len(group.channels)], group.rows)
            into = columns.setdefault(name, np.full(len(time_ns), np.nan))
            there = np.isfinite(column)
            into[at[there]] = column[there]
    return _without_spoilt(Batch(machine, time_ns, columns), rows, refusals)


def _without_spoilt(batch: Batch, rows: IntArray, refusals: Refusals) -> tuple[Batch, IntArray]:
    """Leave out the samples of which every value was refused."""
    if not refusals.spoilt:
        return batch, rows
    keep = np.zeros(len(batch), dtype=np.bool_)
    for column in batch.columns.values():
        keep |= np.isfinite(column)
    refusals.rows_again(int(np.count_nonzero(~keep)))
    return batch.where(keep), rows[keep]


class _Values:
    """Reads what fields hold; remembers of each column whether it is of numbers or of words."""

    def __init__(self, refusals: Refusals) -> None:
        self.codes: dict[str, dict[str, float]] = {}
        self._refusals = refusals
        self._numeric: set[str] = set()

    def read(self, name: str, texts: Sequence[bytes], rows: Sequence[int]) -> FloatArray:
        """Return one column, shape (n,); NaN where a value is refused."""
        column = _plain_numbers(texts) if name not in self.codes else None
        if column is not None:
            self._numeric.add(name)
            return column
        column = np.full(len(texts), np.nan)
        for i, text in enumerate(texts):
            column[i] = self._value(name, text, rows[i])
        return column

    def _value(self, name: str, text: bytes, row: int) -> float:
        if text in _BOOLEANS:
            return self._code(name, _BOOLEANS[text], BOOLEANS, row)
        if len(text) > 1 and text[:1] == text[-1:] == b'"':
            word = _IN_STRING.sub(rb"\1", text[1:-1]).decode("utf-8", "replace")
            return self._code(name, word, None, row)
        number = float(text.rstrip(b"iu")) if _NUMBER.fullmatch(text) else np.nan
        if not np.isfinite(number):
            return self._refused(name, text, row, f"is not {_EXPECTED}")
        if name in self.codes:
            return self._refused(name, text, row, "is a number, where this field holds words")
        self._numeric.add(name)
        return number

    def _code(self, name: str, word: str, fixed: Mapping[str, float] | None, row: int) -> float:
        """Return a word's number; true and false have theirs."""
        if name in self._numeric:
            return self._refused(name, word.encode(), row, "is a word, where numbers came before")
        codes = self.codes.setdefault(name, dict(fixed or {}))
        if word not in codes and (len(codes) >= MAX_WORDS or codes == BOOLEANS):
            return self._refused(name, word.encode(), row, "is one word too many for this field")
        return codes.setdefault(word, float(len(codes)))

    def _refused(self, name: str, text: bytes, row: int, why: str) -> float:
        said = text[:200].decode("utf-8", "replace")
        message = f"Line {row + 1}, {name}: {shown(said)!r} {why}."
        self._refusals.value(row, name, said, _EXPECTED, message)
        return np.nan


def _plain_numbers(texts: Sequence[bytes]) -> FloatArray | None:
    """Read a column of floats, or of integers that all end in "i"; None if it is anything else."""
    rest = b"".join(texts).translate(None, b"0123456789.+-eE")
    if rest:
        if rest != b"i" * len(texts):
            return None
        texts = [text[:-1] for text in texts]
    try:
        column = np.array(list(map(float, texts)), dtype=np.float64)
    except ValueError:
        return None
    return column if bool(np.isfinite(column).all()) else None
