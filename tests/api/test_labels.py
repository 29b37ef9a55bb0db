"""Labels over the API: said, learnt from, refused, removed; and a fault taught from end to end."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import numpy as np
import pytest

from telltale.simulators.pump import Pump
from tests.api.conftest import API, Served

T0_S = 1_763_711_000
UNDER_WAY = {"waiting", "running"}


def readings(pump: Pump, start_s: int, n: int) -> list[dict[str, float]]:
    """Return the simulated pump's readings once a second."""
    times_s = T0_S + start_s + np.arange(n)
    columns = pump.advance(times_s * 1_000_000_000)
    return [
        {"time": int(time_s), **{name: float(column[i]) for name, column in columns.items()}}
        for i, time_s in enumerate(times_s)
    ]


async def labelled(served: Served, **said: Any) -> httpx.Response:
    return await served.http.post(f"{API}/machines/pump-1/labels", json=said)


async def over(served: Served, job: dict[str, Any]) -> dict[str, Any]:
    """Follow a training to its end."""
    while job["state"] in UNDER_WAY:
        await asyncio.sleep(0.02)
        job = (await served.get(f"/trainings/{job['id']}")).json()
    assert job["state"] == "done", job["detail"]
    return job


async def trained(served: Served, **wish: Any) -> dict[str, Any]:
    answer = await served.http.post(f"{API}/machines/pump-1/trainings", json=wish)
    assert answer.status_code == 202, answer.text
    return await over(served, answer.json())


@pytest.fixture
async def pump(served: Served) -> Served:
    """A pump that ran well for ten minutes, wore its bearing twice, and ran well in between."""
    machine = Pump(np.random.default_rng(3))
    at_s = 0
    for severity, n in ((0.0, 600), (0.5, 400), (0.0, 600), (0.7, 400), (0.0, 300)):
        machine.set_fault("bearing_wear", severity)
        params = {"profile": "industrial_pump"}
        await served.push("pump-1", readings(machine, at_s, n), params=params)
        at_s += n
    return served


def stretch(start_s: int, end_s: int) -> dict[str, int]:
    return {"from": T0_S + start_s, "to": T0_S + end_s}


async def test_a_fault_is_taught_from_the_first_label_to_a_model_that_tells_it(
    pump: Served,
) -> None:
    first = await trained(pump, **stretch(0, 1_000), kind="mahalanobis")
    assert first["outcome"] == "active"
    assert first["report"]["labels"] is None
    said = await labelled(pump, **stretch(650, 1_000), kind="fault", fault="Bearing wear")
    assert said.status_code == 201, said.text
    answer = said.json()
    assert answer["label"]["fault"] == "bearing_wear"
    job = await over(pump, answer["update"])
    assert (job["origin"], job["outcome"]) == ("update", "active")
    scores = job["report"]["labels"]
    assert (scores["active"]["found"], scores["new"]["found"]) == (0, 1)
    assert "The new version finds 1 of 1 labelled faults" in scores["told"]
    (model,) = (await pump.get("/machines/pump-1/models")).json()["models"]
    assert (model["version"], model["origin"]) == (2, "update")

    for said_next in (
        {**stretch(1_700, 2_000), "kind": "fault", "fault": "bearing_wear"},
        {**stretch(0, 600), "kind": "normal"},
        {**stretch(1_060, 1_550), "kind": "normal"},
    ):
        assert (await labelled(pump, **said_next, update=False)).json()["update"] is None
    taught = await trained(pump, kind="faults")
    assert (taught["name"], taught["outcome"]) == ("faults", "active")
    assert taught["report"]["labels"]["new"]["found"] == 2
    card = (await pump.get(f"/models/{taught['model']}")).json()["card"]
    quality = {one["name"]: one["value"] for one in card["quality"]}
    assert quality["bearing_wear told right"] > 0.9
    worn = Pump(np.random.default_rng(9))
    worn.set_fault("bearing_wear", 0.6)
    worn.advance((T0_S + np.arange(3_000, 3_600)) * 1_000_000_000)
    await pump.push("pump-1", readings(worn, 3_600, 120))
    values = (await pump.get("/machines/pump-1")).json()["values"]
    assert values["fault_bearing_wear_ratio"]["value"] > 0.8
    events = (await pump.get("/events", params={"machine": "pump-1", "open": "true"})).json()
    (event,) = [e for e in events["events"] if e["name"] == "fault_bearing_wear_ratio"]
    causes = {cause["name"] for cause in event["causes"]}
    assert causes & {"vibration_mm_s", "bearing_temp_c", "motor_current_a", "oil_pressure_bar"}


async def test_a_training_takes_several_stretches_and_leaves_labelled_faults_out(
    pump: Served,
) -> None:
    await labelled(pump, **stretch(600, 1_000), kind="fault", fault="bearing_wear")
    also = [stretch(1_100, 1_300), stretch(1_250, 1_500)]
    job = await trained(pump, **stretch(0, 800), also=also, kind="mahalanobis", role="none")
    assert job["report"]["rows"] == 600 + 400
    assert "Left out as labelled faults: label 1 (bearing_wear)." in job["report"]["data"]
    assert len(job["stretches"]) == 3
    assert job["outcome"] == "kept"


