"""Profiles, events, sessions, sources and simulators over HTTP."""

from __future__ import annotations

import pytest

from telltale.sources.simulator import SimulatorSource
from tests.api.conftest import API, Served
from tests.waiting import until

T_S = 1_763_712_000


async def hot(served: Served, machine: str, start_s: int = T_S, n: int = 60) -> None:
    await served.http.put(f"{API}/machines/{machine}", json={"profile": "industrial_pump"})
    readings = [{"time": start_s + i, "bearing_temp_c": 90.0} for i in range(n)]
    assert (await served.push(machine, readings)).status_code == 200


async def test_profiles_are_listed_with_the_machines_that_use_them(served: Served) -> None:
    await served.http.put(f"{API}/machines/m", json={"profile": "industrial_pump"})
    listed = {p["id"]: p for p in (await served.get("/profiles")).json()["profiles"]}
    assert {"industrial_pump", "focus_st", "toyota_2jz_gte", "gr86_cup"} <= set(listed)
    assert listed["industrial_pump"]["machines"] == ["m"]
    assert listed["focus_st"]["machines"] == []


async def test_a_whole_profile_brings_the_symbol_of_every_unit(served: Served) -> None:
    profile = (await served.get("/profiles/industrial_pump")).json()
    assert profile["channels"]["bearing_temp_c"]["unit_symbol"] == "°C"
    assert all("unit_symbol" in signal for signal in profile["metrics"].values())
    assert profile["cards"]


async def test_an_unknown_profile_is_not_found_and_the_nearest_named(served: Served) -> None:
    answer = await served.get("/profiles/industrial_pmup")
    assert answer.status_code == 404
    assert "industrial_pump" in answer.json()["detail"]


async def test_events_are_listed_newest_first_within_range_and_limit(served: Served) -> None:
    await hot(served, "a")
    await hot(served, "b", T_S + 1000)
    every = (await served.get("/events")).json()
    assert {event["machine"] for event in every["events"]} == {"a", "b"}
    starts = [event["start_ns"] for event in every["events"]]
    assert starts == sorted(starts, reverse=True)
    of_a = (await served.get("/events", params={"machine": "a", "open": "true"})).json()["events"]
    assert of_a
    assert {event["machine"] for event in of_a} == {"a"}
    first = (await served.get("/events", params={"limit": 1})).json()
    assert len(first["events"]) == 1
    assert first["more"] is True
    later = (await served.get("/events", params={"from": T_S + 500})).json()["events"]
    assert {event["machine"] for event in later} == {"b"}
    assert (await served.get("/events", params={"to": "1970-01-01"})).json()["events"] == []


@pytest.mark.parametrize(
    ("params", "status"),
    [({"machine": "nobody"}, 404), ({"from": "soon"}, 400), ({"limit": 0}, 422)],
)
async def test_events_that_cannot_be_asked_for(
    served: Served, params: dict[str, str], status: int
) -> None:
    assert (await served.get("/events", params=params)).status_code == status


async def test_a_recording_is_listed_and_can_be_named(served: Served) -> None:
    await hot(served, "a")
    await hot(served, "a", T_S + 100_000)
    sessions = (await served.get("/sessions", params={"machine": "a"})).json()["sessions"]
    assert [session["rows"] for session in sessions] == [60, 60]
    path = f"{API}/sessions/{sessions[1]['id']}"
    answer = await served.http.patch(path, json={"title": "Test run"})
    assert answer.status_code == 200
    again = (await served.get("/sessions")).json()["sessions"]
    assert [session["title"] for session in again] == ["", "Test run"]


async def test_naming_a_recording_that_is_not_there_is_not_found(served: Served) -> None:
    answer = await served.http.patch(f"{API}/sessions/a/1", json={"title": "x"})
    assert answer.status_code == 404


