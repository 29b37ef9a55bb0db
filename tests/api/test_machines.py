"""Machines over HTTP."""

from __future__ import annotations

import pytest

from tests.api.conftest import Serve, Served

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
        ("DELETE", "/machines/m", None, 405, "DELETE"),
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
