"""The data folder goes away under a running server: nothing is acknowledged that would be lost."""

from __future__ import annotations

import shutil
import signal
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from tests.faults.load import pump_reading
from tests.faults.server import API, Answer, Server, serving


def push(server: Server, number: int) -> Answer:
    return server.push_json("pump-1", [{"time": 1_760_000_000 + number, **pump_reading(number)}])


def test_a_deleted_data_folder_is_told_until_it_is_back(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.request("PUT", f"{API}/machines/pump-1", b'{"profile": "industrial_pump"}')
        assert push(server, 0).status == 200
        server.data.rename(tmp_path / "elsewhere")
        for is_empty in (False, True):
            if is_empty:
                server.data.mkdir()
            refused = push(server, 1)
            assert refused.status == 500
            assert "was deleted or replaced while telltale runs" in refused.detail
            ready = server.request("GET", "/readyz")
            assert ready.status == 503
            (failed,) = [check for check in ready.json()["checks"] if not check["ok"]]
            assert (failed["name"], "Put it back" in failed["detail"]) == ("store_write", True)
            assert server.get("/status")["store"]["problem"]
        shutil.rmtree(server.data)
        (tmp_path / "elsewhere").rename(server.data)
        assert push(server, 1).json()["accepted"] == 1
        assert server.request("GET", "/readyz").status == 200
        server.end(signal.SIGTERM)
        server.start()
        assert server.get("/machines/pump-1")["rows"] == 2


def test_a_process_that_was_stopped_does_not_keep_the_server_from_ending(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.request("PUT", f"{API}/machines/pump-1", b'{"profile": "industrial_pump"}')
        assert push(server, 0).status == 200
        assert server.process is not None
        children = psutil.Process(server.process.pid).children()
        (commits,) = [c for c in children if "telltale.store.commit_process" in c.cmdline()]
        commits.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        assert server.end(signal.SIGTERM) == 0
        assert time.monotonic() - began < 40.0
        assert not commits.is_running()
        server.start()
        assert server.get("/machines/pump-1")["rows"] == 1
