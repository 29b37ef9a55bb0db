"""A folder as a feed: every log that lies in it, appears in it or grows, read as imports are.

How far each file was read can be kept in a file. It is written a moment after the readings were
handed on, so that a restart repeats a second or two at most, and repeated readings replace
themselves.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import structlog

from telltale.batch import NS_PER_S
from telltale.errors import SettingsError, SourceUnavailableError, TelltaleError
from telltale.formats.base import Decoded
from telltale.formats.files import ReadOptions
from telltale.sources.base import SourceState, SourceStatus
from telltale.sources.checks import check_number, check_text
from telltale.sources.clock import Clock, SystemClock
from telltale.sources.folder_memory import FileState, load_memory, save_memory
from telltale.sources.reason_log import ReasonLog
from telltale.sources.recording import last_ns
from telltale.sources.taken import MAX_TOLD, Taken
from telltale.sources.watched_file import WatchedFile

SUFFIXES = (
    ".csv", ".tsv", ".txt", ".log", ".json", ".ndjson", ".jsonl", ".msgpack", ".mpk", ".parquet",
    ".gz", ".zip",
)  # fmt: skip
MAX_FILES = 10_000  # looked at in one folder, in order of name
LIVE_NS = 60 * NS_PER_S  # older readings are a recording
MAX_OPEN = 100  # readers kept of files that rest: more are made anew when their file grows
PIECES_IN_TURN = 16  # then the next file; 16 MiB
SAVE_NS = NS_PER_S  # by then what was handed on before is committed

log = structlog.get_logger()


class WatchFolder:
    """Reads the logs in a folder, and those that are put into it or written on there.

    Args:
        folder: Which; must exist when the source opens.
        machine: Whose readings; None takes what a file says, else its name.
        options: What else is known about the files.
        existing: False leaves what is there when the source first opens, and takes what comes.
        memory: File that keeps how far each was read; None reads all again at each start.
        poll_s: How often to look.
        settle_s: A file without a change for so long rests: then its last line is whole.
        clock: Tells the time and waits.

    Raises:
        SettingsError: A setting is out of range.
    """

    simulated = False

    def __init__(
        self,
        folder: str | Path,
        *,
        machine: str | None = None,
        options: ReadOptions | None = None,
        existing: bool = True,
        memory: str | Path | None = None,
        poll_s: float = 1.0,
        settle_s: float = 5.0,
        clock: Clock | None = None,
    ) -> None:
        self._folder = Path(check_text("watch_folder", "folder", str(folder)))
        self.name = f"watch_folder:{self._folder.name or self._folder}"
        self.status = SourceStatus()
        self._options = options or ReadOptions(machine=machine)
        if not isinstance(existing, bool):
            raise SettingsError(f"{self.name}: existing is {existing!r}. Give true or false.")
        self._existing = existing
        self._memory = Path(memory) if memory is not None else None
        self._poll_s = check_number(self.name, "poll_s", poll_s, 0.01, 3600)
        self._settle_ns = round(check_number(self.name, "settle_s", settle_s, 0, 3600) * NS_PER_S)
        self._clock = clock or SystemClock()
        self._reasons = ReasonLog(self.name)
        self._files: dict[str, WatchedFile] = {}
        self._states: dict[str, FileState] = {}  # of what was handed on
        self._older: dict[str, FileState] = {}  # the same, a moment ago
        self._saved: dict[str, FileState] = {}
        self._looked_ns = 0
        self._untold: dict[str, Taken] = {}
        self.is_live = True  # of what is given now: an old log says nothing about silence
        self._resting: dict[str, None] = {}  # the longest first
        self._last = ""
        self._closed = asyncio.Event()
        self._closed.set()

    async def open(self) -> None:
        """Look at the folder. Raises SourceUnavailableError, which is safe to retry."""
        self.status.state = SourceState.OPENING
        try:
            n_files = await asyncio.to_thread(self._opened)
        except OSError as error:
            self.status.state = SourceState.WAITING
            raise self._unavailable(error) from error
        self._closed.clear()
        self.status.state = SourceState.LIVE
        done = "reads" if self._existing else "leaves"
        self.status.detail = (
            f"Watches {self._folder}: {done} the {n_files} logs that are there, "
            f"{len(self._states)} of them known, and follows what is written."
        )
        log.info("folder_watched", source=self.name, detail=self.status.detail)

    async def batches(self) -> AsyncIterator[Decoded]:
        """Yield readings as files appear and grow, until closed."""
        while not self._closed.is_set():
            try:
                paths = await asyncio.to_thread(self._paths)
            except OSError as error:
                raise self._unavailable(error) from error
            n_pieces = 0
            for path in paths:
                for _ in range(PIECES_IN_TURN):
                    decoded = await asyncio.to_thread(self._next, path)
                    if decoded is not None:
                        n_pieces += 1
                        yield decoded
                    # Only now were the readings taken care of.
                    self._states[path.name] = self._files[path.name].state
                    if decoded is None or self._closed.is_set():
                        break
            for decoded in self._gone(paths):
                yield decoded
            await self._remember(paths)
            if not n_pieces:
                await self._rest()

    async def close(self) -> None:
        """Stop looking, and keep how far each file was read. Safe to call twice."""
        if not self._closed.is_set() and self._memory is not None:
            await asyncio.to_thread(save_memory, self._memory, self._states)
        self._closed.set()
        self.status.state = SourceState.CLOSED

    def _opened(self) -> int:
        """Begin where it was left; return how many logs are there."""
        paths = self._paths()
        if self._memory is not None:
            self._states = load_memory(self._memory)
        self._files.clear()
        for path in paths:
            if path.name not in self._states and not self._existing:
                file = self._file(path)
                file.leave()
                self._states[path.name] = file.state
        self._older = dict(self._states)
        return len(paths)

    def _paths(self) -> list[Path]:
        found = (
            path
            for path in self._folder.iterdir()
            if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
        )
        return [path for path in sorted(found)[:MAX_FILES] if path.is_file()]

    def _file(self, path: Path) -> WatchedFile:
        file = self._files.get(path.name)
        if file is None:
            state = self._states.get(path.name, FileState())
            file = WatchedFile(path, self._options, self._settle_ns, state)
            self._files[path.name] = file
        return file

    def _next(self, path: Path) -> Decoded | None:
        """Return a file's next readings, and say what became of it once it rests."""
        file, now_ns = self._file(path), self._clock.now_ns()
        try:
            decoded = file.next(now_ns)
        except FileNotFoundError:  # taken away since the folder was looked at
            return None
        except (TelltaleError, OSError) as error:
            self._give_up(file, str(error))
            return None
        except Exception as error:
            # A fault in one decoder must not cost the other files
            log.exception("file_failed", source=self.name, file=path.name)
            self._give_up(file, f"telltale made a mistake with this file: {error!r}")
            return None
        if decoded is not None:
            self._took(path.name, decoded, now_ns)
        elif file.rests(now_ns):
            self._rested(path.name)
        return decoded

    def _took(self, name: str, decoded: Decoded, now_ns: int) -> None:
        self.status.count(decoded, now_ns)
        self.is_live = now_ns - (last_ns(decoded) or 0) < LIVE_NS
        self._reasons.note(decoded.reasons, now_ns=now_ns, otherwise=name)
        self._untold.setdefault(name, Taken()).add(decoded)

    def _gone(self, paths: list[Path]) -> Iterator[Decoded]:
        """Forget the files that are no longer there; yield what was held back of them."""
        for name in self._files.keys() - {path.name for path in paths}:
            held = self._files.pop(name).held()
            self._states.pop(name, None)
            if held is not None:
                self._took(name, held, self._clock.now_ns())
                yield held
            if name in self._untold:
                self._tell(name, self._untold.pop(name))

    def _rested(self, name: str) -> None:
        """Say what was taken of a file, and let go of the reader that rests longest."""
        if name in self._untold:
            self._tell(name, self._untold.pop(name))
            self._resting.pop(name, None)
            self._resting[name] = None
        if len(self._resting) > MAX_OPEN:
            oldest = next(iter(self._resting))
            del self._resting[oldest]
            if oldest in self._files:
                self._files[oldest].let_go()

    def _give_up(self, file: WatchedFile, why: str) -> None:
        file.give_up(why)
        self.status.rejected += 1
        taken = self._untold.pop(file.path.name, None)
        if taken is not None:
            self._tell(file.path.name, taken)
        log.warning("file_refused", source=self.name, file=file.path.name, reason=why)

    def _tell(self, name: str, taken: Taken) -> None:
        self._last = f" Last read: {taken.told(name)}"
        log.info(
            "file_taken",
            source=self.name,
            file=name,
            rows=taken.rows,
            refused=taken.refused,
            machines=list(taken.machines),
            left_out=taken.left_out,
            notes=taken.notes,
        )

    async def _remember(self, paths: list[Path]) -> None:
        """Keep how far each file was read a moment ago, and say how it stands."""
        self.status.detail = self._told(len(paths))
        now_ns = self._clock.now_ns()
        if self._memory is not None and now_ns - self._looked_ns >= SAVE_NS:
            older, self._older, self._looked_ns = self._older, dict(self._states), now_ns
            if older != self._saved:
                self._saved = older
                await asyncio.to_thread(save_memory, self._memory, older)

    def _told(self, n_files: int) -> str:
        refused = {name: s.problem for name, s in self._states.items() if s.problem}
        said = "".join(
            f" {why}" if why.startswith(name) else f" {name}: {why}"
            for name, why in list(refused.items())[:MAX_TOLD]
        )
        more = f" And {len(refused) - MAX_TOLD} more." if len(refused) > MAX_TOLD else ""
        words = f" {len(refused)} refused:{said}{more}" if refused else ""
        return f"Watches {n_files} logs in {self._folder}.{self._last}{words}"

    async def _rest(self) -> None:
        """Wait for the next look, in short pieces so that closing is quick."""
        left_s = self._poll_s
        while left_s > 0.0 and not self._closed.is_set():
            await self._clock.sleep(min(left_s, 0.2))
            left_s -= 0.2

    def _unavailable(self, error: OSError) -> SourceUnavailableError:
        why = "there is no such folder" if isinstance(error, FileNotFoundError) else error.strerror
        return SourceUnavailableError(f"{self._folder}: {why}. Create it, or watch another one.")
