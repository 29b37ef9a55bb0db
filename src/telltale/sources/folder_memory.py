"""How far each file of a watched folder was read, kept in a small file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import structlog

log = structlog.get_logger()


class FileState(msgspec.Struct, frozen=True):
    """How far a file was read. The default means not at all.

    Attributes:
        offset: Bytes that were read.
        is_flushed: What was held back at this offset was given as well.
        start_ns: What its clock counts from, where it has no date.
        mark: Checksum of its first `mark_bytes`: another one means another file.
        changed_ns: Of a file that is read only as a whole: its change that was read.
        problem: Why it is not read on; "" if it is.
    """

    offset: int = 0
    is_flushed: bool = False
    start_ns: int | None = None
    mark: int = 0
    mark_bytes: int = 0
    changed_ns: int = 0
    problem: str = ""


def load_memory(file: Path) -> dict[str, FileState]:
    """Return what is remembered, by file name; what cannot be read is begun anew."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, FileState])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        log.warning("memory_unreadable", file=str(file), reason=str(error))
        return {}


def save_memory(file: Path, states: Mapping[str, FileState]) -> bool:
    """Write it whole or not at all. False if it cannot be kept."""
    new = file.with_name(file.name + ".new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(msgspec.json.encode(states))
        new.replace(file)
    except OSError as error:
        log.warning("memory_not_kept", file=str(file), reason=str(error))
        return False
    return True
