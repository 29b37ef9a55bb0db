"""A log file as a feed: read piece by piece, played like any recording, in constant memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
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
        pieces = await asyncio.to_thread(self._pieces)
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            piece_first_ns = first_ns(piece)
            if not self._is_known and piece_first_ns is not None:
                self.start_ns, self._is_known = piece_first_ns, True
            newest_ns = max(newest_ns, last_ns(piece) or 0)
            kept = tuple(from_time(b, self.start_ns + position_ns) for b in piece.batches)
            yield Decoded(
                tuple(batch for batch in kept if len(batch)),
                rejected_rows=0 if position_ns else piece.rejected_rows,
                rejected_values=0 if position_ns else piece.rejected_values,
                reasons=() if position_ns else piece.reasons,
                units=piece.units,
                codes=piece.codes,
            )
        self.end_ns = max(newest_ns, self.start_ns)

    def _pieces(self) -> Iterator[Decoded]:
        return iter(read_file(self._path, self._options or ReadOptions()))


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
            async for decoded in super().batches():
                yield decoded
        except (OSError, TelltaleError) as error:
            self.status.state = SourceState.ENDED
            self.status.detail = f"{self._path.name} cannot be read on: {error}"
            raise
