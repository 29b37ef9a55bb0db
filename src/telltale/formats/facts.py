"""What is known of a file before it is read: by itself, and by its user."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo

from telltale.formats.can.options import CanOptions
from telltale.formats.csv_dialect import Dialect
from telltale.formats.csv_rows import CHUNK_BYTES
from telltale.formats.layout import Layout

LengthFinder = Callable[[Layout, Dialect | None], int | None]


def _unknown_length(layout: Layout, dialect: Dialect | None) -> int | None:
    return None


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What is known of a file beside its content.

    Attributes:
        name: Tells the machine, and the date of clocks without one.
        folder: The one it lies in, where that is known; names it where its own name is a number.
        modified_ns: When it was changed last.
        length_ns: Finds how far an undated clock comes; None if not all of the file is here.
    """

    name: str
    modified_ns: int
    length_ns: LengthFinder = _unknown_length
    folder: str = ""

    @property
    def title(self) -> str:
        """Name with its folder."""
        return f"{self.folder}/{self.name}"


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the user knows about a file; None lets telltale find out.

    Attributes:
        machine: Whose the readings are. Where the file names several machines itself, this
            and "-" go before each name.
        start_ns: When a clock that counts from the start, or that lacks the date, began.
        time_column: Its name in the file.
        zone: Of times without one.
        day_first: Whether dates such as 03/04/2026 begin with the day.
        chunk_bytes: How much of the file is in memory at a time.
        can: What the frames of a CAN log mean.
    """

    machine: str | None = None
    start_ns: int | None = None
    time_column: str | None = None
    zone: tzinfo = UTC
    day_first: bool | None = None
    chunk_bytes: int = CHUNK_BYTES
    can: CanOptions | None = None


NOTHING_KNOWN = ReadOptions()
