"""The table of waveforms: what was found in each, the newest of every measuring point."""

from __future__ import annotations

import sqlite3

import msgspec

from telltale.store.base import KeptWaveform, UnknownWaveformError

FOUND = "SELECT id, machine, point, time_ns, finding"


def save_waveform(
    connection: sqlite3.Connection, waveform: KeptWaveform, newest: int
) -> KeptWaveform:
    """Keep what was found in a waveform, return it with its id, let go of the point's oldest.

    One of the same time is replaced: somebody who got no answer sends it again.
    """
    connection.execute(
        "DELETE FROM waveforms WHERE machine = ? AND point = ? AND time_ns = ?",
        (waveform.machine, waveform.point, waveform.time_ns),
    )
    row = connection.execute(
        "INSERT INTO waveforms (machine, point, time_ns, finding, detail) VALUES (?, ?, ?, ?, ?)",
        (waveform.machine, waveform.point, waveform.time_ns, waveform.finding, waveform.detail),
    )
    connection.execute(
        "DELETE FROM waveforms WHERE machine = ? AND point = ? AND id NOT IN (SELECT id FROM "
        "waveforms WHERE machine = ? AND point = ? ORDER BY time_ns DESC, id DESC LIMIT ?)",
        (waveform.machine, waveform.point, waveform.machine, waveform.point, newest),
    )
    return msgspec.structs.replace(waveform, id=row.lastrowid)


def waveforms(
    connection: sqlite3.Connection, machine: str, point: str | None = None
) -> list[KeptWaveform]:
    """Return the waveforms of a machine or a point, the newest first, without their details."""
    rows = connection.execute(
        f"{FOUND}, x'' FROM waveforms WHERE machine = ? AND point = COALESCE(?, point) "
        "ORDER BY time_ns DESC, id DESC",
        (machine, point),
    )
    return [_waveform(row) for row in rows]


def waveform(connection: sqlite3.Connection, machine: str, number: int) -> KeptWaveform:
    """Return one waveform with its details. Raises UnknownWaveformError."""
    row = connection.execute(
        f"{FOUND}, detail FROM waveforms WHERE machine = ? AND id = ?", (machine, number)
    ).fetchone()
    if row is None:
        raise _unknown(machine, number)
    return _waveform(row)


def remove_waveform(connection: sqlite3.Connection, machine: str, number: int) -> None:
    """Remove one waveform. Raises UnknownWaveformError."""
    where = "WHERE machine = ? AND id = ?"
    if not connection.execute(
        f"DELETE FROM waveforms {where}",  # noqa: S608 - a constant
        (machine, number),
    ).rowcount:
        raise _unknown(machine, number)


def forget_machine(connection: sqlite3.Connection, machine: str) -> None:
    """Remove all waveforms of a machine."""
    connection.execute("DELETE FROM waveforms WHERE machine = ?", (machine,))


def _waveform(row: tuple[int, str, str, int, bytes, bytes]) -> KeptWaveform:
    number, machine, point, time_ns, finding, detail = row
    return KeptWaveform(machine, point, time_ns, finding, detail, number)


def _unknown(machine: str, number: int) -> UnknownWaveformError:
    return UnknownWaveformError(
        f"{machine} has no waveform {number}: only the newest of each point are kept. See the "
        f"list at /machines/{machine}/waveforms."
    )
