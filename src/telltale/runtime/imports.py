"""`Imports`: whole files into the store, in constant memory, with progress and a stop button."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from telltale.batch import Batch
from telltale.errors import (
    DecodeError,
    SettingsError,
    StoreBusyError,
    StoreFullError,
    TelltaleError,
    TooLargeError,
)
from telltale.formats.base import Decoded
from telltale.formats.files import ReadOptions, read_file
from telltale.registry import suggest
from telltale.runtime.import_job import ImportJob
from telltale.runtime.receipt import undecoded

if TYPE_CHECKING:
    from telltale.runtime.core import Runtime

log = structlog.get_logger(__name__)

MAX_JOBS = 100  # remembered; the oldest that is over makes room
MAX_RUNNING = 4
PART_ROWS = 10_000  # one commit; small beside the store's queue
GIB = 1024**3


class UnknownImportError(TelltaleError):
    """No import has this id."""


class Imports:
    """All imports of one runtime, by id.

    Args:
        runtime: Where the readings go.
        scratch: Where uploads wait; the system's folder for such if absent.
        max_bytes: A larger file is refused.
        min_free_bytes: This much disk must stay free beside an upload.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        scratch: Path | None = None,
        max_bytes: int = 64 * GIB,
        min_free_bytes: int = GIB // 16,
    ) -> None:
        self._runtime = runtime
        self._scratch = scratch
        self._max_bytes = max_bytes
        self._min_free_bytes = min_free_bytes
        self._jobs: dict[str, ImportJob] = {}
        self._numbers = count(1)

    def all(self) -> list[ImportJob]:
        """Return all imports, the newest first."""
        return list(reversed(self._jobs.values()))

    def get(self, job: str) -> ImportJob:
        """Return one import. Raises UnknownImportError."""
        try:
            return self._jobs[job]
        except KeyError:
            raise UnknownImportError(
                f"No import has the id {job!r}. {suggest(job, self._jobs)}"
            ) from None

    async def upload(
        self,
        filename: str,
        chunks: AsyncIterator[bytes],
        options: ReadOptions,
        *,
        profile: str | None = None,
        modified_ns: int | None = None,
    ) -> ImportJob:
        """Take a file's bytes to the end, then start reading it.

        Args:
            filename: The client's name of it.
            chunks: Its bytes.
            options: What the client knows about it.
            profile: For machines that are not known yet.
            modified_ns: When the client's file was changed last; dates clocks that have no date.

        Raises:
            TooLargeError: Beyond max_bytes.
            StoreFullError: The disk would be too full.
            DecodeError: The body is empty.
        """
        self._check_room()
        folder = Path(tempfile.mkdtemp(prefix="telltale-import-", dir=self._made_scratch()))
        try:
            path = folder / safe_name(filename)
            await self._save(path, chunks)
            if modified_ns is not None:
                os.utime(path, ns=(modified_ns, modified_ns))
            return self.start(path, options, profile=profile, filename=filename, owned=folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def start(
        self,
        path: Path,
        options: ReadOptions,
        *,
        profile: str | None = None,
        filename: str | None = None,
        owned: Path | None = None,
    ) -> ImportJob:
        """Start reading a file that is there already; `owned` is deleted afterwards."""
        self._check_room()
        job = ImportJob(str(next(self._numbers)), filename or path.name, path.stat().st_size)
        self._jobs[job.id] = job
        job.task = asyncio.create_task(
            self._run(job, path, options, profile, owned), name=f"telltale-import-{job.id}"
        )
        return job

    async def stop_job(self, job: str) -> ImportJob:
        """Stop one import; what is kept stays. Raises UnknownImportError."""
        found = self.get(job)
        if found.task is not None and found.is_running:
            found.task.cancel()
            await asyncio.wait([found.task])
        return found

    async def stop(self) -> None:
        """Stop all imports."""
        for job in self._jobs.values():
            await self.stop_job(job.id)

    async def _run(
        self,
        job: ImportJob,
        path: Path,
        options: ReadOptions,
        profile: str | None,
        owned: Path | None,
    ) -> None:
        try:
            await self._read(job, path, options, profile)
            job.bytes_done = job.bytes_total
            if job.rows:
                job.end("done", f"{job.rows:,} readings kept, {job.rejected:,} refused.")
            else:
                first = job.reasons[0].message if job.reasons else "No reading was found in it."
                job.end("failed", f"{job.filename}: nothing could be kept. {first}")
        except asyncio.CancelledError:
            job.end("stopped", f"Stopped. The {job.rows:,} readings so far stay.")
        except (TelltaleError, OSError) as error:
            stay = f" The {job.rows:,} readings before it stay." if job.rows else ""
            job.end("failed", f"{error}{stay}")
        except Exception as error:
            # A fault in one decoder must not leave a job that runs for ever
            log.exception("import_failed", filename=job.filename)
            job.end("failed", f"telltale made a mistake with this file: {error!r}")
        finally:
            if owned is not None:
                await asyncio.to_thread(shutil.rmtree, owned, ignore_errors=True)

    async def _read(
        self, job: ImportJob, path: Path, options: ReadOptions, profile: str | None
    ) -> None:
        """Read the next piece in a thread while this one is committed."""

        def progress(n_bytes: int) -> None:
            job.bytes_done = n_bytes

        pieces = read_file(path, options, on_progress=progress)
        ahead = asyncio.create_task(asyncio.to_thread(next, pieces, None))
        try:
            while (piece := await ahead) is not None:
                ahead = asyncio.create_task(asyncio.to_thread(next, pieces, None))
                job.warn(piece.notes)
                for part in parts_of(piece):
                    await self._take(job, part, profile)
        finally:
            # The thread cannot be stopped: wait for its piece before the file goes away
            await asyncio.wait([ahead])

    async def _take(self, job: ImportJob, piece: Decoded, profile: str | None) -> None:
        source = f"import:{job.filename}"
        while True:
            await self._runtime.store.room()
            try:
                receipts = await self._runtime.ingest(
                    piece, profile=profile, source=source, is_live=False
                )
                break
            except StoreBusyError:
                await asyncio.sleep(0.01)  # others took the room first
        for receipt in receipts or [undecoded(job.filename, piece)]:
            job.note(receipt)

    async def _save(self, path: Path, chunks: AsyncIterator[bytes]) -> None:
        try:
            size = await self._written(path, chunks)
        except OSError as error:
            raise StoreFullError(
                f"There is no room for {path.name} ({error.strerror}). Nothing of this file was "
                "kept. Make room, then import it again."
            ) from error
        if size == 0:
            raise DecodeError(f"{path.name} is empty. Give a file with at least one reading.")

    async def _written(self, path: Path, chunks: AsyncIterator[bytes]) -> int:
        size = 0
        with path.open("wb") as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > self._max_bytes:
                    raise TooLargeError(
                        f"{path.name} has more than {self._max_bytes:,} bytes. "
                        "Cut it, or import it with `telltale import` on the server."
                    )
                self._check_disk(path.parent)
                await asyncio.to_thread(file.write, chunk)
        return size

    def _check_disk(self, folder: Path) -> None:
        if shutil.disk_usage(folder).free < self._min_free_bytes:
            raise StoreFullError(
                f"Less than {self._min_free_bytes:,} bytes are free. Nothing of this file was "
                "kept. Make room, then import it again."
            )

    def _check_room(self) -> None:
        if sum(job.is_running for job in self._jobs.values()) >= MAX_RUNNING:
            raise StoreBusyError(f"{MAX_RUNNING} imports are running. Wait for one to end.")
        if len(self._jobs) >= MAX_JOBS:
            over = next(job.id for job in self._jobs.values() if not job.is_running)
            del self._jobs[over]

    def _made_scratch(self) -> Path | None:
        if self._scratch is not None:
            self._scratch.mkdir(parents=True, exist_ok=True)
        return self._scratch


def parts_of(piece: Decoded) -> Iterator[Decoded]:
    """Yield a piece in parts that fit the store's queue; what was refused goes with the first."""
    rest: list[Batch] = [
        batch.rows(start, start + PART_ROWS)
        for batch in piece.batches
        for start in range(0, len(batch), PART_ROWS)
    ]
    yield replace(piece, batches=tuple(rest[:1]))
    for batch in rest[1:]:
        yield Decoded((batch,), units=piece.units, codes=piece.codes)


def safe_name(filename: str) -> str:
    """Return a client's file name without anything that leads elsewhere. Raises SettingsError."""
    name = filename.replace("\\", "/").rpartition("/")[2].strip()
    if not name or name in {".", ".."} or not name.isprintable() or len(name.encode()) > 200:
        raise SettingsError(
            f"filename {filename[:60]!r} cannot be used. Give the file's name, e.g. log.csv."
        )
    return name
