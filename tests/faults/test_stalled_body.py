"""A body that stops coming is given up, said, and nothing of it is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from telltale.api.settings import ApiSettings
from tests.api.conftest import API, serving


@pytest.mark.parametrize("path", ["/machines/pump-1/telemetry", "/imports?filename=a.csv"])
async def test_a_body_that_stalls_is_given_up(tmp_path: Path, path: str) -> None:
    async with serving(tmp_path, settings=ApiSettings(max_silence_s=0.3)) as served:

        async def stalling_body() -> AsyncIterator[bytes]:
            yield b'{"a": 1,'
            await asyncio.sleep(30)

        answer = await served.http.post(
            f"{API}{path}",
            content=stalling_body(),
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 408
        assert "0.3 s" in answer.json()["detail"]
        assert "again" in answer.json()["detail"]
        assert (await served.get("/machines")).json() == {"machines": []}
