"""Logs of other tools through python-can's readers, a block of frames at a time."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from telltale.errors import DecodeError
from telltale.formats.base import shown
from telltale.formats.can.frames import EXTENDED, FD_BYTES, Frames
from telltale.formats.refusals import Refusals
from telltale.registry import missing_extra

if TYPE_CHECKING:
    from can import Message

BLOCK_FRAMES = 20_000
MAX_LINE_CHARS = 64 * 1024
LAST_S = 9_000_000_000  # in the year 2255: later times do not fit into nanoseconds
EXPECTED = "a line of this kind of log"
# After a line that a reader stumbles over it is started anew, and skips this in place of a header.
_HEADERS = {"asc": "internal events logged\n", "trc": "\n", "csv": "header\n"}


class _Lines:
    """A text file as python-can reads it, line by line, none of them too long."""

    def __init__(self, file: BinaryIO) -> None:
        self._text = io.TextIOWrapper(file, encoding="utf-8", errors="replace")
        self._ahead: list[str] = []
        self.number = -1
        self.last = ""
        self.is_over = False

    def put_back(self, line: str) -> None:
        """Give this line next."""
        self._ahead.append(line)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._ahead:
            return self._ahead.pop()
        line = self._text.readline(MAX_LINE_CHARS)
        if not line:
            self.is_over = True
            raise StopIteration
        self.number += 1
        self.last = line
        return line

    def read(self, size: int = -1) -> str:
        """Return text; python-can asks whether this is there."""
        return self._text.read(size)

    def write(self, text: str) -> int:
        """Refuse: python-can asks only whether this is there."""
        raise io.UnsupportedOperation(f"{len(text)} characters cannot be written here.")

    def close(self) -> None:
        """Do nothing: the file is whoever's who opened it."""

    def release(self) -> None:
        """Let go of the file without closing it."""
        with contextlib.suppress(ValueError):  # closed meanwhile
            self._text.detach()


