"""A body that stops coming is given up, said, and nothing of it is kept."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from telltale.api.settings import ApiSettings
from tests.api.conftest import API, serving

HEAD = (
    "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    'Transfer-Encoding: chunked\r\n\r\n8\r\n{{"a": 1,\r\n'
)


@pytest.mark.parametrize("path", ["/machines/pump-1/telemetry", "/imports?filename=a.csv"])
async def test_a_body_that_stalls_is_given_up(tmp_path: Path, path: str) -> None:
    async with serving(tmp_path, settings=ApiSettings(max_silence_s=0.3)) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(HEAD.format(path=API + path).encode())
        head, _, body = (await asyncio.wait_for(reader.read(), 60)).partition(b"\r\n\r\n")
        writer.close()
        assert b" 408 " in head.splitlines()[0]
        assert b"connection: close" in head.lower()
        detail = json.loads(body)["detail"]
        assert "0.3 s" in detail
        assert "again" in detail
        assert (await served.get("/machines")).json() == {"machines": []}
