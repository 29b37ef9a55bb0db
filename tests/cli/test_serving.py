"""`serve`, `watch` and `demo` as processes: they answer, and keep what they acknowledged."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

from telltale.cli import serve
from telltale.runtime import fleet
from tests.cli.conftest import Run, Served, until


def test_demo_shows_five_moving_machines_one_per_profile(start: Callable[..., Served]) -> None:
    served = start("demo")

    def rows() -> dict[str, int]:
        machines = served.get("/api/v1/machines")["machines"]
        assert all(m["simulated"] for m in machines)
        return {m["profile"]: m["rows"] for m in machines}

    until(lambda: len(rows()) == 5 and all(rows().values()))
    before = rows()
    until(lambda: all(now > before[profile] for profile, now in rows().items()))

    def found() -> list[str]:
        events = served.get("/api/v1/machines/pump-3")["open_events"]
        return [event["name"] for event in events if event["kind"] == "limit"]

    until(lambda: "vibration_mm_s" in found(), timeout_s=90.0)


def test_serve_refuses_machines_beyond_the_number_that_the_runtime_names() -> None:
    assert serve.MAX_MACHINES == fleet.MAX_MACHINES


def test_an_acknowledged_reading_survives_kill_9(start: Callable[..., Served], run: Run) -> None:
    served = start("serve", "--udp-port", 0)
    readings = [{"time": 1_760_000_000 + i, "bearing_temp_c": 40.0 + i} for i in range(20)]
    answer = served.post("/api/v1/machines/pump-1/telemetry", readings)
    assert answer["accepted"] == 20
    served.process.send_signal(signal.SIGKILL)
    served.process.wait(10)
    again = start("serve", "--udp-port", 0)
    machine = again.get("/api/v1/machines/pump-1")
    assert machine["rows"] == 20
    assert machine["values"]["bearing_temp_c"]["value"] == 59.0


def test_udp_readings_become_a_machine(start: Callable[..., Served]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    served = start("serve", "--udp-port", port)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        until(lambda: served.get("/api/v1/sources")["sources"][0]["state"] == "live")
        for i in range(10):
            reading = f'{{"machine": "pump-9", "bearing_temp_c": {40 + i}, "vibration_mm_s": 2.0}}'
            sender.sendto(reading.encode(), ("127.0.0.1", port))
            time.sleep(0.01)

    def rows() -> int:
        machines = served.get("/api/v1/machines")["machines"]
        return int(machines[0]["rows"]) if machines else 0

    until(lambda: rows() == 10)


def test_watch_plays_a_log_as_if_it_happened_now(
    start: Callable[..., Served], tmp_path: Path
) -> None:
    log = tmp_path / "kiln.csv"
    rows = "".join(f"2026-01-02 10:{i // 60:02d}:{i % 60:02d},{80 + i / 10}\n" for i in range(600))
    log.write_text("time,oil_temp_c\n" + rows, encoding="utf-8")
    served = start("watch", log, "--speed", 100)

    def age_s() -> float:
        machines = served.get("/api/v1/machines")["machines"]
        return float(machines[0]["age_s"]) if machines else 1e9

    until(lambda: age_s() < 2.0)
    until(lambda: served.get("/api/v1/machines/kiln")["rows"] == 600)


def test_a_port_that_is_taken_is_named_with_the_next_one(
    start: Callable[..., Served], run: Run, tmp_path: Path
) -> None:
    served = start("serve", "--udp-port", 0)
    port = int(served.url.rpartition(":")[2])
    done = run("serve", "--port", port, "--data", tmp_path / "other", check=False)
    assert done.returncode == 1
    assert f"--port {port + 1}" in done.stderr


def test_a_second_server_on_the_same_folder_is_refused(
    start: Callable[..., Served], run: Run
) -> None:
    start("serve", "--udp-port", 0)
    done = run("serve", "--port", 0, "--udp-port", 0, check=False)
    assert done.returncode == 1
    assert "in use" in done.stderr


def test_serve_lets_old_readings_go_when_it_is_told_to(
    start: Callable[..., Served],
) -> None:
    day = 86_400
    old = [{"time": time.time() - 40 * day + i, "bearing_temp_c": 40.0} for i in range(5)]
    new = [{"time": time.time() - 60 + i, "bearing_temp_c": 41.0} for i in range(5)]
    served = start("serve", "--udp-port", 0)
    for readings in (old, new):
        served.post("/api/v1/machines/pump-1/telemetry", readings)
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(20) == 0
    again = start("serve", "--udp-port", 0, "--keep-days", 30)

    def kept() -> list[float]:
        read = again.get("/api/v1/machines/pump-1/telemetry?from=0&channels=bearing_temp_c")
        values: list[float] = read["columns"]["bearing_temp_c"]
        return values

    assert kept() == [40.0] * 5 + [41.0] * 5
    until(lambda: kept() == [41.0] * 5)
