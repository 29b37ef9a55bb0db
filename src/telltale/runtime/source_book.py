"""`SourceBook`: the sources and sinks that were set up; kept in a file, started with the server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import structlog

from telltale.errors import SettingsError, TelltaleError
from telltale.registry import suggest
from telltale.runtime.source_file import (
    MAX_ENTRIES,
    Entry,
    check_name,
    read_entries,
    write_entry,
)
from telltale.runtime.source_kinds import (
    HIDDEN,
    checked,
    kind_class,
    settings_of,
    with_variables,
)
from telltale.runtime.source_trial import LONGEST_S, Trial, try_source
from telltale.sinks import SINKS
from telltale.sinks.base import Sink
from telltale.sources.base import Forgetting, Probing, Source

if TYPE_CHECKING:
    from telltale.runtime.core import Runtime

log = structlog.get_logger(__name__)

FILE = "sources.toml"
OPEN_S = 3.0


class UnknownSourceError(TelltaleError):
    """No source of this name was set up."""


class SourceExistsError(TelltaleError):
    """A source of this name was set up already."""


@dataclass(slots=True)
class Placed:
    """One entry, and what runs of it.

    Attributes:
        running: The source or sink; None if it is off, or could not be made.
        problem: Why it could not be made; "" if it could.
    """

    entry: Entry
    running: Source | Sink | None = None
    problem: str = ""


class SourceBook:
    """All that was set up, by name. All methods belong to one event loop.

    Args:
        runtime: Runs them.
        file: Keeps them; None keeps nothing.
    """

    def __init__(self, runtime: Runtime, file: Path | None) -> None:
        self._runtime = runtime
        self._file = file
        self._placed: dict[str, Placed] | None = None
        self._is_started = False
        self.problem = ""  # why the file as a whole cannot be read

    def all(self) -> list[Placed]:
        """Return everything, by name."""
        return [placed for _, placed in sorted(self._known().items())]

    def get(self, name: str) -> Placed:
        """Return one. Raises UnknownSourceError naming the nearest."""
        known = self._known()
        if name not in known:
            raise UnknownSourceError(f"No source {name!r} is set up. {suggest(name, known)}")
        return known[name]

    async def start(self) -> None:
        """Start all that are on. One that cannot be made says why, and stops nothing else."""
        self._is_started = True
        for placed in self._known().values():
            self._start(placed)

    async def add(
        self,
        name: str,
        kind: str,
        settings: Mapping[str, Any],
        *,
        profile: str | None = None,
        enabled: bool = True,
    ) -> Placed:
        """Set up a source or sink, keep it and start it.

        Raises:
            SourceExistsError: The name is taken.
            SettingsError, MissingExtraError: It cannot be made; nothing is kept.
        """
        check_name(name)
        known = self._known()
        self._check_file()
        if name in known:
            raise SourceExistsError(
                f"A source {name!r} is set up already. Change that one, or use another name."
            )
        if len(known) >= MAX_ENTRIES:
            raise SettingsError(f"{MAX_ENTRIES} sources are set up, which is the most. Remove one.")
        entry = Entry(name, kind, self._completed(kind, settings), enabled, profile)
        placed = Placed(entry)
        self._make(entry)  # raises what is wrong before anything is kept
        self._keep(name, entry)
        known[name] = placed
        self._start(placed)
        await self._tried(placed)
        return placed

    async def change(
        self,
        name: str,
        *,
        settings: Mapping[str, Any] | None = None,
        enabled: bool | None = None,
        profile: str | None = None,
    ) -> Placed:
        """Change settings (None takes one back to its default), or switch it on or off.

        Raises:
            UnknownSourceError: There is none of this name.
            SettingsError: It cannot be made so; everything stays as it was.
        """
        placed = self.get(name)
        self._check_file()
        before = placed.entry
        merged = {**before.settings}
        for key, value in (settings or {}).items():
            if value is None:
                merged.pop(key, None)
            elif value != HIDDEN:
                merged[key] = value
        entry = Entry(
            name,
            before.kind,
            merged,
            before.enabled if enabled is None else enabled,
            before.profile if profile is None else profile or None,
        )
        self._make(entry)
        self._keep(name, entry)
        await self._stop(placed)
        placed.entry = entry
        self._start(placed)
        await self._tried(placed)
        return placed

    async def remove(self, name: str) -> None:
        """Stop one and forget it; what it gave stays. Raises UnknownSourceError."""
        placed = self.get(name)
        self._check_file()
        running: object = placed.running
        await self._stop(placed)
        self._keep(name, None)
        del self._known()[name]
        if isinstance(running, Forgetting):  # a source
            with contextlib.suppress(TelltaleError, OSError):  # it is away: it forgets by itself
                await running.forget()

    async def try_out(
        self, kind: str, settings: Mapping[str, Any], *, seconds: float, name: str = ""
    ) -> Trial:
        """Open a source and show its first readings; keep nothing.

        Args:
            kind: Of sources, not of sinks.
            settings: Its own.
            seconds: To open, and again to wait for readings.
            name: Of the entry that they are, if any.

        Raises:
            SettingsError, MissingExtraError: It cannot be made.
        """
        if not 0 < seconds <= LONGEST_S:
            raise SettingsError(f"seconds is {seconds!r}. Give a number up to {LONGEST_S:g}.")
        if kind in SINKS:
            raise SettingsError(f"{kind} gives readings out; only what takes them in can be tried.")
        kept = {key: value for key, value in settings.items() if key != "memory"}  # writes a file
        made = self._make(Entry(name or "trial", kind, kept))
        placed = self._known().get(name)
        if placed is not None and placed.running is not None and not isinstance(made, Probing):
            raise SettingsError(
                f"{name!r} is running, and {kind} cannot be opened twice. Its state is in the list "
                "of sources; switch it off to try it out."
            )
        return await try_source(cast("Source", made), seconds)

    def of_running(self, running: object) -> Entry | None:
        """Return the entry of which this source runs; None if it was not set up here."""
        for placed in self._known().values():
            if placed.running is running:
                return placed.entry
        return None

    def _known(self) -> dict[str, Placed]:
        if self._placed is None:
            entries: dict[str, Entry] = {}
            try:
                entries = {} if self._file is None else read_entries(self._file)
            except SettingsError as error:
                self.problem = str(error)
                log.warning("sources_unreadable", error=self.problem)
            self._placed = {name: Placed(entry) for name, entry in entries.items()}
        return self._placed

    def _check_file(self) -> None:
        if self.problem:  # writing would lose what a person wrote
            raise SettingsError(f"{self.problem} Then start telltale again.")

    def _keep(self, name: str, entry: Entry | None) -> None:
        if self._file is not None:
            write_entry(self._file, name, entry)

    def _completed(self, kind: str, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return settings with what is made once and then kept, such as a client's id."""
        made_once = getattr(kind_class(kind), "made_once", {})
        made = {key: make() for key, make in made_once.items() if key not in settings}
        return {**settings, **made}

    def _make(self, entry: Entry) -> Source | Sink:
        """Return an entry's source or sink, not opened. Raises SettingsError, MissingExtraError."""
        where = f"{FILE}, [{entry.name}]"
        made = kind_class(entry.kind)
        settings: dict[str, Any] = dict(entry.settings)
        names = {one.name for one in settings_of(made) or ()}
        if entry.profile is not None and "profile" in names:
            settings.setdefault("profile", entry.profile)
        settings = with_variables(checked(entry.kind, settings, where), where)
        if isinstance(settings.get("profile"), str):  # of this data folder too
            settings["profile"] = self._runtime.profiles.get(settings["profile"])
        if "name" in made.__init__.__code__.co_varnames[: _n_arguments(made)]:
            settings["name"] = f"{entry.kind}:{entry.name}"
        try:
            running: Source | Sink = made(**settings)
        except SettingsError as error:
            raise SettingsError(f"{where}: {error}") from None
        except (TypeError, ValueError) as error:
            raise SettingsError(f"{where}: a setting has the wrong form: {error}.") from None
        return running

    def _start(self, placed: Placed) -> None:
        entry = placed.entry
        placed.running, placed.problem = None, ""
        if not (self._is_started and entry.enabled):
            return
        try:
            running = self._make(entry)
            if entry.kind in SINKS:
                self._runtime.outputs.add(cast("Sink", running))
            else:
                self._runtime.feeds.add(cast("Source", running), profile=entry.profile)
        except TelltaleError as error:
            placed.problem = str(error)
            log.warning("source_not_started", name=entry.name, error=placed.problem)
            return
        placed.running = running

    async def _tried(self, placed: Placed) -> None:
        """Wait a moment until it was opened, or could not be, so that its state says something."""
        if placed.running is not None and placed.entry.kind not in SINKS:
            with contextlib.suppress(TimeoutError, KeyError):
                async with asyncio.timeout(OPEN_S):
                    await self._runtime.feeds.tried(placed.running.name)

    async def _stop(self, placed: Placed) -> None:
        running, placed.running = placed.running, None
        if running is None:
            return
        with contextlib.suppress(KeyError, TelltaleError):  # stopped by somebody else
            if placed.entry.kind in SINKS:
                await self._runtime.outputs.remove(running.name)
            else:
                await self._runtime.feeds.remove(running.name)


def _n_arguments(made: Any) -> int:  # Any: a class
    code = made.__init__.__code__
    return int(code.co_argcount + code.co_kwonlyargcount)
