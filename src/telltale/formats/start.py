"""When a recording began whose clock counts from its start, and whose it is by its name."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from pathlib import PurePath

from telltale.errors import DecodeError
from telltale.formats.raw_columns import MAX_ID_LENGTH
from telltale.formats.times import text_to_ns

_DATE = re.compile(
    r"(?<!\d)(20\d\d|19\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?!\d)"
    r"(?:[T _-]+([01]\d|2[0-3])[-_.:h]?([0-5]\d)(?:[-_.:m]?([0-5]\d))?\s*(am|pm)?(?![0-9]))?",
    re.IGNORECASE,
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
    """Return a machine's id made from a file name: "pump 7.csv.gz" gives "pump-7"."""
    stem = PurePath(filename).name
    for suffix in (".gz", ".csv", ".txt", ".log", ".tsv", ".json", ".ndjson", ".jsonl",
                   ".msgpack", ".parquet"):  # fmt: skip
        stem = stem[: -len(suffix)] if stem.lower().endswith(suffix) else stem
    text = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-.")[:MAX_ID_LENGTH]
    return f"log-{text}" if text.isdigit() else text or "machine"


def said(time_ns: int) -> str:
    """Return a time for people, UTC, to the second."""
    return f"{datetime.fromtimestamp(time_ns // 10**9, UTC):%Y-%m-%d %H:%M:%S} UTC"
