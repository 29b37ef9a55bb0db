"""A few threads with read-only connections: reads never wait for the writer, nor it for them."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from telltale.errors import StoreError, TelltaleError
from telltale.store.files import connect_reader

T = TypeVar("T")


class Readers:
    """Runs functions of a read-only connection, each thread on its own."""

    def __init__(self, path: Path, threads: int) -> None:
        self._path = path
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="telltale-store-reader")
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []

    async def run(self, read: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `read` finds. Raises StoreError."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._run, read)

    def close(self) -> None:
        """Wait for reads under way, then let go. Safe to call twice."""
        self._pool.shutdown(wait=True)
        while self._connections:
            self._connections.pop().close()

    def _run(self, read: Callable[[sqlite3.Connection], T]) -> T:
        try:
            connection = getattr(self._local, "connection", None)
            if connection is None:
                connection = self._local.connection = connect_reader(self._path)
                self._connections.append(connection)
            return read(connection)
        except TelltaleError:
            raise
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{self._path} could not be read: {error}.") from error
