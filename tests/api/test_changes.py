"""A machine that changes under its models: another profile, an import, its removal.

No reading is lost, no answer is a fault of the server's, and a model that cannot run says why.
"""

from __future__ import annotations

import asyncio
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from telltale.models.card import written_card
from telltale.runtime.models.importing import packed_folder
from tests.api.conftest import API, Serve, Served, serving
from tests.models.graphs import sums
from tests.waiting import until

T0_S = 1_763_711_000
READS = {"flow": "l/min", "vibration": "mm/s"}
FLOW = """
[channels.flow]
title = "Flow"
unit = "l/min"
range = [0, 1000]
"""
VIBRATION = """
[channels.vibration]
title = "Vibration"
unit = "mm/s"
range = [0, 100]
"""
HEAD = """
title = "Small pump"
description = "Made for tests."
"""
OWN = HEAD + FLOW + VIBRATION


def with_profiles(folder: Path, **texts: str) -> None:
    """Write profiles of the user's own."""
    for name, text in {"own": OWN, **texts}.items():
        (folder / "profiles").mkdir(exist_ok=True)
        (folder / "profiles" / f"{name}.toml").write_text(text)


def reading(i: int) -> dict[str, float]:
    return {"time": T0_S + i, "flow": 300.0 + i % 7, "vibration": 2.0 + i % 5 / 10}


async def pushed(served: Served, start: int, n: int = 10) -> None:
    """Push readings, all of which must be taken."""
    answer = await served.push("pump-1", [reading(i) for i in range(start, start + n)])
    assert answer.status_code == 200, answer.text
    assert (answer.json()["accepted"], answer.json()["rejected"]) == (n, 0), answer.text


async def with_model(served: Served) -> None:
    """Let pump-1 run a model that reads two channels."""
    await served.http.put(f"{API}/machines/pump-1", json={"profile": "own"})
    card, files = sums(reads=READS)
    file = packed_folder(written_card(card), files)
    asked = {"filename": "m.zip", "machine": "pump-1"}
    answer = await served.http.post(f"{API}/models", params=asked, content=file)
    assert answer.status_code == 201, answer.text
    change = {"action": "activate", "model": 1}
    answer = await served.http.patch(f"{API}/machines/pump-1/models/sums", json=change)
    assert answer.status_code == 200, answer.text


async def model(served: Served) -> dict[str, Any]:
    (found,) = (await served.get("/machines/pump-1/models")).json()["models"]
    return dict(found)


async def moved(served: Served, profile: str) -> None:
    answer = await served.http.patch(f"{API}/machines/pump-1", json={"profile": profile})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD + VIBRATION, "reads 'flow', and other has no channel or metric of that name"),
        (OWN.replace("l/min", "m3/h"), "in l/min, and other measures it in m3/h"),
    ],
    ids=["channel gone", "other unit"],
)
async def test_a_model_that_does_not_fit_another_profile_says_why_and_runs_again_on_its_own(
    serve: Serve, tmp_path: Path, text: str, told: str
) -> None:
    with_profiles(tmp_path, other=text)
    served = await serve()
    await with_model(served)
    await pushed(served, 0)
    assert (await model(served))["state"] == "ready"
    await moved(served, "other")
    found = await model(served)
    assert (found["state"], told in found["reason"]) == ("failed", True), found["reason"]
    answer = await served.push("pump-1", [{"time": T0_S + 10, "vibration": 2.0}])
    assert answer.json()["accepted"] == 1
    machine = (await served.get("/machines/pump-1")).json()
    assert "sum_of_flow" not in machine["values"]
    for path in ("/drift", "/unknown"):
        answer = await served.get(f"/machines/pump-1/models/sums{path}")
        assert answer.status_code < 500, answer.text
    answer = await served.get("/machines/pump-1/evidence", params={"output": "sum_of_flow"})
    assert answer.status_code == 404
    await moved(served, "own")
    await pushed(served, 20)
    found = await model(served)
    assert (found["state"], found["reason"]) == ("ready", "")
    table = await served.get("/machines/pump-1/telemetry", params={"channels": "sum_of_flow"})
    kept = [value for value in table.json()["columns"]["sum_of_flow"] if value is not None]
    assert len(kept) == 20


async def test_a_profile_that_was_edited_between_two_starts_fails_its_model_only(
    tmp_path: Path,
) -> None:
    with_profiles(tmp_path)
    async with serving(tmp_path) as served:
        await with_model(served)
        await pushed(served, 0)
    with_profiles(tmp_path, own=OWN.replace("channels.flow", "channels.stream"))
    async with serving(tmp_path) as served:
        found = await model(served)
        assert found["state"] == "failed"
        assert "reads 'flow'" in found["reason"]
        answer = await served.push("pump-1", [{"time": T0_S + 50, "vibration": 2.0}])
        assert answer.json()["accepted"] == 1
        assert (await served.get("/machines/pump-1")).json()["rows"] == 11


async def test_no_reading_is_lost_while_profiles_change_under_a_running_model(
    serve: Serve, tmp_path: Path
) -> None:
    with_profiles(tmp_path, twin=OWN)
    served = await serve()
    await with_model(served)

    async def change() -> None:
        for _ in range(5):
            for profile in ("twin", "own"):
                await moved(served, profile)
                await asyncio.sleep(0.01)

    changing = asyncio.create_task(change())
    n = 0
    while not changing.done():
        await pushed(served, n)
        n += 10
    await changing
    await pushed(served, n)
    n += 10
    assert (await model(served))["state"] == "ready"
    answer = await served.get("/machines/pump-1/telemetry", params={"channels": "flow"})
    assert len(answer.json()["columns"]["flow"]) == n
    assert n > 50


