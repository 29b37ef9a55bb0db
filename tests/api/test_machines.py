"""Machines over HTTP."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from telltale.sources.simulator import SimulatorSource
from tests.api.conftest import API, Serve, Served
from tests.waiting import until

PUMP = {"time": 1_763_712_000, "bearing_temp_c": 41.5, "vibration_mm_s": 2.1}


async def test_a_machine_that_was_pushed_is_listed_with_its_newest_values(served: Served) -> None:
    assert (await served.push("pump-3", [PUMP])).status_code == 200
    listed = (await served.get("/machines")).json()["machines"]
    one = (await served.get("/machines/pump-3")).json()
    assert [machine["id"] for machine in listed] == ["pump-3"]
    assert one["profile"] == "industrial_pump"
    assert one["values"]["bearing_temp_c"]["value"] == 41.5
    assert one["values"]["oil_pressure_bar"]["state"] == "no_data"
    assert one["last_time_ns"] == 1_763_712_000 * 10**9
    assert one["rows"] == 1


async def test_a_machine_can_be_registered_beforehand(served: Served) -> None:
    body = {"profile": "industrial_pump", "title": "Pump 7", "place": "hall B"}
    made = await served.http.put("/api/v1/machines/pump-7", json=body)
    again = await served.http.put("/api/v1/machines/pump-7", json=body)
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json()["state"] == "no_data"
    assert made.json()["place"] == "hall B"


async def test_registering_it_again_with_another_profile_is_a_conflict(served: Served) -> None:
    await served.http.put("/api/v1/machines/m", json={"profile": "industrial_pump"})
    answer = await served.http.put("/api/v1/machines/m", json={"profile": "focus_st"})
    assert answer.status_code == 409
    assert "PATCH" in answer.json()["detail"]


async def test_title_place_and_profile_can_be_changed_and_survive_a_restart(serve: Serve) -> None:
    first: Served = await serve()
    await first.http.put("/api/v1/machines/m", json={"profile": "industrial_pump"})
    change = {"title": "Main pump", "place": "cellar"}
    answer = await first.http.patch("/api/v1/machines/m", json=change)
    assert answer.status_code == 200
    assert answer.json()["title"] == "Main pump"
    stored = {machine.id: machine for machine in await first.runtime.store.machines()}
    assert (stored["m"].title, stored["m"].place) == ("Main pump", "cellar")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "word"),
    [
        ("GET", "/machines/nobody", None, 404, "nobody"),
        ("PATCH", "/machines/nobody", {"title": "x"}, 404, "nobody"),
        ("PATCH", "/machines/m", {"titel": "x"}, 400, "titel"),
        ("PATCH", "/machines/m", {"title": 7}, 400, "title"),
        ("PATCH", "/machines/m", {"title": "x" * 201}, 400, "200"),
        ("PATCH", "/machines/m", {"profile": "industrial_pmup"}, 422, "industrial_pump"),
        ("PUT", "/machines/new", {"title": "x"}, 400, "profile"),
        ("PUT", "/machines/new", {"profile": "unheard_of"}, 422, "unheard_of"),
        ("DELETE", "/machines", None, 405, "DELETE"),
        ("GET", "/nothing", None, 404, "/docs"),
        ("POST", "/nothing", {}, 404, "/docs"),
    ],
)
async def test_a_bad_request_is_a_problem_that_names_what_to_mend(
    served: Served, *, method: str, path: str, body: object, status: int, word: str
) -> None:
    await served.http.put("/api/v1/machines/m", json={"profile": "industrial_pump"})
    answer = await served.http.request(method, f"/api/v1{path}", json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["instance"] == f"/api/v1{path}"
    assert word in problem["detail"]


PUMP_PROFILE = {"profile": "industrial_pump"}


async def pushed(served: Served, machine: str, rows: object) -> httpx.Response:
    return await served.push(machine, rows, params=PUMP_PROFILE)


def readings(n: int, start_s: float = 1_760_000_000.0) -> list[dict[str, float]]:
    return [{"time": start_s + i, "bearing_temp_c": 40.0 + i % 9} for i in range(n)]


async def test_a_removed_machine_is_gone_from_everywhere_and_may_come_back(serve: Serve) -> None:
    served: Served = await serve()
    for machine in ("pump-1", "pump-2"):
        assert (await pushed(served, machine, readings(50))).status_code == 200
    today = (await served.get("/status")).json()["rows_today"]
    answer = await served.http.delete(f"{API}/machines/pump-1")
    assert (answer.status_code, answer.content) == (204, b"")
    for _ in range(2):  # as it is, and after a restart
        for path in ("/machines/pump-1", "/machines/pump-1/telemetry", "/events?machine=pump-1"):
            assert (await served.get(path)).status_code == 404
        assert [m["id"] for m in (await served.get("/machines")).json()["machines"]] == ["pump-2"]
        sessions = (await served.get("/sessions")).json()["sessions"]
        assert [(s["machine"], s["rows"]) for s in sessions] == [("pump-2", 50)]
        status = (await served.get("/status")).json()
        assert status["rows"] == status["store"]["rows"] == 50
        assert status["rows_today"] in {today, 0}
        await served.runtime.stop()
        served = await serve()
    assert (await pushed(served, "pump-1", readings(7))).json()["registered"] is True
    found = (await served.get("/machines/pump-1")).json()
    assert (found["rows"], found["title"]) == (7, "pump-1")


async def test_viewers_that_come_later_see_nothing_of_a_removed_machine(served: Served) -> None:
    for machine in ("pump-1", "pump-2"):
        await pushed(served, machine, readings(5))
    await served.http.delete(f"{API}/machines/pump-1")
    async with served.socket() as viewer:
        await viewer.send('{"type": "subscribe", "machines": ["*"]}')
        while (message := json.loads(await viewer.recv()))["type"] != "frame":
            pass
        assert list(message["machines"]) == ["pump-2"]


async def test_a_machine_that_a_simulator_plays_is_removed_only_when_that_is_stopped(
    served: Served,
) -> None:
    source = SimulatorSource("pump-1", "pump", rate_hz=50.0)
    served.runtime.feeds.add(source, profile="industrial_pump")
    await until(lambda: source.status.rows > 5)
    refused = await served.http.delete(f"{API}/machines/pump-1")
    assert refused.status_code == 409
    assert "simulator:pump-1" in refused.json()["detail"]
    assert "--stop" in refused.json()["detail"]
    session = (await served.get("/sessions")).json()["sessions"][0]["id"]
    refused = await served.http.delete(f"{API}/sessions/{session}")
    assert refused.status_code == 409
    assert "newest recording" in refused.json()["detail"]
    stopped = await served.http.delete(f"{API}/machines/pump-1?stop=true")
    assert stopped.status_code == 204
    given = source.status.rows
    await asyncio.sleep(0.2)
    assert source.status.rows == given
    assert (await served.get("/machines")).json() == {"machines": []}
    assert (await served.get("/sources")).json()["sources"] == []


async def test_a_machine_that_is_replayed_is_removed_only_when_that_is_stopped(
    served: Served,
) -> None:
    await pushed(served, "pump-1", readings(500))
    wish = {"machine": "pump-1", "as": "copy", "speed": 1}
    assert (await served.http.post(f"{API}/replays", json=wish)).status_code == 201
    for machine in ("pump-1", "copy"):
        refused = await served.http.delete(f"{API}/machines/{machine}")
        assert refused.status_code == 409
        assert "replay 1" in refused.json()["detail"]
    assert (await served.http.delete(f"{API}/machines/pump-1?stop=true")).status_code == 204
    assert (await served.get("/replays")).json() == {"replays": []}
    assert (await served.http.delete(f"{API}/machines/copy")).status_code == 204


async def test_removing_a_machine_that_is_not_there_is_not_found(served: Served) -> None:
    await pushed(served, "pump-1", readings(5))
    answer = await served.http.delete(f"{API}/machines/pump-2")
    assert answer.status_code == 404
    assert "pump-1" in answer.json()["detail"]


async def test_readings_that_come_while_a_machine_is_removed_are_of_a_new_one(
    served: Served,
) -> None:
    for start in range(0, 40_000, 10_000):
        assert (await pushed(served, "pump-1", readings(10_000, 1.76e9 + start))).status_code == 200
    removing = asyncio.create_task(served.http.delete(f"{API}/machines/pump-1"))
    acknowledged = 0
    while not removing.done() or acknowledged < 20:
        answer = await pushed(served, "pump-1", readings(1, 1.77e9 + acknowledged))
        acknowledged += answer.json()["accepted"]
    assert (await removing).status_code == 204
    found = (await served.get("/machines/pump-1/telemetry?from=0")).json()
    kept = [ns // 10**9 - 1_770_000_000 for ns in found["time_ns"]]
    assert kept
    assert kept == list(range(acknowledged - len(kept), acknowledged))
    assert found["columns"]["bearing_temp_c"] == [40.0] * len(kept)
