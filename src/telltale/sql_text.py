"""Names and texts as SQL takes them, whatever is in them: for SQLite and DuckDB alike."""

from __future__ import annotations


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"
