"""Killed with -9 while labels come and detectors learn from them: no acknowledged label is lost."""

from __future__ import annotations

import json
import signal
import threading
import time
from pathlib import Path

import numpy as np

from telltale.simulators.pump import Pump
from tests.faults.server import API, Server, free_udp_port, serving, until

T0_S = 1_763_711_000
ROUNDS, LABELS = 3, 40


def body(start_s: int, **said: object) -> bytes:
    stretch = {"from": T0_S + start_s, "to": T0_S + start_s + 10}
    return json.dumps({"kind": "normal", **stretch, **said}).encode()


def post(server: Server, path: str, sent: bytes) -> int:
    answer = server.request("POST", API + path, sent, {"Content-Type": "application/json"})
    return answer.status


class Labeller(threading.Thread):
    """Says one label after the other until it is killed with the server."""

    def __init__(self, server: Server, first: int) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.first = first
        self.acknowledged: list[int] = []

    def run(self) -> None:
        for at in range(self.first, self.first + LABELS):
            try:
                if post(self.server, "/machines/pump-1/labels", body(at * 10)) == 201:
                    self.acknowledged.append(at)
            except OSError:
                return
            except Exception:  # half an answer
                return


def test_no_acknowledged_label_is_lost_and_updates_go_on_after_the_start(tmp_path: Path) -> None:
    pump = Pump(np.random.default_rng(1))
    times_s = T0_S + np.arange(3_000)
    columns = pump.advance(times_s * 1_000_000_000)
    rows = [
        {"time": int(t), **{name: float(column[i]) for name, column in columns.items()}}
        for i, t in enumerate(times_s)
    ]
    with serving(tmp_path, udp_port=free_udp_port()) as server:
        made = json.dumps({"profile": "industrial_pump"}).encode()
        assert server.request("PUT", f"{API}/machines/pump-1", made).status == 201
        assert server.push_json("pump-1", rows).status == 200
        wish = {"from": T0_S, "to": T0_S + 900, "kind": "mahalanobis"}
        sent = json.dumps(wish).encode()
        assert post(server, "/machines/pump-1/trainings", sent) == 202
        until(lambda: server.get("/trainings/1")["state"] == "done", "the first training")
        acknowledged: set[int] = set()
        for number in range(ROUNDS):
            labeller = Labeller(server, number * LABELS)
            labeller.start()
            time.sleep(0.7 + 0.2 * number)  # the update has begun by then
            server.end(signal.SIGKILL)
            labeller.join(30)
            acknowledged |= set(labeller.acknowledged)
            server.start()
            kept = server.get("/machines/pump-1/labels")["labels"]
            starts = [(one["start_ns"] // 10**9 - T0_S) // 10 for one in kept]
            assert len(starts) == len(set(starts)), "a label is there twice"
            assert acknowledged <= set(starts), "a label was acknowledged, then lost"
            assert server.get("/machines/pump-1/models")["models"][0]["state"] != "failed"
        assert len(acknowledged) > 20 * ROUNDS, "hardly a label was said"

        def is_learnt() -> bool:
            jobs = server.get("/trainings")["trainings"]
            return all(job["state"] == "done" for job in jobs)

        until(is_learnt, "the update after the last start")
        newest = server.get("/models")["models"][0]
        assert newest["origin"] == "update"
        card = server.get(f"/models/{newest['number']}")["card"]
        kept = server.get("/machines/pump-1/labels")["labels"]
        assert sorted(card["training"]["asked"]["labels"]) == sorted(one["id"] for one in kept)
        assert server.end(signal.SIGINT) == 0
