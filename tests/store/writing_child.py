"""Writes until it is killed, and says on stdout which samples were acknowledged."""

import asyncio
import random
import sys
from pathlib import Path

from telltale.store.base import RangeQuery, Write
from telltale.store.sqlite import SQLiteStore
from tests.store.samples import event, profile, ramp, say

MACHINES = ("pump-0", "pump-1", "pump-2")


async def write_for_ever(folder: Path) -> None:
    store = SQLiteStore(folder, commit_ms=5.0)
    await store.open()
    say("open")
    await asyncio.gather(*(write_machine(store, machine) for machine in MACHINES))


async def write_machine(store: SQLiteStore, machine: str) -> None:
    """Go on where the last child was killed."""
    rng = random.Random(machine)
    pump = profile()
    first = len(await store.read(RangeQuery(machine, 0, 2**62)))
    while True:
        batch = ramp(rng.randint(1, 200), start_s=float(first), machine=machine)
        last = first + len(batch) - 1
        write = Write(
            pump,
            batch,
            events=(event(int(batch.time_ns[-1]), machine=machine),),
            state=lambda last=last: str(last).encode(),  # type: ignore[misc]  # bound now
        )
        await asyncio.wrap_future(store.submit(write))
        say(f"{machine} {last}")
        first = last + 1


if __name__ == "__main__":
    asyncio.run(write_for_ever(Path(sys.argv[1])))
