"""`CanDatabases`: the CAN databases that people gave, kept as files, ready to decode with."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec

from telltale.errors import SettingsError, StoreFullError, TelltaleError
from telltale.formats.can.convert import converted
from telltale.formats.can.databases import MAX_DATABASE_BYTES, SUFFIXES
from telltale.formats.can.tables import CanTables, together
from telltale.formats.names import clean_name
from telltale.registry import suggest
from telltale.runtime.uploads import Room, safe_path, save

FOLDER = "can-databases"
MAX_KEPT = 200
MAX_LOADED = 8  # tables in memory; of the largest about 50 MB each
MIN_FREE_BYTES = 64 << 20
MAX_ID = 60
HASH_LETTERS = 8
ABOUT, TABLES = "about.json", "tables.json"


class UnknownCanDatabaseError(TelltaleError):
    """No kept CAN database has this id."""


class CanDatabase(msgspec.Struct, frozen=True):
    """One kept database.

    Attributes:
        id: Made of its name and its content: the same file has the same id.
        name: The file's.
        bytes: Its size.
        messages, signals: How many there are.
        j1939: How many messages are known by their parameter group.
        notes: What of it cannot be used.
    """

    id: str
    name: str
    bytes: int
    messages: int
    signals: int
    j1939: int
    notes: tuple[str, ...] = ()


class CanDatabases:
    """All databases of one telltale, by id.

    Args:
        folder: Where they are kept, a folder each; made when the first comes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loaded: OrderedDict[str, CanTables] = OrderedDict()
        self._adding = asyncio.Lock()
        self._loading = threading.Lock()  # requests ask from several threads

    def all(self) -> list[CanDatabase]:
        """Return all of them by id."""
        found = (self._about(path.parent.name) for path in sorted(self._folder.glob(f"*/{ABOUT}")))
        return [database for database in found if database is not None]

    def get(self, id: str) -> CanDatabase:  # noqa: A002  a database's own word
        """Return one. Raises UnknownCanDatabaseError."""
        found = self._about(id)
        if found is None:
            known = [database.id for database in self.all()]
            raise UnknownCanDatabaseError(f"No CAN database {id!r}. {suggest(id, known)}")
        return found

    def tables(self, ids: Sequence[str]) -> CanTables:
        """Return the decoding tables of one or several; of a message in two the first's.

        Raises:
            UnknownCanDatabaseError: No such database.
            DecodeError: What is kept of it was damaged.
        """
        with self._loading:
            tables = [self._one(self.get(id)) for id in ids]  # noqa: A001
        return tables[0] if len(tables) == 1 else together(tables)

    def file(self, id: str) -> Path:  # noqa: A002
        """Return where a database's own file lies. Raises UnknownCanDatabaseError."""
        return self._folder / id / self.get(id).name

    async def add(self, filename: str, chunks: AsyncIterator[bytes]) -> CanDatabase:
        """Keep a database.

        Args:
            filename: The client's name of it; its ending tells what it is.
            chunks: Its bytes.

        Raises:
            SettingsError: The name cannot be used.
            DecodeError: No database, or nothing that can be decoded.
            TooLargeError: Beyond a limit.
            StoreFullError: There are too many, or there is no room on the disk.
        """
        name = safe_path(filename).name
        if Path(name).suffix.lower() not in SUFFIXES:
            raise SettingsError(
                f"filename {name!r} is no CAN database's. Give one of {', '.join(SUFFIXES)}."
            )
        async with self._adding:
            return await self._added(name, chunks)

    async def _added(self, name: str, chunks: AsyncIterator[bytes]) -> CanDatabase:
        self._folder.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".new-", dir=self._folder))
        try:
            path = scratch / name
            await save(path, chunks, Room(MAX_DATABASE_BYTES, MIN_FREE_BYTES))
            digest = hashlib.sha256(await asyncio.to_thread(path.read_bytes)).hexdigest()
            stem = clean_name(path.stem)[: MAX_ID - HASH_LETTERS - 1]
            id = f"{stem}-{digest[:HASH_LETTERS]}"  # noqa: A001
            known = self._about(id)
            if known is not None:
                return known
            if len(self.all()) >= MAX_KEPT:
                raise StoreFullError(
                    f"{MAX_KEPT} CAN databases are kept. Remove one with "
                    "DELETE /api/v1/can-databases/ID."
                )
            tables = await asyncio.to_thread(converted, path)
            about = _about(id, name, path.stat().st_size, tables)
            (scratch / TABLES).write_bytes(msgspec.json.encode(tables))
            (scratch / ABOUT).write_bytes(msgspec.json.encode(about))
            scratch.rename(self._folder / id)
            return about
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def remove(self, id: str) -> None:  # noqa: A002
        """Remove one; what was imported with it stays. Raises UnknownCanDatabaseError."""
        self.get(id)
        with self._loading:
            self._loaded.pop(id, None)
        shutil.rmtree(self._folder / id)

    def _about(self, id: str) -> CanDatabase | None:  # noqa: A002
        if "/" in id or "\\" in id or id.startswith("."):
            return None
        with contextlib.suppress(OSError, ValueError, msgspec.DecodeError):
            text = (self._folder / id / ABOUT).read_bytes()
            return msgspec.json.decode(text, type=CanDatabase)
        return None

    def _one(self, about: CanDatabase) -> CanTables:
        tables = self._loaded.pop(about.id, None) or self._read(about)
        self._loaded[about.id] = tables
        if len(self._loaded) > MAX_LOADED:
            self._loaded.popitem(last=False)
        return tables

    def _read(self, about: CanDatabase) -> CanTables:
        folder = self._folder / about.id
        try:
            return msgspec.json.decode((folder / TABLES).read_bytes(), type=CanTables)
        except (OSError, msgspec.DecodeError):  # of another version: the file itself is there
            tables = converted(folder / about.name)
        with contextlib.suppress(OSError):
            (folder / TABLES).write_bytes(msgspec.json.encode(tables))
        return tables


def _about(id: str, name: str, n_bytes: int, tables: CanTables) -> CanDatabase:  # noqa: A002
    return CanDatabase(
        id,
        name,
        n_bytes,
        len(tables.messages),
        tables.n_signals,
        sum(message.is_j1939 for message in tables.messages),
        tables.notes,
    )
