"""What went wrong while writing, in sentences that say what to do."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from telltale.errors import StoreError, StoreFullError

BYTES_PER_VALUE = 24  # a value goes to the log first, then to the table; with page overhead
DISK_CODES = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})


def size_text(size_bytes: float) -> str:
    """Return a size for people: "3.4 MB"."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if abs(size_bytes) < 1000:
            return f"{size_bytes:.0f} {unit}" if unit == "bytes" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} TB"


class WriteFailures:
    """Counts failed commits and says what is wrong until a write works again."""

    def __init__(self, folder: Path) -> None:
        self.failed_commits = 0
        self.problem: str | None = None
        self._folder = folder

    def is_disk(self, error: Exception) -> bool:
        """Return True if the disk is to blame: trying the writes one by one helps nothing."""
        return primary_code(error) in DISK_CODES

    def worked(self) -> None:
        """Note that a write was committed: the last problem is over."""
        self.problem = None

    def failed(self, error: Exception, n_values: int) -> StoreError:
        """Count a failed commit of about n_values values and return what to tell its writers."""
        self.failed_commits += 1
        told = self.explained(error, n_values)
        if self.is_disk(error):  # a fault of one write is that writer's, not the store's
            self.problem = str(told)
        return told

    def explained(self, error: Exception, n_values: int) -> StoreError:
        """Return an error as a sentence: what failed, how much is missing, what to do."""
        if isinstance(error, StoreError):
            return error
        if primary_code(error) == sqlite3.SQLITE_FULL:
            told: StoreError = StoreFullError(self._full(n_values))
        elif self.is_disk(error):  # a quota or a limit on file sizes looks like this as well
            told = StoreFullError(
                f"The disk under {self._folder} does not take what is written ({error}). Nothing "
                "of this was kept. Check the disk and its free space; later writes are tried."
            )
        else:
            told = StoreError(f"The store could not write this: {error}. Nothing of it was kept.")
        told.__cause__ = error
        return told

    def _full(self, n_values: int) -> str:
        free_bytes = shutil.disk_usage(self._folder).free
        return (
            f"No room to write in {self._folder}: {size_text(free_bytes)} free on the disk, about "
            f"{size_text(max(n_values * BYTES_PER_VALUE, 4096))} needed. Nothing of this was "
            "kept. Free space, raise the size limit or keep fewer days; later writes are tried."
        )


def primary_code(error: Exception) -> int | None:
    """Return SQLite's result code without its extension; None if it is no error of SQLite."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else int(code) & 0xFF
