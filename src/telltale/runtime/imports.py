"""`Imports`: whole files into the store, in constant memory, with progress and a stop button."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from telltale.errors import StoreBusyError, TelltaleError
from telltale.formats.base import Decoded
from telltale.formats.files import ReadOptions, read_file
from telltale.registry import suggest
from telltale.runtime.import_job import ImportChannel, ImportJob
from telltale.runtime.receipt import undecoded
from telltale.runtime.uploads import Room, safe_path, save

if TYPE_CHECKING:
    from telltale.runtime.core import Runtime

log = structlog.get_logger(__name__)

MAX_JOBS = 100  # remembered; the oldest that is over makes room
MAX_RUNNING = 4
PREFIX = "telltale-import-"  # of an upload's folder
PART_ROWS = 10_000  # one commit; small beside the store's queue
GIB = 1024**3
MAX_LOOKED_AT = 100  # machines of one file whose profiles are asked; most share one


class UnknownImportError(TelltaleError):
    """No import has this id."""


class Imports:
    """All imports of one runtime, by id.

    Args:
        runtime: Where the readings go.
        scratch: Where uploads wait; the system's folder for such if absent.
        max_bytes, min_free_bytes: What an upload may take, see `Room`.
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
        self._room = Room(max_bytes, min_free_bytes)
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

    async def tidy_up(self) -> None:
        """Remove the uploads that a kill left behind. Once, before anything is uploaded."""
        if self._scratch is not None:  # else they are the system's to remove
            for folder in self._scratch.glob(f"{PREFIX}*"):
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

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
            SettingsError: The name cannot be used.
            TooLargeError, StoreFullError, DecodeError: As `uploads.save`.
        """
        self._check_room()
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=self._made_scratch()))
        try:
            path = folder / safe_path(filename)
            path.parent.mkdir()
            await save(path, chunks, self._room)
            if modified_ns is not None:
                os.utime(path, ns=(modified_ns, modified_ns))
            return self.start(path, options, profile=profile, owned=folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def start(
        self,
        path: Path,
        options: ReadOptions,
        *,
        profile: str | None = None,
        owned: Path | None = None,
    ) -> ImportJob:
        """Start reading a file that is there already; `owned` is deleted afterwards."""
        self._check_room()
        job = ImportJob(str(next(self._numbers)), path.name, path.stat().st_size)
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
        for job in self.all():
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
            job.channels = self._channels(job)
            if job.rows:
                there = f" {job.replaced:,} were there already." if job.replaced else ""
                job.end("done", f"{job.rows:,} readings kept, {job.rejected:,} refused.{there}")
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
            await self._forget_empty(job)
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
        job.saw(piece)
        for receipt in receipts or [undecoded(job.filename, piece)]:
            job.note(receipt)

    async def _forget_empty(self, job: ImportJob) -> None:
        """Remove the machines that this import made known and of which it could keep nothing."""
        for machine in job.registered:
            live = self._runtime.fleet.find(machine)
            if live is not None and not live.rows and not live.last_time_ns:
                with contextlib.suppress(TelltaleError):  # then it stays, and says that it is empty
                    await self._runtime.fleet.remove(machine)

    def _channels(self, job: ImportJob) -> list[ImportChannel]:
        """Return what the file's columns became."""
        found: dict[str, ImportChannel] = {}
        for machine in list(job.machines)[:MAX_LOOKED_AT]:
            live = self._runtime.machine(machine)
            for column, words in job.columns.items():
                name = live.conformer.names.find(column)
                if name is not None and column not in found:
                    channel = live.profile.channels[name.channel]
                    codes = {word: channel.codes.get(word, words[word]) for word in words}
                    found[column] = ImportChannel(column, name.channel, channel.unit, codes)
        return list(found.values())

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
    parts = [
        (
            batch.rows(start, start + PART_ROWS),
            () if rows is None else (rows[start : start + PART_ROWS],),
        )
        for batch, rows in piece.shares()
        for start in range(0, len(batch), PART_ROWS)
    ]
    if not parts:
        yield piece
    share = piece
    for batch, row_numbers in parts:
        yield replace(share, batches=(batch,), row_numbers=row_numbers)
        share = piece.without_refusals()
