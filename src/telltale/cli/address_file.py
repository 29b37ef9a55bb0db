"""Where the telltale that owns a data folder answers, so that other commands can ask it."""

from __future__ import annotations

import contextlib
import json
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path

FILE_NAME = "server.json"
TIMEOUT_S = 2.0


def announce(data: Path, url: str) -> None:
    """Write down where this process answers."""
    draft = data / f".{FILE_NAME}.{os.getpid()}"
    draft.write_text(json.dumps({"pid": os.getpid(), "url": url}), encoding="utf-8")
    draft.replace(data / FILE_NAME)


@contextlib.contextmanager
def forgotten_at_the_end(data: Path) -> Iterator[None]:
    """Remove this process's address when the block ends."""
    try:
        yield
    finally:
        address = _read(data)
        if address is not None and address.get("pid") == os.getpid():
            (data / FILE_NAME).unlink(missing_ok=True)


def running_server(data: Path) -> str | None:
    """Return the address of the server that owns the folder, if one answers there."""
    address = _read(data)
    url = address.get("url") if address else None
    return url if isinstance(url, str) and answers(url) else None


def answers(url: str) -> bool:
    """Tell if a telltale answers there; one that was killed could not tidy up its file."""
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=TIMEOUT_S):  # noqa: S310 - loopback
            return True
    except (OSError, ValueError):
        return False


def _read(data: Path) -> dict[str, object] | None:
    try:
        found = json.loads((data / FILE_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
