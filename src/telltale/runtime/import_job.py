"""`ImportJob`: one file on its way into the store, and how that is shown."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from telltale.formats.base import MAX_REASONS, Decoded, LeftOut, Rejection

if TYPE_CHECKING:
    from telltale.runtime.receipt import Receipt

MAX_MACHINES = 1_000  # named in a job's answer


class ImportChannel(msgspec.Struct, frozen=True):
    """What a column of a file became: a channel with its unit, and numbers for its words."""

    column: str
    channel: str
    unit: str
    words: dict[str, float] = {}


class ImportView(msgspec.Struct, frozen=True):
    """Where an import stands. `state`: running, done, failed or stopped.

    `channels` is there once it is done. Readings in `replaced` were there already, by their times.
    """

    id: str
    filename: str
    state: str
    bytes: int
    bytes_total: int
    rows: int
    rejected: int
    replaced: int
    rejected_values: int
    rate_rows_s: float
    eta_s: float | None
    machines: list[str]
    first_time_ns: int | None
    last_time_ns: int | None
    channels: list[ImportChannel]
    left_out: list[LeftOut]
    unknown: dict[str, str]
    warnings: list[str]
    reasons: list[Rejection]
    detail: str


@dataclass(slots=True)
class ImportJob:
    """One file on its way into the store. Every number counts what is committed."""

    id: str
    filename: str
    bytes_total: int
    state: str = "running"
    bytes_done: int = 0
    rows: int = 0
    rejected: int = 0
    replaced: int = 0
    rejected_values: int = 0
    machines: dict[str, None] = field(default_factory=dict)
    first_time_ns: int | None = None
    last_time_ns: int | None = None
    registered: set[str] = field(default_factory=set)
    columns: dict[str, dict[str, float]] = field(default_factory=dict)  # with their words
    empty: dict[str, LeftOut] = field(default_factory=dict)  # so far
    channels: list[ImportChannel] = field(default_factory=list)
    left_out: dict[str, LeftOut] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    reasons: list[Rejection] = field(default_factory=list)
    detail: str = "Reading."
    began_s: float = field(default_factory=time.monotonic)
    took_s: float | None = None
    task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """True until it is done, failed or stopped."""
        return self.state == "running"

    @property
    def is_done(self) -> bool:
        """True once it was read to its end."""
        return self.state == "done"

    def note(self, receipt: Receipt) -> None:
        """Add what became of one machine's share of a piece."""
        self.rows += receipt.accepted
        self.rejected += receipt.rejected
        self.replaced += receipt.replaced
        self.rejected_values += receipt.rejected_values
        if receipt.registered:
            self.registered.add(receipt.machine)
        if receipt.accepted and len(self.machines) < MAX_MACHINES:
            self.machines[receipt.machine] = None
        self.unknown.update(receipt.unknown)
        self.left_out.update({column.column: column for column in receipt.left_out})
        news = [warning for warning in receipt.warnings if warning not in self.warnings]
        self.warnings += news[: MAX_REASONS - len(self.warnings)]
        room = MAX_REASONS - len(self.reasons)
        self.reasons += [r for r in receipt.reasons if r not in self.reasons][:room]
        if receipt.first_time_ns is not None and receipt.last_time_ns is not None:
            known_ns = [ns for ns in (self.first_time_ns, self.last_time_ns) if ns is not None]
            self.first_time_ns = min([*known_ns, receipt.first_time_ns])
            self.last_time_ns = max([*known_ns, receipt.last_time_ns])

    def saw(self, piece: Decoded) -> None:
        """Note which columns held values, and which numbers their words got."""
        for batch in piece.batches:
            for name, values in batch.columns.items():
                if name in self.columns:
                    continue
                if bool(np.isnan(values).all()):
                    self.empty[name] = LeftOut(name, "no value in any row")
                else:
                    self.columns[name] = {}
                    self.empty.pop(name, None)
        for name, words in (*piece.names.items(), *piece.codes.items()):
            if name in self.columns:
                self.columns[name] = dict(words)

    def end(self, state: str, detail: str) -> None:
        """Say how it ended."""
        self.state, self.detail = state, detail
        self.took_s = time.monotonic() - self.began_s

    def view(self) -> ImportView:
        """Return it as the API and the command line show it."""
        spent_s = max(self.took_s or time.monotonic() - self.began_s, 0.001)
        eta_s = None
        if self.is_running and self.bytes_done and self.bytes_total:
            eta_s = round(spent_s * (self.bytes_total / self.bytes_done - 1), 1)
        return ImportView(
            id=self.id,
            filename=self.filename,
            state=self.state,
            bytes=self.bytes_done,
            bytes_total=self.bytes_total,
            rows=self.rows,
            rejected=self.rejected,
            replaced=self.replaced,
            rejected_values=self.rejected_values,
            rate_rows_s=round(self.rows / spent_s, 1),
            eta_s=eta_s,
            machines=list(self.machines),
            first_time_ns=self.first_time_ns,
            last_time_ns=self.last_time_ns,
            channels=self.channels,
            left_out=[*self.left_out.values(), *(self.empty.values() if self.is_done else ())],
            unknown=self.unknown,
            warnings=self.warnings,
            reasons=self.reasons,
            detail=self.detail,
        )
