"""Killed with -9 at random moments under load from every road at once: nothing acknowledged is
lost, nothing is there twice, and what was being worked out goes on as if nothing had happened."""

from __future__ import annotations

import json
import random
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from telltale.batch import Batch
from telltale.events import Event
from telltale.pipeline.run import Pipeline
from telltale.profiles.load import ProfileBook
from tests.faults.load import Sender, senders
from tests.faults.server import API, Server, free_udp_port, serving

DAY_NS = 86_400 * 10**9


def kill_under_load(folder: Path, rounds: int) -> None:
    rng = random.Random(rounds)
    with serving(folder, udp_port=free_udp_port()) as server:
        team = senders(server, time.time_ns() - DAY_NS)
        for sender in team:
            body = json.dumps({"profile": sender.profile}).encode()
            answer = server.request("PUT", f"{API}/machines/{sender.machine}", body)
            assert answer.status == 201, answer
        for _ in range(rounds):
            for sender in team:
                sender.start()
            time.sleep(rng.uniform(0.05, 1.2))
            server.end(signal.SIGKILL)
            for sender in team:
                sender.stopping.set()
                sender.join(60)
            server.start()
            assert server.request("GET", "/readyz").status == 200
            for sender in team:
                check_kept(server, sender)
            team = [sender.again() for sender in team]
        assert sum(sender.acknowledged for sender in team) > 200 * rounds, "they hardly wrote"
        assert server.get("/machines/udp")["rows"] > 10 * rounds, "UDP hardly came through"
        assert server.end(signal.SIGINT) == 0


def check_kept(server: Server, sender: Sender) -> None:
    """What is there is what was sent: in order, once, equal, and worked out as in one go."""
    rows = exported(server, sender.machine)
    numbers = [(row["time_ns"] - sender.base_ns) // 100_000_000 for row in rows]
    if sender.is_reliable:
        assert numbers == list(range(len(rows))), f"{sender.machine}: lost or doubled"
        assert len(rows) >= sender.acknowledged, f"{sender.machine}: acknowledged, then lost"
    assert numbers == sorted(set(numbers)), f"{sender.machine}: twice, or out of order"
    for number, row in zip(numbers, rows, strict=True):
        sent = sender.reading(number)
        assert {name: row.get(name) for name in sent} == sent
    assert server.get(f"/machines/{sender.machine}")["rows"] == len(rows)
    sessions = server.get(f"/sessions?machine={sender.machine}")["sessions"]
    assert [session["rows"] for session in sessions] == ([len(rows)] if rows else [])
    if rows:
        check_worked_out(server, sender, rows)


def check_worked_out(server: Server, sender: Sender, rows: list[dict[str, Any]]) -> None:
    """Compare metrics and events with a single uninterrupted run over the same rows."""
    profile = ProfileBook(None).get(sender.profile)
    times = np.array([row["time_ns"] for row in rows], dtype=np.int64)
    columns = {
        name: np.array([row.get(name, np.nan) for row in rows]) for name in sender.reading(0)
    }
    pipeline = Pipeline(profile)
    result, _ = pipeline.run(Batch(sender.machine, times, columns), pipeline.start())
    for name in profile.metrics:
        kept = np.array([row.get(name, np.nan) for row in rows])
        wanted = result.batch.columns.get(name, np.full(len(rows), np.nan))
        wrong = np.flatnonzero(~((kept == wanted) | (np.isnan(kept) & np.isnan(wanted))))
        assert not len(wrong), (sender.machine, name, wrong[:5], kept[wrong[:5]], wanted[wrong[:5]])
    assert limit_events(server, sender.machine) == as_kept(result.events)


def exported(server: Server, machine: str) -> list[dict[str, Any]]:
    answer = server.request("GET", f"{API}/exports?machine={machine}&format=ndjson")
    assert answer.status == 200, answer
    rows = [json.loads(line) for line in answer.body.splitlines()]
    for row in rows:
        row["time_ns"] = int(np.datetime64(row["time"].rstrip("Z"), "ns").astype(np.int64))
    return rows


def limit_events(server: Server, machine: str) -> dict[str, tuple[Any, ...]]:
    """Return the kept events by key; silence is told by the clock and is not compared."""
    events = server.get(f"/events?machine={machine}&limit=10000")["events"]
    found = [event for event in events if event["kind"] == "limit"]
    by_key = {e["key"]: (e["rule"], e["start_ns"], e["end_ns"], e["level"]) for e in found}
    assert len(by_key) == len(found), "an event is there twice"
    return by_key


def as_kept(events: tuple[Event, ...]) -> dict[str, tuple[Any, ...]]:
    """Return events as a store has them: the last word on each key."""
    return {e.key: (e.rule, e.start_ns, e.end_ns, e.level.value) for e in events}


def test_nothing_acknowledged_is_lost_or_doubled_by_kills_under_load(tmp_path: Path) -> None:
    kill_under_load(tmp_path, 5)


@pytest.mark.long
def test_nothing_acknowledged_is_lost_or_doubled_by_a_hundred_kills(tmp_path: Path) -> None:
    kill_under_load(tmp_path, 100)
