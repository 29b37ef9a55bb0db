"""A simulated adapter for tests: in the test's own event loop, or in a thread that lasts."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from telltale.simulators.elm327 import Elm327
from telltale.simulators.elm327_play import simulated_adapter
from telltale.simulators.elm327_server import TcpAdapter


@asynccontextmanager
async def plugged_in(profile: str = "focus_st", **how: Any) -> AsyncIterator[tuple[Elm327, str]]:
    """Give an adapter and the address where it listens; `how` as `simulated_adapter`."""
    adapter = simulated_adapter(profile, **{"answer_s": 0.003, "wait_s": 0.01, **how})
    listener = TcpAdapter(adapter)
    await listener.open()
    try:
        yield adapter, f"127.0.0.1:{listener.port}"
    finally:
        await listener.close()


@cache
def lasting_address() -> str:
    """Return where an adapter listens in a thread of its own, until the tests end."""
    listening = threading.Event()
    listener = TcpAdapter(simulated_adapter("focus_st", answer_s=0.002, wait_s=0.005))

    async def serve() -> None:
        await listener.open()
        listening.set()
        await asyncio.Event().wait()

    threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
    assert listening.wait(10.0)
    return f"127.0.0.1:{listener.port}"
