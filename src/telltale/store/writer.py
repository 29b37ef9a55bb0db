"""The one thread that writes. Takes writes at once, answers each after its commit."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from telltale.batch import IntArray
from telltale.errors import StoreBusyError, StoreError
from telltale.store.base import Write
from telltale.store.commit import Commits, Transaction
from telltale.store.failures import WriteFailures

T = TypeVar("T")

# Between commits the writer gathers for a multiple of what the last one took: a quick disk
# answers quickly, a slow one gets larger groups, and commits stay below a fifth of the time.
GATHER_FACTOR = 4.0
MIN_GATHER_S = 0.004
# A sender that waits for each answer is alone however long the writer gathers: after a group of
# one write the next ones are committed at once, and only now and then it is tried again.
TRY_AGAIN_AFTER = 16
PATIENCE_S = 10.0  # at the end, for one group: on a disk at fault even a second is long
POLL_S = 0.5


@dataclass(slots=True)
class Job:
    """Something else to do on the writer's thread, in a transaction of its own or in none."""

    run: Callable[[sqlite3.Connection], Any]  # Any: each job has its own answer
    in_transaction: bool


@dataclass(slots=True)
class Entry:
    """One thing in the queue."""

    work: Write | Job
    rows: int
    future: Future[Any]


class Writer:
    """A bounded queue in front of the database. `submit` and `call` work from any thread.

    Args:
        commits: Does the commits, here or in a process of its own.
        connection: For jobs, which run here.
        failures: Counts what went wrong, and explains it.
        on_late: Told, on the writer's thread, of committed samples that came late.
        problem: Says why nothing may be written now, None if it may.
    """

    def __init__(
        self,
        commits: Commits,
        connection: sqlite3.Connection,
        failures: WriteFailures,
        *,
        commit_ms: float,
        commit_rows: int,
        queue_rows: int,
        clock_ns: Callable[[], int],
        on_late: Callable[[str, IntArray], None] | None = None,
        problem: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.commits = 0
        self.queued_rows = 0
        self._commits = commits
        self._connection = connection
        self._failures = failures
        self._on_late = on_late
        self._problem = problem
        self._commit_s = commit_ms / 1000.0
        self._commit_rows = commit_rows
        self._queue_rows = queue_rows
        self._clock_ns = clock_ns
        self._queue: deque[Entry] = deque()
        self._changed = threading.Condition()
        self._room: list[Future[None]] = []
        self._closing = False
        self._last_commit_s = 0.0
        self._lone_groups = 0
        self._last_end = 0.0
        self._began: float | None = None
        self._thread = threading.Thread(target=self._run, name="telltale-store-writer")

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self, *, patience_s: float = PATIENCE_S) -> None:
        """Write what was submitted, then end. Blocks; safe to call twice.

        A group that takes longer than `patience_s` is given up, and fails; the rest is written.
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
        while self._thread.ident is not None and self._thread.is_alive():
            self._thread.join(POLL_S)
            if self.busy_s > patience_s:
                self._commits.interrupt()
                self._began = time.monotonic()  # what is tried instead gets as long

    @property
    def busy_s(self) -> float:
        """How long the group has taken that is being committed; 0.0 when none is."""
        began = self._began
        return 0.0 if began is None else time.monotonic() - began

    def submit(self, write: Write) -> Future[int]:
        """Queue one write. Raises StoreBusyError when the queue is full, StoreError if closed."""
        return self._append(Entry(write, max(1, len(write.batch)), Future()))

    def call(
        self, run: Callable[[sqlite3.Connection], T], *, in_transaction: bool = True
    ) -> Future[T]:
        """Queue a job. It sees every write submitted before it, committed."""
        return self._append(Entry(Job(run, in_transaction), 0, Future()))

    def room(self) -> Future[None]:
        """Return a future that ends when `submit` takes writes."""
        future: Future[None] = Future()
        with self._changed:
            if self.queued_rows < self._queue_rows or self._closing:
                future.set_result(None)
            else:
                self._room.append(future)
        return future

    def _append(self, entry: Entry) -> Future[Any]:
        with self._changed:
            if self._closing:
                raise StoreError("The store is closed and takes nothing more.")
            if entry.rows and self.queued_rows >= self._queue_rows:
                raise StoreBusyError(
                    f"{self.queued_rows} readings wait to be written, {self._queue_rows} may. "
                    "Nothing of this was taken: send it again in a moment, or send more slowly."
                )
            self._queue.append(entry)
            self.queued_rows += entry.rows
            self._changed.notify()
        return entry.future

    def _run(self) -> None:
        while True:
            group = self._next_group()
            if not group:
                if self._closing:
                    return
                continue  # all of it was cancelled before it was begun
            started = self._began = time.monotonic()
            self._do(group)
            self._began = None
            self._last_end = time.monotonic()
            self._last_commit_s = self._last_end - started
            self._release(sum(entry.rows for entry in group))

    def _next_group(self) -> list[Entry]:
        """Wait for work and for company; return what to commit together, or [] at the end."""
        with self._changed:
            while not self._queue and not self._closing:
                self._changed.wait()
            due = self._last_end + self._gather_s()
            while not self._closing and not self._is_group_full():
                left_s = due - time.monotonic()
                if left_s <= 0.0:
                    break
                self._changed.wait(left_s)
            group = self._taken()
            self._lone_groups = self._lone_groups + 1 if len(group) == 1 else 0
            return group

    def _gather_s(self) -> float:
        """Return for how long after the last commit company is waited for."""
        if self._lone_groups % TRY_AGAIN_AFTER:
            return 0.0
        return min(self._commit_s, max(MIN_GATHER_S, GATHER_FACTOR * self._last_commit_s))

    def _is_group_full(self) -> bool:
        return self.queued_rows >= self._commit_rows or isinstance(self._queue[0].work, Job)

    def _taken(self) -> list[Entry]:
        """Take entries up to the group's size; a job makes a group of its own."""
        group: list[Entry] = []
        rows = 0
        while self._queue and rows < self._commit_rows:
            if isinstance(self._queue[0].work, Job) and group:
                break
            entry = self._queue.popleft()
            if not entry.future.set_running_or_notify_cancel():
                self.queued_rows -= entry.rows
                continue
            group.append(entry)
            rows += entry.rows
            if isinstance(entry.work, Job):
                break
        return group or (self._taken() if self._queue else [])

    def _release(self, rows: int) -> None:
        with self._changed:
            self.queued_rows -= rows
            waiting = self._room if self.queued_rows < self._queue_rows else []
            self._room = [] if waiting else self._room
        for future in waiting:
            future.set_result(None)

    def _do(self, group: Sequence[Entry]) -> None:
        work = group[0].work
        if isinstance(work, Job):
            self._do_job(work, group[0].future)
            return
        error = self._commit(group)
        if error is None:
            return
        if len(group) > 1 and not self._failures.is_disk(error):
            for entry in group:  # one of them is at fault: the others must not pay for it
                alone = self._commit([entry])
                if alone is not None:
                    self._fail([entry], alone)
        else:
            self._fail(group, error)

    def _commit(self, group: Sequence[Entry]) -> Exception | None:
        writes = [entry.work for entry in group if isinstance(entry.work, Write)]
        try:
            self._check()
            committed = self._commits.commit(writes, self._clock_ns())
        except Exception as error:
            return error
        self.commits += 1
        self._failures.worked()
        if self._on_late is not None:
            for machine, time_ns in committed.late:
                self._on_late(machine, time_ns)
        for entry, count in zip(group, committed.new_rows, strict=True):
            entry.future.set_result(count)
        return None

    def _check(self) -> None:
        if (problem := self._problem()) is not None:
            raise StoreError(problem)

    def _fail(self, group: Sequence[Entry], error: Exception) -> None:
        values = sum(
            len(entry.work.batch) * (2 + len(entry.work.batch.columns))
            for entry in group
            if isinstance(entry.work, Write)
        )
        told = self._failures.failed(error, values)
        for entry in group:
            entry.future.set_exception(told)

    def _do_job(self, job: Job, future: Future[Any]) -> None:
        try:
            self._check()
            if job.in_transaction:
                with Transaction(self._connection):
                    answer = job.run(self._connection)
                self._commits.forget()
            else:
                answer = job.run(self._connection)
        except Exception as error:
            future.set_exception(self._failures.explained(error, 0))
        else:
            future.set_result(answer)
