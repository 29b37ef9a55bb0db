"""Readings of pumps as a feed would send them, and a feed that goes on sending."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from tests.faults.server import Server

CALM_MM_S = 2.0
WARN_MM_S = 5.2  # industrial_pump warns above 4.5 and calls above 8, each after 5 s
CRITICAL_MM_S = 9.2
STEP_S = 0.5
LEARNT_WITHIN_S = 30.0


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


def running(n: int, start_s: float, seed: int = 0, **off: float) -> list[dict[str, float]]:
    """Return a pump's readings at 1 Hz: speed, flow and current go together, the rest is noise.

    Args:
        n: How many.
        start_s: Time of the first one.
        seed: Of the noise.
        off: How far a channel is off at the end; it gets there steadily.
    """
    rng = np.random.default_rng(seed)
    times_s = start_s + np.arange(n)
    load = np.sin(times_s / 2.0)
    columns = {
        "motor_speed_rpm": 1500.0 + 40.0 * load + rng.normal(0.0, 3.0, n),
        "flow_l_min": 300.0 + 20.0 * load + rng.normal(0.0, 2.0, n),
        "vibration_mm_s": 2.0 + rng.normal(0.0, 0.1, n),
        "motor_current_a": 15.0 + load + rng.normal(0.0, 0.1, n),
    }
    columns |= {
        name: columns[name] + offset * np.arange(1, n + 1) / n for name, offset in off.items()
    }
    named = {"time": times_s, **columns}
    return [{name: float(column[k]) for name, column in named.items()} for k in range(n)]


def learn(
    server: Server,
    machine: str,
    start_s: float,
    end_s: float,
    *,
    within_s: float = LEARNT_WITHIN_S,
    **wish: object,
) -> dict[str, Any]:
    """Learn from a stretch, usually what is normal, and return the training that has succeeded."""
    asked = {"from": round(start_s * 1e3), "to": round(end_s * 1e3), "kind": "mahalanobis"} | wish
    answer = server.request(
        "POST",
        f"/api/v1/machines/{machine}/trainings",
        json.dumps(asked).encode(),
        {"Content-Type": "application/json"},
    )
    assert answer.status == 202, answer
    deadline_s = time.monotonic() + within_s
    while time.monotonic() < deadline_s:
        training: dict[str, Any] = server.get(f"/trainings/{answer.json()['id']}")
        if training["state"] not in {"waiting", "running"}:
            assert training["state"] == "done", training
            return training
        time.sleep(0.05)
    raise AssertionError(f"not learnt in {within_s} s")


@contextlib.contextmanager
def feeding_rows(
    server: Server, row_at: Mapping[str, Callable[[float], dict[str, float]]]
) -> Iterator[None]:
    """Keep machines live, twice a second, with what each reads at that time."""
    over = threading.Event()

    def feed() -> None:
        while not over.wait(STEP_S):
            for machine, row in list(row_at.items()):
                with contextlib.suppress(OSError):  # the server may have been killed by the test
                    server.push_json(machine, row(time.time()))

    thread = threading.Thread(target=feed, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(10)


@contextlib.contextmanager
def feeding(server: Server, vibrations_mm_s: dict[str, float]) -> Iterator[dict[str, float]]:
    """Keep pumps live; a test may change what they vibrate meanwhile."""

    def row_of(machine: str) -> Callable[[float], dict[str, float]]:
        return lambda time_s: reading(time_s, vibrations_mm_s[machine])

    with feeding_rows(server, {machine: row_of(machine) for machine in vibrations_mm_s}):
        yield vibrations_mm_s