@dataclass(slots=True)
class ForeignReader:
    """Reads one log. `kind`: asc, blf, trc, csv or mf4.

    Attributes:
        kind: What it is.
        name: Of the file, for errors.
        zone: Of a clock that says none.
        refusals: Lines that could not be read.
        others: Remote and error frames.
    """

    kind: str
    name: str
    zone: tzinfo = UTC
    refusals: Refusals = field(default_factory=Refusals)
    others: int = 0
    _buses: dict[str, int] = field(default_factory=dict)

    def blocks(self, file: BinaryIO) -> Iterator[Frames]:
        """Yield the frames of a log, in its order.

        Raises:
            DecodeError: It cannot be read on; what came before was yielded.
            MissingExtraError: A package that it takes is not installed.
        """
        held: list[tuple[float, Message]] = []
        try:
            for dated in self._messages(file):
                held.append(dated)
                if len(held) >= BLOCK_FRAMES:
                    yield self._frames(held)
                    held = []
        except DecodeError:
            if held:
                yield self._frames(held)
            raise
        yield self._frames(held)

    def _messages(self, file: BinaryIO) -> Iterator[tuple[float, Message]]:
        """Yield each data frame and its time in seconds."""
        messages = self._binary if self.kind in ("blf", "mf4") else self._text
        for message, shift_s in messages(file):
            if message.is_error_frame or message.is_remote_frame:
                self.others += 1
                continue
            time_s = message.timestamp + shift_s
            if 0.0 <= time_s < LAST_S:  # false for NaN, too
                yield time_s, message
            else:
                self._refuse(f"time {message.timestamp!r}", self.refusals.rows)

    def _binary(self, file: BinaryIO) -> Iterator[tuple[Message, float]]:
        can_io = _python_can()
        make = can_io.BLFReader if self.kind == "blf" else can_io.MF4Reader
        n_bytes = file.seek(0, io.SEEK_END)
        file.seek(0)
        try:
            reader = make(file)
            for message in reader:
                yield message, 0.0
            _check_size(self.kind, reader, n_bytes)
        except ImportError as missing:
            raise missing_extra("An MF4 log", "mf4", missing) from None
        except NotImplementedError:  # what python-can says without asammdf
            absent = ModuleNotFoundError("asammdf", name="asammdf")
            raise missing_extra("An MF4 log", "mf4", absent) from None
        except Exception as error:  # whatever a reader meets in a broken file
            raise DecodeError(
                f"{self.name} cannot be read on: {shown(error) or type(error).__name__}. "
                "It is cut off or damaged: export it again."
            ) from None

    def _text(self, file: BinaryIO) -> Iterator[tuple[Message, float]]:
        can_io = _python_can()
        lines = _Lines(file)
        try:
            yield from self._lines(lines, can_io)
        finally:
            lines.release()

    def _lines(self, lines: _Lines, can_io: Any) -> Iterator[tuple[Message, float]]:
        makers: dict[str, Callable[..., Any]] = {
            "asc": can_io.ASCReader, "trc": can_io.TRCReader, "csv": can_io.CSVReader,
        }  # fmt: skip
        settings = {"relative_timestamp": False} if self.kind == "asc" else {}
        reader = makers[self.kind](lines, **settings)
        while True:
            try:
                for message in reader:
                    yield message, self._shift_s(reader)
            except DecodeError:
                raise
            except Exception:  # whatever a reader meets in a broken line
                self._refuse(lines.last, lines.number)
                if lines.is_over:
                    return
                lines.put_back(_HEADERS[self.kind])
            else:
                return

    def _shift_s(self, reader: Any) -> float:  # Any: two classes of python-can
        """Return what makes a clock of the wall, read as UTC or as this computer's, the zone's."""
        if self.kind == "asc":
            if reader.timestamps_format == "relative":
                raise DecodeError(
                    f"{self.name} counts its times from frame to frame. Export it with absolute "
                    "timestamps."
                )
            began_s = reader.start_time
            wall = datetime.fromtimestamp(began_s)  # noqa: DTZ006  as python-can made it
        elif self.kind == "trc" and reader.start_time is not None:
            began_s, wall = reader.start_time.timestamp(), reader.start_time.replace(tzinfo=None)
        else:
            return 0.0
        return wall.replace(tzinfo=self.zone).timestamp() - began_s if began_s else 0.0

    def _refuse(self, said: str, row: int) -> None:
        message = f"Row {row}: {shown(said)!r} is not {EXPECTED}."
        self.refusals.row(row, said, EXPECTED, message)

    def _frames(self, held: list[tuple[float, Message]]) -> Frames:
        messages = [message for _, message in held]
        payloads = [bytes(message.data or b"")[:FD_BYTES] for message in messages]
        lengths = np.array([len(payload) for payload in payloads], dtype=np.int64)
        width = FD_BYTES if len(lengths) and lengths.max() > 8 else 8
        joined = b"".join(payload.ljust(width, b"\0") for payload in payloads)
        data = np.frombuffer(joined, dtype=np.uint8).reshape(len(held), width)
        keys = np.array([key_of(message) for message in messages], dtype=np.int64)
        time_us = np.rint(np.array([time_s for time_s, _ in held], dtype=np.float64) * 1e6)
        return Frames(
            time_us.astype(np.int64) * 1000,
            keys,
            lengths,
            data,
            np.array([self._bus(message) for message in messages], dtype=np.int64),
            list(self._buses) or [""],
        )

    def _bus(self, message: Message) -> int:
        name = "" if message.channel is None else str(message.channel)[:32]
        if name not in self._buses and len(self._buses) >= 256:
            return 0
        return self._buses.setdefault(name, len(self._buses))


def _check_size(kind: str, reader: Any, n_bytes: int) -> None:
    """Raise EOFError if a BLF file is shorter than it says, which its reader passes over."""
    if kind == "blf" and reader.file_size > n_bytes:
        raise EOFError(f"{n_bytes:,} of {reader.file_size:,} bytes are there")


def key_of(message: Message) -> int:
    """Return the identifier of one of python-can's messages, as `Frames.keys` has it."""
    number: int = message.arbitration_id & 0x1FFFFFFF
    return number | EXTENDED if message.is_extended_id else number


def _python_can() -> Any:  # Any: python-can is optional
    try:
        import can.io as can_io  # noqa: PLC0415  an optional extra, slow to import
    except ModuleNotFoundError as missing:
        raise missing_extra("This CAN log", "vehicle", missing) from None
    return can_io
