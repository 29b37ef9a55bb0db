"""Writes while the system forbids files beyond a size, then again with that lifted."""

import asyncio
import resource
import sys
from pathlib import Path

from telltale.errors import StoreError
from telltale.store.base import RangeQuery, Write
from telltale.store.sqlite import SQLiteStore
from tests.store.samples import profile, ramp, say

LIMIT_BYTES = 1_000_000
WRITES = 20
ROWS = 2_000


async def fill(folder: Path) -> None:
    store = SQLiteStore(folder)
    await store.open()
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, hard))
    kept = []
    for index in range(WRITES):
        try:
            await asyncio.wrap_future(store.submit(write(index)))
        except StoreError as error:
            told = str(error)
        else:
            kept.append(index)
    status = await store.status()
    say(f"{len(kept)} kept; {status.failed_commits} failed; {told}")
    say(str(status.problem))
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    for index in set(range(WRITES)) - set(kept):
        await asyncio.wrap_future(store.submit(write(index)))
    found = await store.read(RangeQuery("pump-1", 0, 2**62))
    is_all = found.columns["bearing_temp_c"].tolist() == list(range(WRITES * ROWS))
    say(f"{is_all} {(await store.status()).problem} {await store.check()}")
    await store.close()


def write(index: int) -> Write:
    return Write(profile(), ramp(ROWS, start_s=float(index * ROWS)))


if __name__ == "__main__":
    asyncio.run(fill(Path(sys.argv[1])))
