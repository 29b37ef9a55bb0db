"""Commits in a process of its own: SQLite's work takes no turn from the event loop's.

Both would otherwise share one interpreter lock. The process holds a connection and a `Committer`,
answers one group at a time, and ends when its input does: with the process that started it, even
if that one is killed. Run as `python -m telltale.store.commit_process FOLDER`.
"""

from __future__ import annotations

import contextlib
import pickle  # between a process and its own child, over a pipe that nobody else can open
import signal
import struct
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from telltale.batch import Batch, FloatArray, IntArray
from telltale.errors import StoreInterruptedError
from telltale.events import Event
from telltale.profiles.schema import Profile
from telltale.store.base import Write
from telltale.store.commit import Committed, Committer
from telltale.store.database import Owner, configure, connect
from telltale.store.files import ARCHIVE, FILE_NAME

LOCK = "commits.lock"
WAIT_S = 10.0  # for a process whose starter was killed: it ends with the group that it has
END_S = 10.0  # for an idle process to see that its input has ended
LENGTH = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class Sent:
    """One `Write` on its way: the columns as one block, the state already worked out."""

    profile: str
    machine: str
    time_ns: IntArray
    names: tuple[str, ...]
    values: FloatArray  # (columns, n)
    events: tuple[Event, ...]
    state: bytes | None


@dataclass(frozen=True, slots=True)
class Group:
    """What the process is asked to commit.

    Attributes:
        is_changed: Somebody else has changed the database: forget what you remember.
        profiles: Those that are new or have changed since the last group.
    """

    now_ns: int
    is_changed: bool
    profiles: dict[str, Profile]
    writes: list[Sent]


class CommitProcess:
    """`Commits` by a process of its own, started with the first group. Lives on one thread.

    If the process ends by itself, its group fails, and the next one starts another.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._profiles: dict[str, Profile] = {}
        self._is_changed = False

    def commit(self, writes: Sequence[Write], now_ns: int) -> Committed:
        """Keep all of these writes, or none. Raises sqlite3.Error or StoreError."""
        new = {w.profile.id: w.profile for w in writes if not self._knows(w.profile)}
        group = Group(now_ns, self._is_changed, new, _sent(writes))
        answer = self._asked(group)
        self._profiles.update(new)
        self._is_changed = False
        if isinstance(answer, Exception):
            raise answer
        committed: Committed = answer
        return committed

    def forget(self) -> None:
        """Have everything forgotten that is remembered there."""
        self._is_changed = True

    def interrupt(self) -> None:
        """End the process at once, whatever it does or waits for: its group fails."""
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """End the process. Safe to call twice."""
        process, self._process = self._process, None
        self._profiles.clear()
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:  # stopped, or stuck in the disk: it holds no group
                process.kill()
                process.wait()

    def _knows(self, profile: Profile) -> bool:
        return self._profiles.get(profile.id) is profile

    def _asked(self, group: Group) -> Any:  # Any: Committed, or the exception that it met
        if self._process is None:
            self._process = _started(self._folder)
        process = self._process
        try:
            _send(process.stdin, group)
            return _received(process.stdout)
        except (OSError, EOFError):
            self.close()
            raise StoreInterruptedError(
                f"The process that writes to {self._folder} has ended (exit status "
                f"{process.returncode}). It may have kept these readings or not; it is started "
                "anew. Send them again: what is there already is kept once."
            ) from None


def wait_for_the_last(folder: Path) -> None:
    """Wait until no earlier process commits here any more. Raises StoreError."""
    lock = Owner(folder, LOCK)
    lock.take(wait_s=WAIT_S)
    lock.release()


def _started(folder: Path) -> subprocess.Popen[bytes]:
    # -P: a numpy.py in the working folder is somebody's own. A session of its own: Ctrl+C at a
    # terminal is for whoever starts this, even while it imports.
    command = [sys.executable, "-P", "-m", __name__, str(folder)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )


def _sent(writes: Sequence[Write]) -> list[Sent]:
    """Return writes as they are sent; of each machine only the newest state is worked out."""
    newest = {write.batch.machine: write for write in writes if write.state is not None}
    return [
        Sent(
            write.profile.id,
            write.batch.machine,
            write.batch.time_ns,
            tuple(write.batch.columns),
            np.array(list(write.batch.columns.values())),
            write.events,
            write.state() if write.state and newest[write.batch.machine] is write else None,
        )
        for write in writes
    ]


def _send(pipe: BinaryIO | Any, message: object) -> None:
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    pipe.write(LENGTH.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def _received(pipe: BinaryIO | Any) -> Any:
    """Return the next message. Raises EOFError when there is none, or only a part of one."""
    head = pipe.read(LENGTH.size)
    if len(head) < LENGTH.size:
        raise EOFError
    (size,) = LENGTH.unpack(head)
    data = pipe.read(size)
    if len(data) < size:  # killed while it wrote
        raise EOFError
    return pickle.loads(data)  # noqa: S301  from this process' own child or starter


def _serve(folder: Path, commands: BinaryIO, answers: BinaryIO) -> None:
    """Commit what comes until nothing does."""
    connection = connect(folder / FILE_NAME)
    try:
        configure(connection)
        committer = Committer(connection, folder / ARCHIVE)
        profiles: dict[str, Profile] = {}
        while True:
            group: Group = _received(commands)
            profiles.update(group.profiles)
            if group.is_changed:
                committer.forget()
            answer: Committed | Exception
            try:
                answer = committer.commit(
                    [_write(sent, profiles) for sent in group.writes], group.now_ns
                )
            except Exception as error:  # told to whoever sent it; the next group may be good
                answer = error
            _send(answers, answer)
    except (EOFError, BrokenPipeError):
        return
    finally:
        connection.close()


def _write(sent: Sent, profiles: dict[str, Profile]) -> Write:
    columns = dict(zip(sent.names, sent.values, strict=True))
    batch = Batch(sent.machine, sent.time_ns, columns)
    state = None if sent.state is None else partial(bytes, sent.state)
    return Write(profiles[sent.profile], batch, sent.events, state)


def main() -> None:
    """Be the process."""
    # Whoever started this one is told to stop in its stead, and closes the pipe when it is ready.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    folder = Path(sys.argv[1])
    lock = Owner(folder, LOCK)
    lock.take(wait_s=WAIT_S)
    _serve(folder, sys.stdin.buffer, sys.stdout.buffer)
    lock.release()


if __name__ == "__main__":
    main()
