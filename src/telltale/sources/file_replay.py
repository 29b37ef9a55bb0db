"""A log file as a feed: read piece by piece, played like any recording, in constant memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from telltale.errors import SourceUnavailableError, TelltaleError
from telltale.formats.base import Decoded
from telltale.formats.files import ReadOptions, read_file
from telltale.sources.base import SourceState
from telltale.sources.recording import first_ns, from_time, last_ns
from telltale.sources.replay import ReplaySource


class FileRecording:
    """A file that `read_file` understands. Its end is known once it was read to the end.

    The file must be in order of time to be played in time; what comes too late comes at once.
    """

    def __init__(self, path: Path, options: ReadOptions | None = None) -> None:
        self.title = path.name
        self.start_ns = 0
        self.end_ns: int | None = None
        self._path = path
        self._options = options
        self._is_known = False

    async def read(self, position_ns: int) -> AsyncGenerator[Decoded, None]:
        """Yield the file's pieces from this position on; it is read from its beginning."""
        newest_ns = 0
        async with aclosing(in_thread(self._pieces)) as pieces:
            async for piece in pieces:
                piece_first_ns = first_ns(piece)
                if not self._is_known and piece_first_ns is not None:
                    self.start_ns, self._is_known = piece_first_ns, True
                newest_ns = max(newest_ns, last_ns(piece) or 0)
                yield self._kept(piece, position_ns)
        self.end_ns = max(newest_ns, self.start_ns)

    def _kept(self, piece: Decoded, position_ns: int) -> Decoded:
        """Return what of a piece is to be played; after a seek, refusals were told before."""
        if not position_ns:
            return piece
        batches = (from_time(batch, self.start_ns + position_ns) for batch in piece.batches)
        kept = tuple(batch for batch in batches if len(batch))
        return Decoded(kept, units=piece.units, codes=piece.codes)

    def _pieces(self) -> Iterator[Decoded]:
        return read_file(self._path, self._options or ReadOptions())


async def in_thread(make: Callable[[], Iterator[Decoded]]) -> AsyncGenerator[Decoded, None]:
    """Yield what an iterator gives, each item made in a thread, and close it at the end.

    A thread cannot be cancelled, so what it is doing is waited for; only then is the file closed.
    """
    pieces = await asyncio.to_thread(make)
    step: asyncio.Future[Decoded | None] | None = None
    try:
        while True:
            step = asyncio.ensure_future(asyncio.to_thread(next, pieces, None))
            piece = await asyncio.shield(step)
            if piece is None:
                return
            yield piece
    finally:
        if step is not None and not step.done():
            await asyncio.wait([step])
        if isinstance(pieces, Generator):
            await asyncio.to_thread(pieces.close)


class FileReplay(ReplaySource):
    """Plays a file; every control of `ReplaySource`.

    Args:
        path: The file.
        options: How `read_file` is to read it; None finds out.
        settings: As for `ReplaySource`.
    """

    def __init__(
        self,
        path: str | Path,
        options: ReadOptions | None = None,
        **settings: Any,  # Any: passed on to ReplaySource, which checks them
    ) -> None:
        self._path = Path(path)
        super().__init__(FileRecording(self._path, options), **settings)

    async def open(self) -> None:
        """Check that the file is there. Raises SourceUnavailableError."""
        self.status.state = SourceState.OPENING
        try:
            is_file = await asyncio.to_thread(self._path.is_file)
        except OSError as error:
            raise SourceUnavailableError(f"{self._path}: {error.strerror or error}.") from error
        if not is_file:
            self.status.state = SourceState.WAITING
            raise SourceUnavailableError(
                f"{self._path}: there is no such file. Check the path, then try again."
            )
        await super().open()

    async def batches(self) -> AsyncGenerator[Decoded, None]:
        """Yield the samples that are due; a file that cannot be read ends the replay."""
        try:
            async with aclosing(super().batches()) as played:
                async for decoded in played:
                    yield decoded
        except (OSError, TelltaleError) as error:
            self.status.detail = f"{self._path.name} cannot be read on: {error}"
            raise