async def learning(served: Served) -> str:
    """Begin to learn what is normal of pump-1, and return the training's id."""
    answer = await served.http.post(f"{API}/machines/pump-1/trainings", json={})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def ended(served: Served, job: str) -> dict[str, Any]:
    """Wait for a training's end."""
    while True:
        found: dict[str, Any] = (await served.get(f"/trainings/{job}")).json()
        if found["state"] not in {"waiting", "running"}:
            return found
        await asyncio.sleep(0.01)


async def test_a_training_and_an_import_into_the_same_machine_do_not_hinder_each_other(
    serve: Serve, tmp_path: Path
) -> None:
    with_profiles(tmp_path)
    served = await serve()
    await served.http.put(f"{API}/machines/pump-1", json={"profile": "own"})
    await pushed(served, 100_000, 2_000)
    rows = [reading(i) for i in range(60_000)]
    lines = [f"{row['time']},{row['flow']},{row['vibration']}" for row in rows]
    asked = {"filename": "pump-1.csv", "machine": "pump-1"}
    file = "\n".join(["time,flow,vibration", *lines]).encode()
    answer = await served.http.post(f"{API}/imports", params=asked, content=file)
    assert answer.status_code in {200, 201, 202}, answer.text
    states = [(await ended(served, await learning(served)))["state"] for _ in range(2)]
    assert states == ["done", "done"]
    while (job := (await served.get(f"/imports/{answer.json()['id']}")).json())["state"] in {
        "running",
        "waiting",
    }:
        await asyncio.sleep(0.02)
    assert (job["state"], job["rows"]) == ("done", 60_000), job
    assert (await served.get("/machines/pump-1")).json()["rows"] == 62_000
    await pushed(served, 102_000, 100)
    (found,) = (await served.get("/machines/pump-1/models")).json()["models"]
    assert (found["state"], found["version"]) == ("ready", 2)


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.05, 0.1, 0.2, 0.4])
async def test_a_machine_may_go_while_it_is_learnt_or_asked_about_what_is_kept(
    serve: Serve, tmp_path: Path, after_s: float
) -> None:
    with_profiles(tmp_path)
    served = await serve()
    await served.http.put(f"{API}/machines/pump-1", json={"profile": "own"})
    await pushed(served, 0, 20_000)
    job = await learning(served)
    await asyncio.sleep(after_s)
    assert (await served.http.delete(f"{API}/machines/pump-1")).status_code == 204
    found = await ended(served, job)
    assert found["state"] in {"stopped", "failed", "done"}, found
    if found["state"] == "failed":
        assert "pump-1" in found["detail"], found
        assert "broke" not in found["detail"], found
    assert (await served.get("/models")).json()["models"] == []
    await served.http.put(f"{API}/machines/pump-1", json={"profile": "own"})
    await pushed(served, 0, 100)
    assert (await served.get("/machines/pump-1")).json()["rows"] == 100
    assert (await served.get("/machines/pump-1/models")).json()["models"] == []


async def test_a_shadow_of_nothing_is_refused_before_anything_is_learnt(
    serve: Serve, tmp_path: Path
) -> None:
    with_profiles(tmp_path)
    served = await serve()
    await served.http.put(f"{API}/machines/pump-1", json={"profile": "own"})
    await pushed(served, 0, 500)
    answer = await served.http.post(f"{API}/machines/pump-1/trainings", json={"role": "shadow"})
    assert answer.status_code == 422, answer.text
    assert "no active model named 'anomaly'" in answer.json()["detail"]
    assert (await served.get("/trainings")).json()["trainings"] == []


SMALL_NETWORK = {
    "samples": 4,
    "units": 4,
    "max_windows": 256,
    "training": {"epochs": 1_000, "stop_after": 1_000},
}


def trainer_threads() -> int:
    return sum(thread.name == "telltale-beside" for thread in threading.enumerate())


@pytest.mark.parametrize(
    ("kind", "settings", "what"),
    [
        ("autoencoder", SMALL_NETWORK, "epoch"),
        ("isolation_forest", {"trees": 1_000}, "tree"),
    ],
)
async def test_a_long_training_says_how_far_it_is_and_frees_the_core_when_it_is_stopped(
    serve: Serve, tmp_path: Path, kind: str, settings: dict[str, Any], what: str
) -> None:
    with_profiles(tmp_path)
    served = await serve()
    await served.http.put(f"{API}/machines/pump-1", json={"profile": "own"})
    await pushed(served, 0, 2_000)
    wish = {"kind": kind, "settings": settings}
    answer = await served.http.post(f"{API}/machines/pump-1/trainings", json=wish)
    assert answer.status_code == 202, answer.text
    job = answer.json()["id"]
    phases: set[str] = set()
    while len(phases) < 3:
        found = (await served.get(f"/trainings/{job}")).json()
        assert found["state"] in {"waiting", "running"}, found
        if re.search(rf"^learning from 2000 samples: {what} \d+ of 1000$", found["phase"]):
            phases.add(found["phase"])
    assert trainer_threads() == 1
    answer = await served.http.delete(f"{API}/trainings/{job}")
    assert answer.status_code < 300, answer.text
    await until(lambda: trainer_threads() == 0, within_s=10.0)
    assert (await served.get(f"/trainings/{job}")).json()["state"] == "stopped"
    assert (await served.get("/models")).json()["models"] == []
