"""`Store`: the seam where readings, events and machines are kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import msgspec

from telltale.batch import Batch
from telltale.errors import StoreError
from telltale.events import Event
from telltale.labels import Label
from telltale.profiles.schema import Profile


class NoModelError(StoreError):
    """No model of this number is kept, or no file of it."""


class UnknownWaveformError(StoreError):
    """A machine has no waveform of this number."""


class ColumnsFullError(StoreError):
    """A profile's samples have as many columns as there can be. Nothing was changed."""


class Machine(msgspec.Struct, frozen=True):
    """One watched machine. Its profile says what it is.

    Attributes:
        id: As used by feeds and in addresses.
        title: For people; the id until somebody renames it.
        profile: Id of its profile.
        simulated: True if its readings come from a simulator.
        place: Where it stands, free text.
        created_ns: When it was first seen.
    """

    id: str
    title: str
    profile: str
    simulated: bool = False
    place: str = ""
    created_ns: int = 0


class Session(msgspec.Struct, frozen=True):
    """One recording: a stretch of readings without a long pause.

    Attributes:
        id: "<machine>/<start_ns>".
        start_ns, end_ns: First and last sample.
        rows: Samples in it.
        title: Given by a person, else "".
    """

    id: str
    machine: str
    start_ns: int
    end_ns: int
    rows: int
    title: str = ""


@dataclass(frozen=True, slots=True)
class Write:
    """One unit to keep: all of it is committed together, or none.

    Attributes:
        profile: Names the table and its columns.
        batch: Samples; columns are channels and metrics of the profile.
        events: Episodes, upserted by key.
        state: Gives the pipeline's state after this batch, encoded, or None to leave the one
            that is kept; called once per commit.
    """

    profile: Profile
    batch: Batch
    events: tuple[Event, ...] = ()
    state: Callable[[], bytes | None] | None = None


class RangeQuery(msgspec.Struct, frozen=True):
    """Samples of one machine, start_ns inclusive to end_ns exclusive.

    Attributes:
        names: Channels and metrics; empty means all.
        points: At most about this many buckets; each gives its minimum and maximum per
            channel, in time order, so that no peak is lost. None means every sample.
        limit: With points None: at most this many samples, the newest if `newest`.
    """

    machine: str
    start_ns: int
    end_ns: int
    names: tuple[str, ...] = ()
    points: int | None = None
    limit: int | None = None
    newest: bool = False


class KeptModel(msgspec.Struct, frozen=True):
    """One version of a model on the shelf, without its files.

    Attributes:
        machine: Whose own it is; "" for one that any machine of its profile may use.
        name: Versions of one model share it.
        origin: "trained", "learnt by itself" or "imported".
        created_ns: When it was put there.
        card: Its card, as JSON.
        number: Its own among all; 0 until it is kept.
        version: 1, 2, 3 ... among those of one machine and name; 0 until it is kept.
    """

    machine: str
    name: str
    origin: str
    created_ns: int
    card: bytes
    number: int = 0
    version: int = 0


class Role(StrEnum):
    """What a model does on a machine."""

    ACTIVE = "active"  # its outputs are the machine's
    SHADOW = "shadow"  # it is asked beside the active one, and only the differences are counted


class KeptWaveform(msgspec.Struct, frozen=True):
    """What is kept of one waveform: what was found in it, never its samples.

    Attributes:
        machine: Whose.
        point: Measuring point.
        time_ns: When it was recorded.
        finding: What was found, as JSON.
        detail: Its spectrum and band levels, encoded; b"" in lists.
        id: Its own among all; 0 until it is kept.
    """

    machine: str
    point: str
    time_ns: int
    finding: bytes
    detail: bytes = b""
    id: int = 0


class Deployment(msgspec.Struct, frozen=True):
    """One model that runs on a machine, in one role under its name."""

    machine: str
    name: str
    role: Role
    model: int
    since_ns: int


class StoreStatus(msgspec.Struct, frozen=True):
    """How full the store is.

    Attributes:
        rows: Samples kept, all machines, hot and archived.
        size_bytes, free_bytes: What it takes on the disk, and what is left there.
        bytes_per_day: Growth measured over the last day of readings; None when too early.
        full_in_days: Forecast at that growth; None when unknown.
        queue_rows, queue_limit_rows: Waiting for the writer.
        commits, failed_commits: Since the start.
        problem: What is wrong, in one sentence; None when nothing is.
        notes: What happened at the start that somebody may want to know, e.g. a migration.
    """

    rows: int
    size_bytes: int
    free_bytes: int
    bytes_per_day: float | None
    full_in_days: float | None
    queue_rows: int
    queue_limit_rows: int
    commits: int
    failed_commits: int
    problem: str | None = None
    notes: tuple[str, ...] = ()