async def test_a_simulated_machine_takes_scenarios_and_faults(served: Served) -> None:
    served.runtime.feeds.add(SimulatorSource("sim", "pump", rate_hz=20), profile="industrial_pump")
    await until(lambda: any(live.machine.id == "sim" for live in served.runtime.machines()))
    view = (await served.get("/machines/sim/simulator")).json()
    assert view["scenario"] in view["scenarios"]
    fault = view["faults"][0]
    assert (fault["on"], fault["severity"]) == (False, 0.0)
    change = {"scenario": view["scenarios"][-1], "faults": {fault["name"]: 0.5}}
    changed = (await served.http.patch(f"{API}/machines/sim/simulator", json=change)).json()
    assert changed["scenario"] == view["scenarios"][-1]
    assert changed["faults"][0]["on"] is True
    assert await notes(served, "sim") == [
        f"Scenario changed from {view['scenario']} to {view['scenarios'][-1]}.",
        f"{fault['title']} switched on, 50%.",
    ]
    await served.http.patch(f"{API}/machines/sim/simulator", json={"faults": {fault["name"]: 0}})
    assert (await notes(served, "sim"))[-1] == f"{fault['title']} repaired."
    assert (await served.get("/machines/sim")).json()["simulated"] is True
    (source,) = (await served.get("/sources")).json()["sources"]
    assert (source["name"], source["simulated"], source["state"]) == ("simulator:sim", True, "live")
    assert source["rows"] > 0


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"faults": {"no_such_fault": 1.0}}, "no_such_fault"),
        ({"scenario": "flying"}, "flying"),
    ],
)
async def test_what_a_simulator_does_not_know_is_refused(
    served: Served, change: dict[str, object], word: str
) -> None:
    served.runtime.feeds.add(SimulatorSource("sim", "pump"), profile="industrial_pump")
    await until(lambda: any(live.machine.id == "sim" for live in served.runtime.machines()))
    answer = await served.http.patch(f"{API}/machines/sim/simulator", json=change)
    assert answer.status_code == 422
    assert word in answer.json()["detail"]


async def notes(served: Served, machine: str) -> list[str]:
    """Return what was noted of a machine, oldest first, once it is kept."""
    await served.push(machine, [{"time": T_S, "bearing_temp_c": 50.0}])  # commits come in order
    events = (await served.get("/events", params={"machine": machine})).json()["events"]
    kept = sorted(events, key=lambda event: event["start_ns"])
    return [event["message"] for event in kept if event["kind"] == "note"]


async def test_a_change_of_a_machine_is_noted_with_what_it_was(served: Served) -> None:
    await hot(served, "a")
    url = f"{API}/machines/a"
    await served.http.patch(url, json={"title": "Pump A", "place": "hall B"})
    await served.http.patch(url, json={"title": "Pump A"})  # nothing changed
    await served.http.patch(url, json={"profile": "rotating_machine"})
    assert await notes(served, "a") == [
        "Renamed from a to Pump A.",
        "Moved to hall B.",
        "Profile changed from industrial_pump to rotating_machine; what is derived starts anew.",
    ]


async def test_a_machine_without_a_simulator_says_so(served: Served) -> None:
    await hot(served, "real")
    answer = await served.get("/machines/real/simulator")
    assert answer.status_code == 404
    assert "not fed by a simulator" in answer.json()["detail"]


async def test_a_removed_recording_takes_its_readings_along_and_no_others(served: Served) -> None:
    for day in (0, 1, 2):
        rows = [{"time": 1.76e9 + 86_400 * day + i, "bearing_temp_c": 40.0 + day} for i in range(9)]
        assert (
            await served.push("pump-1", rows, params={"profile": "industrial_pump"})
        ).status_code == 200
    newest, middle, oldest = (await served.get("/sessions")).json()["sessions"]
    for session, left in ((middle, [40.0, 42.0]), (newest, [40.0])):
        answer = await served.http.delete(f"{API}/sessions/{session['id']}")
        assert (answer.status_code, answer.content) == (204, b"")
        found = (await served.get("/machines/pump-1/telemetry?from=0")).json()
        assert sorted(set(found["columns"]["bearing_temp_c"])) == left
        machine = (await served.get("/machines/pump-1")).json()
        assert machine["rows"] == 9 * len(left)
        assert machine["values"]["bearing_temp_c"]["value"] == left[-1]
        assert machine["last_time_ns"] == found["time_ns"][-1]
    assert (await served.get("/sessions")).json()["sessions"] == [oldest]
    gone = await served.http.delete(f"{API}/sessions/{newest['id']}")
    assert gone.status_code == 404
    assert "GET /sessions" in gone.json()["detail"]


async def test_what_was_removed_can_be_sent_again_and_is_worked_out_again(served: Served) -> None:
    rows = [{"time": 1.76e9 + i, "bearing_temp_c": 40 + i, "ambient_temp_c": 20} for i in range(9)]
    path = "/machines/pump-1/telemetry?from=0"
    await served.push("pump-1", rows, params={"profile": "industrial_pump"})
    before = (await served.get(path)).json()
    (session,) = (await served.get("/sessions")).json()["sessions"]
    await served.http.delete(f"{API}/sessions/{session['id']}")
    assert (await served.get(path)).json()["time_ns"] == []
    assert (await served.push("pump-1", rows, params={"profile": "industrial_pump"})).json()[
        "accepted"
    ] == 9
    assert (await served.get(path)).json() == before
