"""How full the store is, how fast it grows, and when the disk will be full."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from telltale.store.commit import HOUR_NS

DAY_HOURS = 24


@dataclass(frozen=True, slots=True)
class DiskUse:
    """What the store takes and how that grows. Growth is None before an hour has passed."""

    rows: int
    size_bytes: int
    free_bytes: int
    bytes_per_day: float | None
    full_in_days: float | None


def measure(
    connection: sqlite3.Connection, folder: Path, now_ns: int, limit_bytes: int | None
) -> DiskUse:
    """Return disk use, from counters kept by the writer and the sizes of the files."""
    rows = int(connection.execute("SELECT coalesce(sum(rows), 0) FROM stretches").fetchone()[0])
    size_bytes = folder_bytes(folder) + archived_bytes(connection)
    free_bytes = shutil.disk_usage(_nearest(folder)).free
    room_bytes = free_bytes if limit_bytes is None else min(free_bytes, limit_bytes - size_bytes)
    per_day = _rows_per_day(connection, now_ns)
    bytes_per_day = None if per_day is None or not rows else per_day * size_bytes / rows
    full_in_days = max(0.0, room_bytes / bytes_per_day) if bytes_per_day else None
    return DiskUse(rows, size_bytes, free_bytes, bytes_per_day, full_in_days)


def _nearest(folder: Path) -> Path:
    """Return the folder, or what it lay in if somebody has deleted it."""
    return next(place for place in (folder, *folder.absolute().parents) if place.exists())


def folder_bytes(folder: Path) -> int:
    """Return the size of the database and its log."""
    return sum(file.stat().st_size for file in folder.glob("telltale.db*"))


def archived_bytes(connection: sqlite3.Connection) -> int:
    """Return the size of all sealed chunks."""
    return int(connection.execute("SELECT coalesce(sum(bytes), 0) FROM chunks").fetchone()[0])


def _rows_per_day(connection: sqlite3.Connection, now_ns: int) -> float | None:
    """Return samples per day over the last day of readings, or as much of it as there is."""
    hour = now_ns // HOUR_NS
    first, rows = connection.execute(
        "SELECT min(hour), sum(rows) FROM arrivals WHERE hour > ? AND hour <= ?",
        (hour - DAY_HOURS, hour),
    ).fetchone()
    if first is None or first == hour:
        return None
    span_hours = (now_ns - first * HOUR_NS) / HOUR_NS
    return float(rows / span_hours * DAY_HOURS)
