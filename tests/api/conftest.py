"""A real server on a free port, with a real store below a temporary folder."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from websockets.asyncio.client import connect

from telltale.api.app import create_app
from telltale.api.settings import ApiSettings
from telltale.profiles.load import ProfileBook
from telltale.runtime.core import Runtime
from telltale.runtime.fleet import Fleet
from telltale.store.sqlite import SQLiteStore
from telltale.stream.memory import MemoryStream

API = "/api/v1"


@dataclass(slots=True)
class Served:
    """One running server and a client that talks to it."""

    app: FastAPI
    runtime: Runtime
    http: httpx.AsyncClient
    port: int

    async def get(self, path: str, **settings: Any) -> httpx.Response:
        return await self.http.get(f"{API}{path}", **settings)

    async def push(self, machine: str, readings: Any, **settings: Any) -> httpx.Response:
        return await self.http.post(
            f"{API}/machines/{machine}/telemetry", json=readings, **settings
        )

    def socket(self, path: str = "/live", **settings: Any) -> connect:
        return connect(f"ws://127.0.0.1:{self.port}{API}{path}", proxy=None, **settings)


Serve = Callable[..., Any]


@asynccontextmanager
async def serving(
    folder: Path,
    *,
    settings: ApiSettings | None = None,
    web: Path | None = None,
    ring: int = 10_000,
    **store: Any,
) -> AsyncIterator[Served]:
    runtime = Runtime(
        Fleet(
            store=SQLiteStore(folder, **store),
            stream=MemoryStream(ring=ring),
            profiles=ProfileBook(folder / "profiles"),
        )
    )
    await runtime.start()
    app = create_app(runtime, settings=settings, web=web, scratch=folder / "scratch")
    config = uvicorn.Config(
        app,
        port=0,
        log_level="error",
        access_log=False,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    task = asyncio.create_task(server.serve([listener]))
    try:
        while not server.started:
            await asyncio.sleep(0.005)
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20
        ) as http:
            yield Served(app, runtime, http, port)
    finally:
        server.should_exit = True
        await task
        await runtime.stop()
        listener.close()


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    """Start servers with settings of the test's own."""
    async with AsyncExitStack() as stack:

        async def start(**settings: Any) -> Served:
            served: Served = await stack.enter_async_context(serving(tmp_path, **settings))
            return served

        yield start


@pytest.fixture
async def served(serve: Serve) -> Served:
    """One server with the usual settings."""
    started: Served = await serve()
    return started
