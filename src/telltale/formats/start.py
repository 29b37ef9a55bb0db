"""When a recording began whose clock has no date, and whose it is by its name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import PurePath

from telltale.errors import DecodeError
from telltale.formats.clocks import DAY_NS
from telltale.formats.layout import Clock
from telltale.formats.names import GERMAN
from telltale.formats.raw_columns import MAX_ID_LENGTH
from telltale.formats.times import text_to_ns

_DATE = re.compile(
    r"(?<!\d)(20\d\d|19\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?!\d)"
    r"(?:[T _-]+([01]\d|2[0-3])[-_.:h]?([0-5]\d)(?:[-_.:m]?([0-5]\d))?\s*(am|pm)?(?![0-9]))?",
    re.IGNORECASE,
)

_BEGAN = {
    Clock.RELATIVE: "The clock counts from the start; it began",
    Clock.TIME_OF_DAY: "The clock has no date; its first day is",
    Clock.NONE: "The rows have no time; all are of",
}


@dataclass(frozen=True, slots=True)
class Start:
    """When a recording began.

    Attributes:
        time_ns: What its clock counts from.
        note: Where that came from, if it had to be guessed.
        is_known: False if it depends on how long the recording is, and that is not known yet.
    """

    time_ns: int
    note: str = ""
    is_known: bool = True


def start_of(
    clock: Clock,
    *,
    given_ns: int | None,
    named_ns: int | None,
    modified_ns: int,
    mark_ns: int,
    length_ns: Callable[[], int | None],
) -> Start:
    """Return when a recording began whose clock has no date.

    Args:
        clock: How it counts.
        given_ns: What the user says; goes before all else.
        named_ns: What the file's name says.
        modified_ns: When the file was changed last: then the recording ended.
        mark_ns: Under 1 ms, from the content: two tables without times that were changed in one
            moment must not write over each other; the same table must, so that a repeat is safe.
        length_ns: Finds how far the clock came; None if that is not known. Only called if needed.
    """
    told_ns = named_ns if given_ns is None else given_ns
    if told_ns is not None:
        start_ns = told_ns // DAY_NS * DAY_NS if clock is Clock.TIME_OF_DAY else told_ns
        note = f"{_BEGAN[clock]} {said(start_ns)}, taken from the file's name."
        return Start(start_ns, note if given_ns is None else "")
    if clock is Clock.NONE:
        said_ns = f"{_BEGAN[clock]} {said(modified_ns)}, the file's last change."
        return Start(modified_ns + mark_ns, said_ns)
    reach_ns = length_ns()
    if reach_ns is None:
        return Start(
            modified_ns,
            "The clock has no date: the recording is taken to end when the file was last changed, "
            f"{said(modified_ns)}, once all of it is read. Give the start if you know it.",
            is_known=False,
        )
    start_ns = modified_ns - reach_ns
    if clock is Clock.TIME_OF_DAY:
        start_ns = start_ns // DAY_NS * DAY_NS
    return Start(
        start_ns,
        f"{_BEGAN[clock]} {said(start_ns)}, so that it ends when the file was last changed. "
        "Give the start if you know it.",
    )


def date_in_name(filename: str, zone: tzinfo = UTC) -> int | None:
    """Return the moment a file name gives: 2025-07-18, 2025_1218_1904, 2025-07-18_0215pm."""
    match = _DATE.search(PurePath(filename).name)
    if match is None:
        return None
    year, month, day, hour, minute, second, half = match.groups()
    hours = int(hour or 0)
    if half and 1 <= hours <= 12:
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    text = f"{year}-{month}-{day} {hours:02d}:{minute or '00'}:{second or '00'}"
    try:
        return text_to_ns(text, zone)
    except DecodeError:  # the 31st of February
        return None


def id_of_name(filename: str) -> str:
    """Return a machine's id made from a file name: "pump 7.csv.gz" gives "pump-7".

    A name that is only a number says too little: "drives/1.csv" gives "drives-1".
    """
    path = PurePath(filename)
    stem = path.name
    for suffix in (".gz", ".zip", ".csv", ".txt", ".log", ".tsv", ".json", ".ndjson", ".jsonl",
                   ".msgpack", ".parquet", ".vbo", ".mlg"):  # fmt: skip
        stem = stem[: -len(suffix)] if stem.lower().endswith(suffix) else stem
    text = _spelt(stem)
    if text.isdigit():
        text = f"{_spelt(path.parent.name) or 'log'}-{text}"
    return text[:MAX_ID_LENGTH].strip("-.") or "machine"


def _spelt(text: str) -> str:
    """Return a text without spaces and without marks on its letters: Kühl 1 gives Kuehl-1."""
    marked = unicodedata.normalize("NFKD", text.translate(GERMAN))
    bare = unicodedata.normalize("NFC", re.sub(r"(?<=[A-Za-z])[\u0300-\u036f]+", "", marked))
    return re.sub(r"[^\w.-]+", "-", bare).strip("-.")


def said(time_ns: int) -> str:
    """Return a time for people, UTC, to the second."""
    return f"{datetime.fromtimestamp(time_ns // 10**9, UTC):%Y-%m-%d %H:%M:%S} UTC"
