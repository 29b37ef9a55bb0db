"""Models and faults of the machine below: a full disk, and kills while one is kept or swapped.

Whatever happens, a model is there whole or not at all, and one of them runs."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import random
import signal
import threading
import time
import zipfile
from pathlib import Path

import pytest

from telltale.models.card import written_card
from telltale.models.folder import read_folder
from telltale.runtime.models.importing import packed_folder
from tests.faults.load import pump_reading
from tests.faults.server import API, Answer, Server, serving
from tests.faults.test_disk_full import allow_files_of, prlimit
from tests.models.graphs import sums

needs_limits = pytest.mark.skipif(prlimit is None, reason="needs Linux: limits set from outside")
BALLAST_BYTES = 5_000_000


def zipped(factor: float, ballast_bytes: int = BALLAST_BYTES) -> bytes:
    card, files = sums(factor=factor, ballast_bytes=ballast_bytes)
    return packed_folder(written_card(card), files)


def imported(server: Server, file: bytes) -> Answer:
    return server.request("POST", f"{API}/models?filename=sums.zip&machine=pump-1", file)


def changed(server: Server, **change: object) -> Answer:
    path = f"{API}/machines/pump-1/models/sums"
    return server.request("PATCH", path, json.dumps(change).encode())


def push(server: Server, number: int) -> Answer:
    return server.push_json("pump-1", [{"time": 1_760_000_000 + number, **pump_reading(number)}])


def running(server: Server) -> tuple[int, str]:
    (model,) = server.get("/machines/pump-1/models")["models"]
    return model["model"], model["state"]


def check_whole(server: Server, folder: Path) -> set[int]:
    """Every model that is listed loads and answers as it did; return their numbers."""
    numbers = {model["number"] for model in server.get("/models")["models"]}
    for number in numbers:
        packed = server.request("GET", f"{API}/models/{number}/folder")
        assert packed.status == 200, packed
        with zipfile.ZipFile(io.BytesIO(packed.body)) as files:
            files.extractall(folder / str(number))
        assert read_folder(folder / str(number)).card.name == "sums"
    return numbers


@needs_limits
def test_a_model_that_finds_no_room_is_not_kept_and_what_runs_goes_on(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.request("PUT", f"{API}/machines/pump-1", b'{"profile": "industrial_pump"}')
        small, large = zipped(1.0, 0), zipped(2.0)
        assert imported(server, small).status == 201
        assert changed(server, action="activate", model=1).status == 200
        assert push(server, 0).status == 200
        for room_bytes in (len(large) // 2, len(large) + 50_000):  # for the upload; for the log
            allow_files_of(server, room_bytes)
            refused = imported(server, large)
            assert refused.status == 507, refused
            assert "room" in refused.detail or "space" in refused.detail
            assert check_whole(server, tmp_path / str(room_bytes)) == {1}
            assert push(server, room_bytes).status == 200
            assert running(server) == (1, "ready")
        allow_files_of(server, -1)
        assert imported(server, large).json()["version"] == 2
        allow_files_of(server, 1)
        refused = changed(server, action="activate", model=2)
        assert refused.status == 507, refused
        assert "Nothing of this was kept" in refused.detail
        assert running(server) == (1, "ready")
        allow_files_of(server, -1)
        assert changed(server, action="activate", model=2).status == 200
        assert push(server, 10**7).status == 200
        assert running(server) == (2, "ready")
        server.end(signal.SIGKILL)
        server.start()
        assert check_whole(server, tmp_path / "after") == {1, 2}
        assert running(server) == (2, "ready")


class Swapping(threading.Thread):
    """Imports versions and activates them by turns until the server is gone.

    Attributes:
        kept: Numbers of those that the server said it keeps.
        activated: The newest that it said is active.
    """

    def __init__(self, server: Server, file: bytes, activated: int) -> None:
        super().__init__(daemon=True)
        self.server, self.file = server, file
        self.kept: set[int] = set()
        self.asked, self.activated = activated, activated

    def run(self) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            while True:
                answer = imported(self.server, self.file)
                assert answer.status == 201, answer
                self.asked = answer.json()["number"]
                self.kept.add(self.asked)
                assert changed(self.server, action="activate", model=self.asked).status == 200
                self.activated = self.asked


def kill_while_swapping(folder: Path, rounds: int) -> None:
    rng = random.Random(rounds)
    file = zipped(1.0, 500_000)
    with serving(folder) as server:
        server.request("PUT", f"{API}/machines/pump-1", b'{"profile": "industrial_pump"}')
        kept = {imported(server, file).json()["number"]}
        assert changed(server, action="activate", model=1).status == 200
        active = 1
        for turn in range(rounds):
            swapping = Swapping(server, file, active)
            swapping.start()
            time.sleep(rng.uniform(0.05, 0.8))
            server.end(signal.SIGKILL)
            swapping.join(60)
            server.start()
            numbers = check_whole(server, folder / str(turn))
            kept |= swapping.kept
            assert kept <= numbers, "acknowledged, then lost"
            assert len(numbers - kept) <= 1, "only the last one may be there without a word"
            kept = numbers
            assert push(server, turn).status == 200
            active, state = running(server)
            assert state == "ready"
            assert active in {swapping.activated, swapping.asked}
        assert len(kept) > rounds, "hardly any was kept"


def test_a_kill_while_a_model_is_kept_or_swapped_leaves_whole_models_and_one_that_runs(
    tmp_path: Path,
) -> None:
    kill_while_swapping(tmp_path, 5)


@pytest.mark.long
def test_fifty_kills_while_models_are_kept_and_swapped_leave_whole_ones(tmp_path: Path) -> None:
    kill_while_swapping(tmp_path, 50)
