"""`SQLiteStore`: everything in one folder, in one SQLite file and, when sealed, Parquet."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

from telltale.batch import Batch
from telltale.errors import SettingsError, StoreError
from telltale.events import Event
from telltale.labels import Label
from telltale.profiles.schema import Profile
from telltale.store import (
    changes,
    column_room,
    disk,
    labels,
    models,
    queries,
    removal,
    waveforms,
)
from telltale.store.archive import Sealing
from telltale.store.base import (
    Deployment,
    KeptModel,
    KeptWaveform,
    Machine,
    RangeQuery,
    Role,
    Session,
    StoreStatus,
    Write,
)
from telltale.store.chunks import sweep
from telltale.store.commit import Commits, Committer
from telltale.store.commit_process import CommitProcess, wait_for_the_last
from telltale.store.database import Owner, open_database
from telltale.store.failures import WriteFailures
from telltale.store.files import ARCHIVE, FILE_NAME, Watched, damage
from telltale.store.housekeeping import Housekeeping
from telltale.store.ranges import clamped, read_range
from telltale.store.reading import Readers
from telltale.store.retention import Limits
from telltale.store.writer import Writer

MIN_BYTES = 10_000_000  # below this the empty database and its log would not fit
STUCK_S = 10.0  # a group of 2,000 samples takes milliseconds
CHECK_AT_OPEN_S = 0.5  # a larger database is checked to the end beside the first readings


class SQLiteStore:
    """Keeps everything in one folder. Implements `Store`; see docs/reference/store.md.

    Args:
        folder: Where the files go; made if it is not there.
        commit_ms: Longest time that a write waits for company.
        commit_rows: Samples in one transaction, about.
        queue_rows: Samples that may wait for the writer before it says busy.
        read_threads: Reads at the same time.
        archive_after_days: Whole days older than this move to Parquet, if DuckDB is installed;
            None keeps all in SQLite.
        keep_days: Samples older than this are let go; None keeps all.
        max_bytes: The oldest samples are let go beyond this; None takes the whole disk.
        is_apart: Commit in a process of its own, so that SQLite and the rest of telltale do not
            wait for each other; else on a thread, which starts quicker.
        clock_ns: The present, UTC nanoseconds; tests hand in their own.
    """

    def __init__(
        self,
        folder: Path,
        *,
        commit_ms: float = 25.0,
        commit_rows: int = 2000,
        queue_rows: int = 200_000,
        read_threads: int = 2,
        archive_after_days: float | None = 2.0,
        keep_days: float | None = None,
        max_bytes: int | None = None,
        is_apart: bool = False,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        for name, value in (("commit_rows", commit_rows), ("queue_rows", queue_rows)):
            if value < 1:
                raise SettingsError(f"store: {name} is {value}, it must be at least 1.")
        if not 0.0 <= commit_ms <= 10_000.0:
            raise SettingsError(f"store: commit_ms is {commit_ms}, it must be from 0 to 10000.")
        if not 1 <= read_threads <= 64:
            raise SettingsError(f"store: read_threads is {read_threads}, use 1 to 64.")
        for name, days in (("archive_after_days", archive_after_days), ("keep_days", keep_days)):
            if days is not None and not days > 0.0:
                raise SettingsError(f"store: {name} is {days}, it must be more than 0, or unset.")
        if max_bytes is not None and max_bytes < MIN_BYTES:
            raise SettingsError(f"store: max_bytes is {max_bytes}, use at least {MIN_BYTES}.")
        self.folder = Path(folder)
        self._archive_after_days = archive_after_days
        self._limits = Limits(keep_days, max_bytes)
        self._commit_ms = commit_ms
        self._commit_rows = commit_rows
        self._queue_rows = queue_rows
        self._read_threads = read_threads
        self._is_apart = is_apart
        self._clock_ns = clock_ns
        self._owner = Owner(self.folder)
        self._failures = WriteFailures(self.folder)
        self._connection: sqlite3.Connection | None = None
        self._commits: Commits | None = None
        self._writer: Writer | None = None
        self._readers: Readers | None = None
        self._housekeeping: Housekeeping | None = None
        self._notes: tuple[str, ...] = ()
        self._damage: str | None = None
        self._watched: Watched | None = None
        self._checking: asyncio.Task[None] | None = None

    @property
    def path(self) -> Path:
        """The database file."""
        return self.folder / FILE_NAME

    async def open(self) -> None:
        """Open, check integrity, migrate (with a copy first). Raises StoreError."""
        if self._writer is not None:
            return
        is_checked = await asyncio.to_thread(self._open)
        if not is_checked:
            self._checking = asyncio.create_task(self._check_to_the_end())

    async def close(self) -> None:
        """Commit what was submitted, then let go. Safe to call twice."""
        checking, self._checking = self._checking, None
        if checking is not None:
            checking.cancel()
        await asyncio.to_thread(self._close)

    def submit(self, write: Write) -> Future[int]:
        """Queue one write; the future ends after its commit, or with StoreError."""
        return self._open_writer().submit(write)

    async def room(self) -> None:
        """Wait until `submit` would take a write."""
        future = self._open_writer().room()
        if not future.done():
            await asyncio.wrap_future(future)

    async def read(self, query: RangeQuery) -> Batch:
        """Return samples, hot and archived alike."""
        archive = self.folder / ARCHIVE
        return await self._open_readers().run(
            lambda connection: read_range(connection, archive, query)
        )

    async def last_state(self, machine: str) -> bytes | None:
        """Return the machine's last committed pipeline state."""
        return await self._open_readers().run(
            lambda connection: queries.last_state(connection, machine)
        )

    async def machines(self) -> Sequence[Machine]:
        """Return all machines by id."""
        return await self._open_readers().run(queries.machines)

    async def save_machine(self, machine: Machine) -> None:
        """Insert or replace one machine."""
        writer = self._open_writer()
        await asyncio.wrap_future(writer.call(lambda c: changes.save_machine(c, machine)))

    async def events(
        self,
        machine: str | None = None,
        *,
        start_ns: int = 0,
        end_ns: int | None = None,
        open_only: bool = False,
        rule: str | None = None,
        limit: int = 1000,
    ) -> Sequence[Event]:
        """Return events that began in the range, newest first; with `rule` only those of it."""
        end_ns = None if end_ns is None else clamped(end_ns)
        return await self._open_readers().run(
            lambda connection: queries.events(
                connection, machine, clamped(start_ns), end_ns, open_only, rule, limit
            )
        )

    async def sessions(self, machine: str | None = None) -> Sequence[Session]:
        """Return recordings, newest first."""
        return await self._open_readers().run(
            lambda connection: queries.sessions(connection, machine)
        )

    async def name_session(self, session: str, title: str) -> Session:
        """Give a recording a title. Raises StoreError if there is none of this id."""
        writer = self._open_writer()
        return await asyncio.wrap_future(
            writer.call(lambda c: changes.name_session(c, session, title))
        )

    async def remove_machine(self, machine: str) -> None:
        """Remove a machine and all that is kept of it. Raises StoreError if there is none."""
        await self._open_housekeeping().remove_machine(machine)

    async def remove_session(self, session: str) -> None:
        """Remove one recording. Raises StoreError if there is none."""
        await self._open_housekeeping().remove_session(session)

    async def save_model(self, model: KeptModel, files: Mapping[str, bytes]) -> KeptModel:
        """Put a new version on the shelf; return it with its number and version."""
        writer = self._open_writer()
        return await asyncio.wrap_future(writer.call(lambda c: models.save_model(c, model, files)))

    async def models(self, machine: str | None = None) -> Sequence[KeptModel]:
        """Return all versions of all models, newest first; of one machine: its own and any's."""
        return await self._open_readers().run(lambda c: models.models(c, machine))

    async def model_files(self, number: int) -> Mapping[str, bytes]:
        """Return a version's files by name. Raises NoModelError if there is none."""
        return await self._open_readers().run(lambda c: models.model_files(c, number))

    async def remove_model(self, number: int) -> None:
        """Remove a version. Raises StoreError if it runs somewhere or is not there."""
        writer = self._open_writer()
        await asyncio.wrap_future(writer.call(lambda c: models.remove_model(c, number)))

    async def make_columns(self, profile: Profile, used: Collection[str]) -> None:
        """Make room for samples with all columns of a profile. Raises ColumnsFullError."""
        names, key, readers = profile.names, profile.id, self._open_readers()
        spare: tuple[str, ...] = ()
        if await readers.run(lambda c: column_room.missing_columns(c, key, names)) > 0:
            spare = await readers.run(lambda c: column_room.spare_columns(c, key, {*used, *names}))
        writer = self._open_writer()
        await asyncio.wrap_future(
            writer.call(lambda c: column_room.make_columns(c, key, names, spare))
        )

    async def deploy(self, deployment: Deployment) -> None:
        """Let a version run in a role of a machine, in place of what ran in it."""
        writer = self._open_writer()
        await asyncio.wrap_future(writer.call(lambda c: models.deploy(c, deployment)))

    async def withdraw(self, machine: str, name: str, role: Role) -> None:
        """Let nothing run in a role of a machine under this name."""
        writer = self._open_writer()
        await asyncio.wrap_future(writer.call(lambda c: models.withdraw(c, machine, name, role)))

    async def deployments(self, machine: str | None = None) -> Sequence[Deployment]:
        """Return what runs where."""
        return await self._open_readers().run(lambda c: models.deployments(c, machine))

    async def save_label(self, label: Label) -> Label:
        """Keep a label; return it with its id. Raises LabelError."""
        writer = self._open_writer()
        return await asyncio.wrap_future(writer.call(lambda c: labels.save_label(c, label)))

    async def labels(self, machine: str | None = None) -> Sequence[Label]:
        """Return labels by machine and start, of one machine or all."""
        return await self._open_readers().run(lambda c: labels.labels(c, machine))

    async def remove_label(self, label: int) -> Label:
        """Remove one label and return it. Raises UnknownLabelError."""
        writer = self._open_writer()
        return await asyncio.wrap_future(writer.call(lambda c: labels.remove_label(c, label)))

    async def save_waveform(self, waveform: KeptWaveform, newest: int) -> KeptWaveform:
        """Keep what was found in a waveform; return it with its id."""
        writer = self._open_writer()
        return await asyncio.wrap_future(
            writer.call(lambda c: waveforms.save_waveform(c, waveform, newest))
        )

    async def waveforms(self, machine: str, point: str | None = None) -> Sequence[KeptWaveform]:
        """Return the waveforms of a machine or a point, newest first, without their details."""
        return await self._open_readers().run(lambda c: waveforms.waveforms(c, machine, point))

    async def waveform(self, machine: str, number: int) -> KeptWaveform:
        """Return one waveform with its details. Raises UnknownWaveformError."""
        return await self._open_readers().run(lambda c: waveforms.waveform(c, machine, number))

    async def remove_waveform(self, machine: str, number: int) -> None:
        """Remove one waveform. Raises UnknownWaveformError."""
        writer = self._open_writer()
        await asyncio.wrap_future(
            writer.call(lambda c: waveforms.remove_waveform(c, machine, number))
        )

    async def status(self) -> StoreStatus:
        """Return how full the store is and whether it works."""
        now_ns = self._clock_ns()
        use = await self._open_readers().run(
            lambda connection: disk.measure(connection, self.folder, now_ns, self._limits.max_bytes)
        )
        writer = self._open_writer()
        known = (self._failures.problem, self._damage, self._lost(), _stuck(writer.busy_s))
        problems = [problem for problem in known if problem]
        return StoreStatus(
            rows=use.rows,
            size_bytes=use.size_bytes,
            free_bytes=use.free_bytes,
            bytes_per_day=use.bytes_per_day,
            full_in_days=use.full_in_days,
            queue_rows=writer.queued_rows,
            queue_limit_rows=self._queue_rows,
            commits=writer.commits,
            failed_commits=self._failures.failed_commits,
            problem=" ".join(problems) or None,
            notes=self._notes,
        )

    async def check(self) -> str | None:
        """Look for damage in the whole database; return what was found, None if nothing."""
        return await self._open_readers().run(damage)

    async def housekeeping(self, now_ns: int) -> bool:
        """Archive, let go and tidy up, one bounded piece of each; True if there is more to do.

        Call it about once a minute, and again at once while it returns True. Raises StoreError.
        """
        return await self._open_housekeeping().run(now_ns)

    async def archive(self, before_ns: int) -> int:
        """Move all whole UTC days before a time to Parquet; return how many samples moved.

        Raises:
            StoreError: A file could not be written. Its samples are still in SQLite.
            MissingExtraError: DuckDB is not installed.
        """
        return await self._open_housekeeping().archive(before_ns)

    def _open(self) -> bool:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{self.folder} cannot be made: {error}. Choose another.") from error
        self._owner.take()
        try:
            wait_for_the_last(self.folder)
            opened = open_database(self.folder, check_s=CHECK_AT_OPEN_S)
            sweep(opened.connection, self.folder / ARCHIVE, at_start=True)
            with contextlib.suppress(sqlite3.Error):  # a full disk: housekeeping goes on with it
                removal.finish(opened.connection)
        except BaseException:
            self._owner.release()
            raise
        self._connection, self._notes = opened.connection, opened.notes
        self._damage = opened.problem
        self._watched = Watched(self.path)
        self._readers = Readers(self.path, self._read_threads)
        sealing = Sealing(self.folder / ARCHIVE)
        self._commits = (
            CommitProcess(self.folder)
            if self._is_apart
            else Committer(opened.connection, self.folder / ARCHIVE)
        )
        self._writer = Writer(
            self._commits,
            opened.connection,
            self._failures,
            commit_ms=self._commit_ms,
            commit_rows=self._commit_rows,
            queue_rows=self._queue_rows,
            clock_ns=self._clock_ns,
            on_late=sealing.note_late,
            problem=self._lost,
        )
        self._housekeeping = Housekeeping(
            self.folder,
            self._writer,
            self._readers,
            sealing,
            limits=self._limits,
            archive_after_days=self._archive_after_days,
        )
        self._writer.start()
        return opened.is_checked

    def _close(self) -> None:
        writer, self._writer = self._writer, None
        readers, self._readers = self._readers, None
        commits, self._commits = self._commits, None
        connection, self._connection = self._connection, None
        self._housekeeping = None
        if writer is not None:
            writer.stop()
        if commits is not None:
            commits.close()
        if readers is not None:
            readers.close()
        if connection is not None:
            connection.close()  # the last one folds the log into the file
        self._owner.release()

    async def _check_to_the_end(self) -> None:
        found = await self.check()
        if found is not None:
            self._damage = (
                f"{self.path} is damaged ({found}). Stop telltale and restore a backup; "
                "what is intact is still served."
            )

    def _lost(self) -> str | None:
        return None if self._watched is None else self._watched.problem()

    def _open_writer(self) -> Writer:
        if self._writer is None:
            raise StoreError(f"The store in {self.folder} is not open.")
        return self._writer

    def _open_housekeeping(self) -> Housekeeping:
        if self._housekeeping is None:
            raise StoreError(f"The store in {self.folder} is not open.")
        return self._housekeeping

    def _open_readers(self) -> Readers:
        if self._readers is None:
            raise StoreError(f"The store in {self.folder} is not open.")
        return self._readers


def _stuck(busy_s: float) -> str | None:
    if busy_s < STUCK_S:
        return None
    return (
        f"A commit has been under way for {busy_s:.0f} s. Look at the disk, and for a process of "
        "telltale that was stopped."
    )
