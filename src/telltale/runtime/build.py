"""Puts an embedded telltale together: SQLite, memory stream, the profiles of one data folder."""

from __future__ import annotations

from pathlib import Path

from telltale.errors import SettingsError
from telltale.profiles.load import ProfileBook
from telltale.registry import load
from telltale.runtime.core import Runtime
from telltale.runtime.fleet import MAX_MACHINES, Fleet
from telltale.runtime.source_book import FILE as SOURCE_FILE
from telltale.store import STORES
from telltale.stream.memory import MemoryStream

PROFILES_FOLDER = "profiles"


def embedded_runtime(
    data: Path,
    *,
    max_machines: int = MAX_MACHINES,
    is_learning: bool = True,
    **keeping: float | None,
) -> Runtime:
    """Return a runtime that keeps everything below one folder. Opens nothing.

    Args:
        data: The folder.
        max_machines: A feed may invent ids for ever; beyond this they are refused.
        is_learning: Learn by itself what is normal on machines whose profile asks for it.
        keeping: Settings of the store: how long and how much it keeps.
    """
    store = load(STORES, "sqlite", group="telltale.stores", error=SettingsError)
    return Runtime(
        Fleet(
            store=store(data, is_apart=True, **keeping),
            stream=MemoryStream(),
            profiles=ProfileBook(data / PROFILES_FOLDER),
            max_machines=max_machines,
        ),
        is_learning=is_learning,
        source_file=data / SOURCE_FILE,
    )