class Store(Protocol):
    """Where everything is kept. The constructor checks settings and opens nothing.

    Writes are taken at once and answered after the commit: an answered write survives a kill
    at any instant. Writes commit in the order they were submitted. Reads see what is committed.
    """

    async def open(self) -> None:
        """Open, check integrity, migrate (with a copy first). Raises StoreError."""

    async def close(self) -> None:
        """Commit what was submitted, then let go. Safe to call twice."""

    def submit(self, write: Write) -> Future[int]:
        """Queue one write; the future ends after its commit, or with StoreError.

        It gives how many samples were not there before: one that is sent again is kept once.

        Raises:
            StoreBusyError: The queue is full; nothing was taken.
        """

    async def room(self) -> None:
        """Wait until `submit` would take a write. This is the back-pressure."""

    async def read(self, query: RangeQuery) -> Batch:
        """Return samples, hot and archived alike. Unknown machine or range: an empty batch."""

    async def last_state(self, machine: str) -> bytes | None:
        """Return the newest pipeline state that was committed for the machine."""

    async def machines(self) -> Sequence[Machine]:
        """Return all machines by id."""

    async def save_machine(self, machine: Machine) -> None:
        """Insert or replace one machine."""

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

    async def sessions(self, machine: str | None = None) -> Sequence[Session]:
        """Return recordings, newest first."""

    async def name_session(self, session: str, title: str) -> Session:
        """Give a recording a title. Raises StoreError if there is none of this id."""

    async def remove_machine(self, machine: str) -> None:
        """Remove a machine: samples, recordings, events and state. Raises StoreError if unknown.

        A kill at any instant leaves all of it or nothing. Its id is free again at once.
        """

    async def remove_session(self, session: str) -> None:
        """Remove a recording and the events that began in it; notes stay. All of it or nothing.

        With the machine's newest recording its state goes too, as it knows of those samples.
        Raises StoreError if there is none of this id.
        """

    async def save_model(self, model: KeptModel, files: Mapping[str, bytes]) -> KeptModel:
        """Put a new version on the shelf; return it with its number and version."""

    async def models(self, machine: str | None = None) -> Sequence[KeptModel]:
        """Return all versions of all models, newest first; of one machine: its own and any's."""

    async def model_files(self, number: int) -> Mapping[str, bytes]:
        """Return a version's files by name. Raises NoModelError if there is none."""

    async def remove_model(self, number: int) -> None:
        """Remove a version. Raises StoreError if it runs somewhere or is not there."""

    async def make_columns(self, profile: Profile, used: Collection[str]) -> None:
        """Make room for samples with all columns of a profile, before there are any.

        Args:
            profile: With the outputs of a machine's models.
            used: Columns that other machines of the profile use.

        Raises:
            ColumnsFullError: There are too many, and not enough others hold nothing.
        """

    async def deploy(self, deployment: Deployment) -> None:
        """Let a version run in a role of a machine, in place of what ran in it."""

    async def withdraw(self, machine: str, name: str, role: Role) -> None:
        """Let nothing run in a role of a machine under this name."""

    async def deployments(self, machine: str | None = None) -> Sequence[Deployment]:
        """Return what runs where."""

    async def save_label(self, label: Label) -> Label:
        """Keep a label; return it with its id. One that says the same is kept once.

        Raises:
            LabelError: It cannot be kept; one that contradicts it is named.
        """

    async def labels(self, machine: str | None = None) -> Sequence[Label]:
        """Return labels by machine and start, of one machine or all."""

    async def remove_label(self, label: int) -> Label:
        """Remove one label and return it. Raises UnknownLabelError."""

    async def save_waveform(self, waveform: KeptWaveform, newest: int) -> KeptWaveform:
        """Keep what was found in a waveform; return it with its id.

        Of each measuring point so many of the newest stay, by time; others are let go. One of the
        same time is replaced.
        """

    async def waveforms(self, machine: str, point: str | None = None) -> Sequence[KeptWaveform]:
        """Return the waveforms of a machine or a point, newest first, without their details."""

    async def waveform(self, machine: str, number: int) -> KeptWaveform:
        """Return one waveform with its details. Raises UnknownWaveformError."""

    async def remove_waveform(self, machine: str, number: int) -> None:
        """Remove one waveform. Raises UnknownWaveformError."""

    async def status(self) -> StoreStatus:
        """Return how full the store is and whether it works."""

    async def housekeeping(self, now_ns: int) -> bool:
        """Archive and let go of old samples, one bounded piece; True if there is more to do."""
