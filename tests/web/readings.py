"""Readings of pumps as a feed would send them, and a feed that goes on sending."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

from tests.faults.server import Server

CALM_MM_S = 2.0
WARN_MM_S = 5.2  # industrial_pump warns above 4.5 and calls above 8, each after 5 s
CRITICAL_MM_S = 9.2
STEP_S = 0.5


def reading(time_s: float, vibration_mm_s: float = CALM_MM_S) -> dict[str, float]:
    return {
        "time": time_s,
        "motor_speed_rpm": 1500,
        "bearing_temp_c": 42.0,
        "vibration_mm_s": vibration_mm_s,
        "flow_l_min": 120.0,
        "suction_pressure_bar": 1.55,
        "discharge_pressure_bar": 5.8,
        "oil_pressure_bar": 4.1,
        "motor_current_a": 15.2,
    }


def register(server: Server, machine: str, title: str, profile: str = "industrial_pump") -> None:
    body = f'{{"profile": "{profile}", "title": "{title}", "place": "hall B"}}'
    answer = server.request(
        "PUT", f"/api/v1/machines/{machine}", body.encode(), {"Content-Type": "application/json"}
    )
    assert answer.status == 201, answer


def send_past(
    server: Server,
    machine: str,
    *,
    vibration_mm_s: float,
    seconds: float = 20.0,
    until_s: float | None = None,
) -> None:
    """Send what happened in the last seconds at once, so that a limit's hold time is over."""
    end_s = time.time() if until_s is None else until_s
    count = int(seconds / STEP_S)
    rows = [reading(end_s - (count - i) * STEP_S, vibration_mm_s) for i in range(count)]
    answer = server.push_json(machine, rows)
    assert answer.status == 200, answer


@contextlib.contextmanager
def feeding(server: Server, vibrations_mm_s: dict[str, float]) -> Iterator[dict[str, float]]:
    """Keep machines live, twice a second; a test may change what they vibrate meanwhile."""
    over = threading.Event()

    def feed() -> None:
        while not over.wait(STEP_S):
            for machine, vibration_mm_s in list(vibrations_mm_s.items()):
                with contextlib.suppress(OSError):  # the server may have been killed by the test
                    server.push_json(machine, reading(time.time(), vibration_mm_s))

    thread = threading.Thread(target=feed, daemon=True)
    thread.start()
    try:
        yield vibrations_mm_s
    finally:
        over.set()
        thread.join(10)
