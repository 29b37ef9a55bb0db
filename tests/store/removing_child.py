"""Removes a recording, then a machine, again and again until it is killed or both are gone."""

import asyncio
import sys
from pathlib import Path

from telltale.store.sqlite import SQLiteStore
from tests.store.samples import say


async def remove(folder: Path, session: str) -> None:
    store = SQLiteStore(folder)
    await store.open()
    say("open")
    if any(known.id == session for known in await store.sessions()):
        await store.remove_session(session)
    say("session")
    if any(known.id == "pump-2" for known in await store.machines()):
        await store.remove_machine("pump-2")
    say("done")
    await store.close()


if __name__ == "__main__":
    asyncio.run(remove(Path(sys.argv[1]), sys.argv[2]))
