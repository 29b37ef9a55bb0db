"""How far each file of a watched folder was read, kept in the folder itself."""

from __future__ import annotations

from pathlib import Path

import msgspec
import structlog

MEMORY_FILE = ".telltale-read.json"

log = structlog.get_logger()


class FileState(msgspec.Struct):
    """How far a file was read. `header` is a CSV's first line, put before each later piece."""

    offset: int = 0
    size: int = 0
    seen_ns: int = 0  # when it last grew
    header: str = ""
    failed: bool = False


def load_memory(folder: Path) -> dict[str, FileState]:
    """Return what is remembered, by file name; what cannot be read is begun anew."""
    try:
        text = (folder / MEMORY_FILE).read_bytes()
        return msgspec.json.decode(text, type=dict[str, FileState])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        log.warning("memory_unreadable", file=str(folder / MEMORY_FILE), reason=str(error))
        return {}


def save_memory(folder: Path, files: dict[str, FileState]) -> bool:
    """Write it whole or not at all, without files that are gone. False if it cannot be kept."""
    there = {name: state for name, state in files.items() if (folder / name).exists()}
    new = folder / (MEMORY_FILE + ".new")
    try:
        new.write_bytes(msgspec.json.encode(there))
        new.replace(folder / MEMORY_FILE)
    except OSError as error:
        log.warning("memory_not_kept", file=str(folder / MEMORY_FILE), reason=str(error))
        return False
    return True
