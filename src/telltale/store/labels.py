"""The table of labels. In a transaction."""

from __future__ import annotations

import sqlite3

import msgspec

from telltale.labels import Label, LabelKind, UnknownLabelError, check_label

LABELS = "SELECT id, machine, start_ns, end_ns, kind, fault, note, teaches, created_ns FROM labels "


def save_label(connection: sqlite3.Connection, label: Label) -> Label:
    """Keep a label and return it with its id; one that is there already is kept once.

    Said again it may teach from then on, and a new note takes the place of the old one.

    Raises:
        LabelError: It cannot be kept, by itself or beside the machine's others.
    """
    known = check_label(label, labels(connection, label.machine))
    if known is not None:
        return _said_again(connection, known, label)
    row = connection.execute(
        "INSERT INTO labels (machine, start_ns, end_ns, kind, fault, note, teaches, created_ns) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            label.machine,
            label.start_ns,
            label.end_ns,
            label.kind.value,
            label.fault,
            label.note,
            label.teaches,
            label.created_ns,
        ),
    )
    return msgspec.structs.replace(label, id=row.lastrowid)


def _said_again(connection: sqlite3.Connection, known: Label, again: Label) -> Label:
    """Return a kept label with what is new of it: from now on it teaches, or another note."""
    note, teaches = again.note or known.note, again.teaches or known.teaches
    said_ns = again.created_ns if teaches and not known.teaches else known.created_ns
    connection.execute(
        "UPDATE labels SET note = ?, teaches = ?, created_ns = ? WHERE id = ?",
        (note, teaches, said_ns, known.id),
    )
    return msgspec.structs.replace(known, note=note, teaches=teaches, created_ns=said_ns)


def labels(connection: sqlite3.Connection, machine: str | None = None) -> list[Label]:
    """Return labels by machine and start, of one machine or all."""
    rows = connection.execute(
        f"{LABELS}WHERE machine = COALESCE(?, machine) ORDER BY machine, start_ns, id", (machine,)
    )
    return [_label(row) for row in rows]


def remove_label(connection: sqlite3.Connection, label: int) -> Label:
    """Remove one label and return it. Raises UnknownLabelError."""
    row = connection.execute(f"{LABELS}WHERE id = ?", (label,)).fetchone()
    if row is None:
        raise UnknownLabelError(f"There is no label {label}. Look at the machine's labels.")
    connection.execute("DELETE FROM labels WHERE id = ?", (label,))
    return _label(row)


def forget_machine(connection: sqlite3.Connection, machine: str) -> None:
    """Remove a machine's labels."""
    connection.execute("DELETE FROM labels WHERE machine = ?", (machine,))


def _label(row: tuple[int, str, int, int, str, str, str, int, int]) -> Label:
    number, machine, start_ns, end_ns, kind, fault, note, teaches, created_ns = row
    return Label(
        machine=machine,
        start_ns=start_ns,
        end_ns=end_ns,
        kind=LabelKind(kind),
        fault=fault,
        note=note,
        teaches=bool(teaches),
        created_ns=created_ns,
        id=number,
    )
