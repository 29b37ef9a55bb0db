"""A folder as a feed: rows of every CSV and NDJSON file that appears in it or grows.

How far each file was read is kept; a row counts as read once the rest of telltale came back for
the next, that is once it was taken care of. So a restart repeats at most one piece, and repeated
rows replace themselves.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from telltale.batch import NS_PER_S
from telltale.errors import DecodeError, SettingsError, SourceUnavailableError
from telltale.formats.base import Decoded
from telltale.formats.decode import decode
from telltale.sources.base import SourceState, SourceStatus
from telltale.sources.checks import check_number, check_text
from telltale.sources.clock import Clock, SystemClock
from telltale.sources.folder_memory import FileState, load_memory, save_memory
from telltale.sources.reason_log import ReasonLog

CONTENT_TYPES = {
    ".csv": "text/csv",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
}
PIECE_BYTES = 1 << 20
MAX_FILES = 10_000  # looked at in one folder, in order of name
ENDLESS_LINE = f"A line is longer than {PIECE_BYTES} bytes. Is this a text file?"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole lines of one file, and how far they reach."""

    path: Path
    body: bytes
    state: FileState


class WatchFolder:
    """Reads files that are put into a folder, or written on there.

    Args:
        folder: Which; must exist when the source opens.
        machine: Whose readings; None takes the file's name without its ending.
        poll_s: How often to look.
        settle_s: A last line without a line end is taken after this long without growth.
        remember: Keep in the folder, in a small file, how far each was read.
        clock: Tells the time and waits.

    Raises:
        SettingsError: A setting is out of range.
    """

    simulated = False
    is_live = True

    def __init__(
        self,
        folder: str | Path,
        *,
        machine: str | None = None,
        poll_s: float = 1.0,
        settle_s: float = 5.0,
        remember: bool = True,
        clock: Clock | None = None,
    ) -> None:
        self._folder = Path(check_text("watch_folder", "folder", str(folder)))
        self.name = f"watch_folder:{self._folder.name or self._folder}"
        self.status = SourceStatus()
        self._machine = machine
        self._poll_s = check_number(self.name, "poll_s", poll_s, 0.01, 3600)
        self._settle_ns = round(check_number(self.name, "settle_s", settle_s, 0, 3600) * NS_PER_S)
        if not isinstance(remember, bool):
            raise SettingsError(f"{self.name}: remember is {remember!r}. Give true or false.")
        self._remember = remember
        self._clock = clock or SystemClock()
        self._reasons = ReasonLog(self.name)
        self._files: dict[str, FileState] = {}
        self._closed = asyncio.Event()
        self._closed.set()

    async def open(self) -> None:
        """Look at the folder. Raises SourceUnavailableError, which is safe to retry."""
        self.status.state = SourceState.OPENING
        if not await asyncio.to_thread(self._folder.is_dir):
            self.status.state = SourceState.WAITING
            raise SourceUnavailableError(
                f"{self._folder}: there is no such folder. Create it, or watch another one."
            )
        if self._remember:
            self._files = await asyncio.to_thread(load_memory, self._folder)
        self._closed.clear()
        self.status.state = SourceState.LIVE
        self.status.detail = f"Watches {self._folder} for CSV and NDJSON files."

    async def batches(self) -> AsyncIterator[Decoded]:
        """Yield rows as files appear and grow, until closed."""
        while not self._closed.is_set():
            piece = await asyncio.to_thread(self._next_piece)
            if piece is None:
                await self._rest()
                continue
            decoded = self._decode(piece)
            if decoded is not None:
                yield decoded
            # Only now was the piece taken care of.
            self._files[piece.path.name] = piece.state
            if self._remember:
                self._remember = await asyncio.to_thread(save_memory, self._folder, self._files)

    async def close(self) -> None:
        """Stop looking. Safe to call twice."""
        self._closed.set()
        self.status.state = SourceState.CLOSED

    async def _rest(self) -> None:
        """Wait for the next look, in short pieces so that closing is quick."""
        left_s = self._poll_s
        while left_s > 0.0 and not self._closed.is_set():
            await self._clock.sleep(min(left_s, 0.2))
            left_s -= 0.2

    def _decode(self, piece: Piece) -> Decoded | None:
        body = piece.state.header.encode() + piece.body if piece.state.offset else piece.body
        now_ns = self._clock.now_ns()
        try:
            decoded = decode(
                body,
                content_type=CONTENT_TYPES[piece.path.suffix.lower()],
                machine=self._machine or piece.path.stem,
                arrival_ns=now_ns,
            )
        except DecodeError as error:
            piece.state.failed = True
            self.status.rejected += 1
            self.status.detail = f"{piece.path.name} was given up: {error}"
            log.warning("file_refused", source=self.name, file=piece.path.name, reason=str(error))
            return None
        self.status.count(decoded, now_ns)
        self._reasons.note(decoded.reasons, now_ns=now_ns, otherwise=piece.path.name)
        return decoded

    def _next_piece(self) -> Piece | None:
        """Return the next lines of the first file that has any."""
        now_ns = self._clock.now_ns()
        for path in self._candidates():
            state = self._files.setdefault(path.name, FileState())
            piece = self._lines_of(path, state, now_ns)
            if piece is not None:
                return piece
        return None

    def _candidates(self) -> Iterator[Path]:
        names = sorted(p for p in self._folder.iterdir() if p.suffix.lower() in CONTENT_TYPES)
        yield from (path for path in names[:MAX_FILES] if path.is_file())

    def _lines_of(self, path: Path, state: FileState, now_ns: int) -> Piece | None:
        size = path.stat().st_size
        if size < state.offset:  # written anew
            state = self._files[path.name] = FileState()
        if size != state.size:
            state.size, state.seen_ns = size, now_ns
        if state.failed or size == state.offset:
            return None
        with path.open("rb") as file:
            file.seek(state.offset)
            body = file.read(PIECE_BYTES)
        is_last = state.offset + len(body) >= size
        is_settled = is_last and now_ns - state.seen_ns >= self._settle_ns
        whole = len(body) if is_settled else body.rfind(b"\n") + 1
        if whole == 0 and not is_last:
            state.failed = True
            log.warning("file_refused", source=self.name, file=path.name, reason=ENDLESS_LINE)
        moved_on = _moved_on(state, path, body[:whole])
        has_rows = whole > 0 and (state.offset > 0 or whole > len(moved_on.header.encode()))
        return Piece(path, body[:whole], moved_on) if has_rows else None


def _moved_on(state: FileState, path: Path, lines: bytes) -> FileState:
    """Return the state once these lines were read."""
    header = state.header
    if state.offset == 0 and CONTENT_TYPES[path.suffix.lower()] == "text/csv":
        header = csv_header(lines).decode("utf-8", "replace")
    return FileState(state.offset + len(lines), state.size, state.seen_ns, header)


def csv_header(lines: bytes) -> bytes:
    """Return a CSV's first line, with the second if it holds no digit: a row of units."""
    first, second = [*lines.splitlines(keepends=True)[:2], b"", b""][:2]
    is_unit_row = bool(second.strip()) and not any(48 <= byte <= 57 for byte in second)
    return first + second if is_unit_row else first