async def test_labels_are_listed_newest_first_hinted_at_and_removed(pump: Served) -> None:
    await labelled(pump, **stretch(650, 1_000), kind="fault", fault="bearing_wear")
    near = await labelled(pump, **stretch(1_700, 1_800), kind="fault", fault="bearing_ware")
    assert near.json()["hint"] == "Did you mean 'bearing_wear'?"
    assert near.json()["told"] == "No model of this machine learns from it by itself."
    again = await labelled(pump, **stretch(650, 1_000), kind="fault", fault="bearing_wear")
    assert again.json()["label"]["id"] == 1
    failed = await labelled(pump, kind="failure", note="seized")
    assert failed.json()["label"]["start_ns"] == (T0_S + 2_299) * 10**9
    assert failed.json()["told"] == "A new life of the machine begins there."
    found = (await pump.get("/machines/pump-1/labels")).json()
    assert [one["id"] for one in found["labels"]] == [3, 2, 1]
    assert {"name": "bearing_wear", "title": "Bearing wear"} in found["faults"]
    assert (await pump.http.delete(f"{API}/labels/2")).status_code == 204
    gone = await pump.http.delete(f"{API}/labels/2")
    assert (gone.status_code, gone.json()["detail"]) == (
        404,
        "There is no label 2. Look at the machine's labels.",
    )


@pytest.mark.parametrize(
    ("said", "status", "told"),
    [
        ({**stretch(0, 700), "kind": "normal"}, 409, "Label 1 says that pump-1 had the fault"),
        ({"kind": "normal"}, 422, "'from' is missing"),
        ({**stretch(9, 3), "kind": "normal"}, 422, "ends before it begins"),
        ({**stretch(1, 3), "kind": "fault"}, 422, "A fault needs a name"),
        ({**stretch(1, 3), "kind": "failure"}, 422, "A failure is an instant"),
        ({**stretch(1, 3), "kind": "fault", "fault": "a/b"}, 422, "must be one word"),
        ({"kind": "broken"}, 400, "Members: kind, from, to"),
        ({"kind": "normal", "from": ""}, 422, "'from' is missing"),
        ({"kind": "failure", "from": "2200-01-01"}, 422, "lies in the future"),
        ({**stretch(1, 3), "kind": "normal", "note": "x" * 501}, 422, "at most 500 printable"),
    ],
)
async def test_a_label_that_cannot_be_kept_is_refused_with_what_to_do(
    served: Served, said: dict[str, Any], status: int, told: str
) -> None:
    pump = Pump(np.random.default_rng(1))
    await served.push("pump-1", readings(pump, 0, 700), params={"profile": "industrial_pump"})
    await labelled(served, **stretch(650, 700), kind="fault", fault="bearing_wear")
    refused = await labelled(served, **said)
    assert refused.status_code == status
    assert told in refused.json()["detail"]
    assert len((await served.get("/machines/pump-1/labels")).json()["labels"]) == 1


async def test_labels_of_no_machine_and_kinds_that_need_labels_say_so(pump: Served) -> None:
    missing = await pump.http.post(f"{API}/machines/pump-9/labels", json={"kind": "failure"})
    assert missing.status_code == 404
    for kind, told in (
        ("faults", "at least one fault and normal operation must be labelled"),
        ("remaining_life", "0 lives ended in a labelled failure"),
    ):
        answer = await pump.http.post(f"{API}/machines/pump-1/trainings", json={"kind": kind})
        job = answer.json()
        while job["state"] in UNDER_WAY:
            await asyncio.sleep(0.02)
            job = (await pump.get(f"/trainings/{job['id']}")).json()
        assert job["state"] == "failed"
        assert told in job["detail"], job["detail"]


async def test_the_kinds_of_models_say_what_they_are_for_and_can_be_set(served: Served) -> None:
    listed = (await served.get("/detectors")).json()
    kinds = {one["kind"]: one for one in listed["trainers"]}
    assert listed["default"] in listed["kinds"]
    assert "faults" not in listed["kinds"]
    assert kinds["faults"]["learns_from"] == "faults"
    assert kinds["remaining_life"]["learns_from"] == "lives"
    assert "window_s" in str(kinds["faults"]["settings"])


async def test_the_lives_of_a_machine_type_need_failures(pump: Served) -> None:
    found = (await pump.get("/profiles/industrial_pump/lives")).json()
    assert (found["weibull"], found["failures"], found["running"]) == (None, 0, 1)
    assert "3 are needed" in found["reason"]
    assert (await pump.get("/profiles/nothing/lives")).status_code == 404
    for at_s in (500, 1_100, 1_900):
        failed = await labelled(pump, kind="failure", **{"from": T0_S + at_s})
        assert failed.status_code == 201
    found = (await pump.get("/profiles/industrial_pump/lives")).json()
    assert found["weibull"]["shape_low"] < found["weibull"]["shape"]
    assert found["machines"][0]["chances"][0]["within_h"] == 24.0


async def test_a_failure_needs_a_moment_and_says_where_nothing_was_recorded_before(
    served: Served,
) -> None:
    empty = await served.http.put(f"{API}/machines/pump-1", json={"profile": "industrial_pump"})
    assert empty.status_code < 300, empty.text
    refused = await labelled(served, kind="failure")
    assert (refused.status_code, "has no readings yet" in refused.text) == (422, True)
    told = await labelled(served, kind="failure", **{"from": "1990-01-01"})
    assert (told.status_code, "Nothing is recorded before it" in told.text) == (201, True)
    backwards = await served.get("/machines/pump-1/lives?from=5&to=1")
    assert (backwards.status_code, "Exchange" in backwards.text) == (422, True)


async def test_a_full_queue_of_trainings_asks_to_come_again(pump: Served) -> None:
    wish = {"kind": "mahalanobis", "role": "none"}
    asked = (pump.http.post(f"{API}/machines/pump-1/trainings", json=wish) for _ in range(60))
    answers = await asyncio.gather(*asked)
    full = next(one for one in answers if one.status_code != 202)
    assert (full.status_code, full.headers["Retry-After"]) == (503, "1")
