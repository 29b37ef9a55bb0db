"""One file of a watched folder: read as `read_file` reads it, on from where it was left."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import msgspec

from telltale.formats.base import Decoded
from telltale.formats.csv_dialect import HEAD_BYTES
from telltale.formats.files import ReadOptions, read_file
from telltale.formats.growing import GrowingFile, growing_file, is_whole_only
from telltale.sources.folder_memory import FileState

PIECE_BYTES = 1 << 20
LOOK_LINES = 20  # so many tell what the columns are; a file that rests is looked at with fewer
MARK_BYTES = 256


@dataclass(slots=True)
class WatchedFile:
    """Gives a file's readings piece by piece. Its methods block: they are run in a thread.

    Text tables and JSON lines are read on as they grow; all else is read as a whole whenever it
    has changed and rests.

    Attributes:
        path: The file.
        options: What is known about it.
        settle_ns: Without a change for so long, it rests.
        state: How far it was read; moves with each piece.
    """

    path: Path
    options: ReadOptions
    settle_ns: int
    state: FileState
    _seen: tuple[int, int] = (-1, -1)  # size and time of the last change
    _seen_ns: int = 0
    _is_whole: bool = False
    _reader: GrowingFile | None = None
    _pieces: Iterator[Decoded] | None = None
    _is_ended: bool = False

    def leave(self) -> None:
        """Take all that is there as read."""
        size, changed_ns = self._stat()
        mark, mark_bytes = self._mark(size)
        self.state = FileState(size, True, None, mark, mark_bytes, changed_ns)

    def next(self, now_ns: int) -> Decoded | None:
        """Return the next readings; None if there are none for now.

        Raises:
            DecodeError: It cannot be read, or not further.
            MissingExtraError: Its format needs an optional package.
            OSError: It cannot be opened.
        """
        if self._pieces is not None:
            return self._next_whole()
        size, changed_ns = self._stat()
        if (size, changed_ns) != self._seen and (
            held := self._look(size, changed_ns, now_ns)
        ) is not None:
            return held
        if self.state.problem or not size:
            return None
        if self._is_whole:
            if self.state.changed_ns == changed_ns or not self.rests(now_ns):
                return None
            self._pieces = read_file(self.path, self._known())
            return self._next_whole()
        return self._next_lines(size, rests=self.rests(now_ns))

    def rests(self, now_ns: int) -> bool:
        """Tell if it has not changed for a while."""
        return now_ns - self._seen_ns >= self.settle_ns

    def give_up(self, why: str) -> None:
        """Read no further, until it is written anew; one that gave nothing, until it changes."""
        self._reader = self._pieces = None
        self.state = msgspec.structs.replace(
            self.state, problem=why, changed_ns=max(self._seen[1], 0)
        )

    def held(self) -> Decoded | None:
        """Return what was held back of a file that is gone, or is another one by now."""
        reader, self._reader = self._reader, None
        return None if reader is None or self.state.is_flushed else reader.held()

    def let_go(self) -> None:
        """Free what reading on needs: it is found again when the file grows."""
        if self.state.is_flushed:
            self._reader = None

    def _stat(self) -> tuple[int, int]:
        found = self.path.stat()
        return found.st_size, found.st_mtime_ns

    def _look(self, size: int, changed_ns: int, now_ns: int) -> Decoded | None:
        """Note that it has changed; return what was held back if it is another file now."""
        self._seen, self._seen_ns = (size, changed_ns), now_ns
        state = self.state
        is_other = size < state.offset or self._mark(state.mark_bytes)[0] != state.mark
        may_try = self._is_whole or not state.offset
        held: Decoded | None = None
        if is_other or (state.problem and may_try and state.changed_ns != changed_ns):
            held = self.held()
            self.state = FileState()
        with self.path.open("rb") as file:
            self._is_whole = is_whole_only(file.read(HEAD_BYTES), self.path.name)
        return held

    def _mark(self, n_bytes: int) -> tuple[int, int]:
        with self.path.open("rb") as file:
            start = file.read(min(n_bytes, MARK_BYTES))
        return zlib.crc32(start), len(start)

    def _known(self) -> ReadOptions:
        start_ns = self.state.start_ns
        return self.options if start_ns is None else replace(self.options, start_ns=start_ns)

    def _next_whole(self) -> Decoded | None:
        piece = next(self._pieces, None) if self._pieces is not None else None
        if piece is None:
            self._pieces = None
            self.leave()
        return piece

    def _next_lines(self, size: int, *, rests: bool) -> Decoded | None:
        if self.state.offset == size and self.state.is_flushed:
            if rests and self._reader is not None and not self._is_ended:
                self._is_ended = True
                self._reader.end()
            return None
        with self.path.open("rb") as file:
            if self._reader is None and (rests or _has_lines(file)):
                self._reader = self._opened()
            return None if self._reader is None else self._fed(self._reader, file, size, rests)

    def _opened(self) -> GrowingFile | None:
        """Return what reads the file on from where it was left; None if it has no rows yet."""
        reader = growing_file(self.path, self._known())
        if reader is None:
            return None
        with self.path.open("rb") as file:
            left = self.state.offset
            while left and (block := file.read(min(left, PIECE_BYTES))):
                reader.feed(block)  # was given before; the clock and the words go on from it
                left -= len(block)
        if self.state.is_flushed:
            reader.feed(b"", rests=True)
        mark, mark_bytes = self._mark(MARK_BYTES)
        self.state = msgspec.structs.replace(
            self.state, start_ns=reader.start_ns, mark=mark, mark_bytes=mark_bytes
        )
        return reader

    def _fed(self, reader: GrowingFile, file: BinaryIO, size: int, rests: bool) -> Decoded | None:
        file.seek(self.state.offset)
        while True:
            block = file.read(PIECE_BYTES)
            offset = self.state.offset + len(block)
            is_last = rests and offset >= size
            if not block and (not is_last or self.state.is_flushed):
                return None
            decoded = reader.feed(block, rests=is_last)
            self._is_ended = False
            self.state = msgspec.structs.replace(self.state, offset=offset, is_flushed=is_last)
            if decoded is not None:
                return decoded


def _has_lines(file: BinaryIO) -> bool:
    return file.read(HEAD_BYTES).count(b"\n") >= LOOK_LINES
