"""A full disk: the sender is told in a sentence, everything else goes on, and writing begins again
by itself when there is room. The system's limit on file sizes stands in for the disk: it needs no
root, it gives the server's own writes the same refusal, and it can be lifted from outside."""

from __future__ import annotations

import contextlib
import json
import resource
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil  # type: ignore[import-untyped]
import pytest

from telltale.batch import Batch
from telltale.pipeline.run import Pipeline
from telltale.profiles.load import ProfileBook
from tests.faults.load import pump_reading
from tests.faults.server import API, Answer, Server, free_udp_port, serving, until

prlimit = getattr(resource, "prlimit", None)
pytestmark = pytest.mark.skipif(prlimit is None, reason="needs Linux: limits set from outside")

BASE_NS = 1_760_000_000_000_000_000
ROWS = 500
ROOM_BYTES = 1_500_000


def allow_files_of(server: Server, size_bytes: int) -> None:
    """Forbid the running server to write a file beyond a size; the refusal is an error there."""
    assert server.process is not None
    assert prlimit is not None
    process = psutil.Process(server.process.pid)
    for pid in (process.pid, *(child.pid for child in process.children())):
        _, hard = prlimit(pid, resource.RLIMIT_FSIZE)
        soft = hard if size_bytes < 0 else size_bytes
        prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


def push(server: Server, number: int) -> Answer:
    first = number * ROWS
    rows = [
        {"time": BASE_NS + i * 100_000_000, **pump_reading(i)} for i in range(first, first + ROWS)
    ]
    return server.push_json("pump-1", rows)


def fill(server: Server) -> tuple[int, Answer]:
    """Push until there is no more room; return how many requests were kept, and the refusal."""
    allow_files_of(server, ROOM_BYTES)
    for number in range(200):
        answer = push(server, number)
        if answer.status != 200:
            return number, answer
    raise AssertionError("the disk never became full")


def kept_rows(server: Server) -> list[dict[str, Any]]:
    answer = server.request("GET", f"{API}/exports?machine=pump-1&format=ndjson")
    assert answer.status == 200
    return [json.loads(line) for line in answer.body.splitlines()]


def check_kept(server: Server, n_requests: int) -> None:
    """All rows are there, once, and worked out as if nothing had been in the way."""
    rows = kept_rows(server)
    assert len(rows) == n_requests * ROWS
    assert server.get("/machines/pump-1")["rows"] == len(rows)
    names = list(pump_reading(0))
    columns = {name: np.array([row[name] for row in rows]) for name in names}
    sent = [pump_reading(i) for i in range(len(rows))]
    assert all(columns[name].tolist() == [row[name] for row in sent] for name in names)
    pipeline = Pipeline(ProfileBook(None).get("industrial_pump"))
    times = BASE_NS + np.arange(len(rows)) * 100_000_000
    result, _ = pipeline.run(Batch("pump-1", times, columns), pipeline.start())
    for name in ("hydraulic_energy_kwh", "vibration_episodes_count", "vibration_mean_mm_s"):
        assert [row.get(name, np.nan) for row in rows] == result.batch.columns[name].tolist()


def test_a_full_disk_is_told_and_writing_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.request("PUT", f"{API}/machines/pump-1", b'{"profile": "industrial_pump"}')
        kept, refused = fill(server)
        assert kept > 0
        assert refused.status == 507
        assert "Nothing of this was kept" in refused.detail
        assert "room" in refused.detail or "space" in refused.detail
        assert server.request("GET", "/").status == 200
        assert server.request("GET", "/readyz").status == 503
        assert "Nothing" in server.get("/status")["store"]["problem"]
        for _ in range(5):
            assert push(server, kept).status == 507
        assert len(kept_rows(server)) == kept * ROWS
        allow_files_of(server, -1)
        assert push(server, kept).json()["accepted"] == ROWS
        assert push(server, kept + 1).json()["accepted"] == ROWS
        assert server.request("GET", "/readyz").status == 200
        assert server.get("/status")["store"]["problem"] is None
        check_kept(server, kept + 2)
        told = [event for event in server.logged() if event["event"] == "write_failed"]
        assert len(told) == 1, told
        server.end(signal.SIGKILL)
        server.start()
        check_kept(server, kept + 2)


