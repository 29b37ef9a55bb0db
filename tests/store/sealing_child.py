"""Archives a store's old days again and again until it is killed or all of them are sealed."""

import asyncio
import sys
from pathlib import Path

from telltale.store.sqlite import SQLiteStore
from tests.store.samples import DAY_NS, START_NS, say


async def seal(folder: Path) -> None:
    store = SQLiteStore(folder)
    await store.open()
    say("open")
    await store.archive(START_NS + 400 * DAY_NS)
    say("done")
    await store.close()


if __name__ == "__main__":
    asyncio.run(seal(Path(sys.argv[1])))
