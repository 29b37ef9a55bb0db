"""`python -m telltale.formats.can.convert FILE`: a database to decoding tables, as JSON.

A database that strangers may upload is read by a process of its own, with limits: its parser
may take for ever, or all memory, over a file that was made for that.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import msgspec

from telltale.errors import DecodeError, MissingExtraError, TelltaleError, TooLargeError
from telltale.formats.can.databases import load_tables
from telltale.formats.can.tables import CanTables

MAX_MEMORY_BYTES = 4 << 30
MAX_SECONDS = 120
REFUSED, MISSING = 3, 4  # exit codes: the database, what reads it


def converted(path: Path) -> CanTables:
    """Return the decoding tables of a database, read by a process of its own.

    Raises:
        DecodeError: No database, or nothing that can be decoded.
        TooLargeError: It takes too long, or too much memory.
        MissingExtraError: cantools is not installed.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", "telltale.formats.can.convert", str(path)],
            capture_output=True,
            timeout=MAX_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TooLargeError(
            f"{path.name} takes longer than {MAX_SECONDS} s to read. Cut it to what you need."
        ) from None
    if done.returncode == 0:
        return msgspec.json.decode(done.stdout, type=CanTables)
    said = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode == MISSING:
        raise MissingExtraError(said)
    if done.returncode == REFUSED:
        raise DecodeError(said)
    raise TooLargeError(f"{path.name} could not be read within its limits. Cut it.")


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):  # not on every system
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))


def main() -> int:
    """Write the tables to standard output, or why not to standard error."""
    _limit_memory()
    try:
        tables = load_tables(Path(sys.argv[1]))
    except MissingExtraError as error:
        sys.stderr.write(str(error))
        return MISSING
    except TelltaleError as error:
        sys.stderr.write(str(error))
        return REFUSED
    sys.stdout.buffer.write(msgspec.json.encode(tables))
    return 0


if __name__ == "__main__":
    sys.exit(main())