def test_datagrams_that_a_full_disk_did_not_take_are_counted(tmp_path: Path) -> None:
    with (
        serving(tmp_path, udp_port=free_udp_port()) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        server.request("PUT", f"{API}/machines/pump-1", b'{"profile": "industrial_pump"}')
        assert push(server, 0).status == 200
        allow_files_of(server, 1)  # not even the log can be written
        for i in range(20):
            reading = {"machine": "pump-1", **pump_reading(i)}
            udp.sendto(json.dumps(reading).encode(), ("127.0.0.1", server.udp_port))
        until(lambda: server.get("/sources")["sources"][0]["dropped"] == 20, "they are counted")
        allow_files_of(server, -1)
        before = server.get("/machines/pump-1")["rows"]
        udp.sendto(b'{"machine": "pump-1", "flow_l_min": 99}', ("127.0.0.1", server.udp_port))
        until(lambda: server.get("/machines/pump-1")["rows"] == before + 1, "writing goes on")
        assert server.get("/sources")["sources"][0]["dropped"] == 20


def test_an_import_onto_a_full_disk_fails_with_what_to_do_and_keeps_what_was_before(
    tmp_path: Path,
) -> None:
    times = np.datetime_as_string(
        (BASE_NS + np.arange(60_000) * 100_000_000).astype("datetime64[ns]"), unit="ms"
    )
    lines = [f"{time}Z,{i % 60},{i % 7}" for i, time in enumerate(times)]
    body = ("time,bearing_temp_c,vibration_mm_s\n" + "\n".join(lines)).encode()
    with serving(tmp_path) as server:
        allow_files_of(server, len(body) // 2)
        refused = server.request("POST", f"{API}/imports?filename=pump-9.csv", body)
        assert refused.status == 507, refused
        assert "room" in refused.detail or "space" in refused.detail
        assert not [path for path in (server.data / "uploads").rglob("*") if path.is_file()]
        allow_files_of(server, len(body) + 100_000)
        job = server.request("POST", f"{API}/imports?filename=pump-9.csv", body).json()
        until(lambda: server.get(f"/imports/{job['id']}")["state"] != "running", "the import ends")
        ended = server.get(f"/imports/{job['id']}")
        assert ended["state"] == "failed"
        assert 0 < ended["rows"] < 60_000
        assert "stay" in ended["detail"]
        assert server.get("/machines/pump-9")["rows"] == ended["rows"]
        allow_files_of(server, -1)
        job = server.request("POST", f"{API}/imports?filename=pump-9.csv", body).json()
        until(lambda: server.get(f"/imports/{job['id']}")["state"] != "running", "the import ends")
        assert server.get(f"/imports/{job['id']}")["state"] == "done"
        sessions = server.get("/sessions?machine=pump-9")["sessions"]
        assert [session["rows"] for session in sessions] == [60_000]


@contextlib.contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """Mount a disk of 8 MB. Needs root, and a system that lets root mount."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
        pytest.skip("needs the right to mount a small disk (root)")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.long
def test_a_disk_that_is_really_full_is_told_and_writing_goes_on_when_there_is_room(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(3_000_000))
        with serving(disk) as server:
            server.request("PUT", f"{API}/machines/pump-1", b'{"profile": "industrial_pump"}')
            kept = 0
            while (answer := push(server, kept)).status == 200:
                kept += 1
                assert kept < 200, "the disk never became full"
            assert kept > 0
            assert answer.status == 507, answer
            assert "Free space" in answer.detail
            assert "No room to write" in server.get("/status")["store"]["problem"]
            assert len(kept_rows(server)) == kept * ROWS
            ballast.unlink()
            assert push(server, kept).json()["accepted"] == ROWS
            assert server.get("/status")["store"]["problem"] is None
            check_kept(server, kept + 1)
            server.end(signal.SIGKILL)
            server.start()
            check_kept(server, kept + 1)
            server.end(signal.SIGKILL)
