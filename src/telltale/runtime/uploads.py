"""A client's file onto the disk: bounded, room left for others, nothing left behind."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from telltale.errors import DecodeError, SettingsError, StoreFullError, TooLargeError

MAX_NAME_BYTES = 200
NO_FOLDER = "log"  # a file named only "1" is called log-1


@dataclass(frozen=True, slots=True)
class Room:
    """What an upload may take.

    Attributes:
        max_bytes: A larger file is refused.
        min_free_bytes: This much disk must stay free beside it.
    """

    max_bytes: int
    min_free_bytes: int


async def save(path: Path, chunks: AsyncIterator[bytes], room: Room) -> None:
    """Write a file's bytes as they come.

    Raises:
        TooLargeError: Beyond max_bytes.
        StoreFullError: The disk would be too full.
        DecodeError: There are none.
    """
    try:
        size = await _written(path, chunks, room)
    except OSError as error:
        raise StoreFullError(
            f"There is no room for {path.name} ({error.strerror}). Nothing of this file was "
            "kept. Make room, then import it again."
        ) from error
    if size == 0:
        raise DecodeError(f"{path.name} is empty: it has no bytes. Choose another file.")


async def _written(path: Path, chunks: AsyncIterator[bytes], room: Room) -> int:
    size = 0
    with path.open("wb") as file:
        async for chunk in chunks:
            size += len(chunk)
            if size > room.max_bytes:
                raise TooLargeError(
                    f"{path.name} has more than {room.max_bytes:,} bytes. "
                    "Cut it, or import it with `telltale import` on the server."
                )
            if shutil.disk_usage(path.parent).free < room.min_free_bytes:
                raise StoreFullError(
                    f"Less than {room.min_free_bytes:,} bytes are free. Nothing of this file was "
                    "kept. Make room, then import it again."
                )
            await asyncio.to_thread(file.write, chunk)
    return size


def safe_path(filename: str) -> Path:
    """Return a client's file name below its folder's, without anything that leads elsewhere.

    The folder names machines whose file has only a number. Raises SettingsError.
    """
    *folders, name = (part.strip() for part in filename.replace("\\", "/").split("/"))
    if not _is_safe(name):
        raise SettingsError(
            f"filename {filename[:60]!r} cannot be used. Give the file's name, e.g. log.csv."
        )
    folder = folders[-1] if folders and _is_safe(folders[-1]) else NO_FOLDER
    return Path(folder, name)


def _is_safe(name: str) -> bool:
    is_plain = bool(name) and name not in {".", ".."} and name.isprintable()
    return is_plain and len(name.encode()) <= MAX_NAME_BYTES
