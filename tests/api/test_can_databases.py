"""CAN databases over the API: kept, looked through, used by imports, removed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import Served
from tests.formats.can import parts

LOG = "".join(frame.line() for frame in parts.car_frames()).encode()


async def add(served: Served, text: str = parts.CAR, name: str = "car.dbc") -> dict[str, Any]:
    answer = await served.http.post(
        "/api/v1/can-databases", params={"filename": name}, content=text.encode()
    )
    assert answer.status_code == 201, answer.text
    kept: dict[str, Any] = answer.json()
    return kept


async def imported(served: Served, **query: str) -> dict[str, Any]:
    asked = {"filename": "drive.log", **query}
    answer = await served.http.post("/api/v1/imports", params=asked, content=LOG)
    assert answer.status_code == 202, answer.text
    job = answer.json()["id"]
    async with asyncio.timeout(20):
        while True:
            found: dict[str, Any] = (await served.get(f"/imports/{job}")).json()
            if found["state"] != "running":
                return found
            await asyncio.sleep(0.02)


async def test_a_database_is_kept_listed_shown_and_removed(served: Served) -> None:
    kept = await add(served)
    assert (kept["name"], kept["messages"], kept["signals"]) == ("car.dbc", 3, 11)
    assert (await served.get("/can-databases")).json() == {"databases": [kept]}
    shown = (await served.get(f"/can-databases/{kept['id']}")).json()
    assert [message["name"] for message in shown["messages"]] == ["Engine", "Wheels", "Battery"]
    assert shown["messages"][0]["signals"][0]["unit"] == "rpm"
    answer = await served.http.delete(f"/api/v1/can-databases/{kept['id']}")
    assert answer.status_code == 204
    answer = await served.get(f"/can-databases/{kept['id']}")
    assert answer.status_code == 404
    assert "No CAN database" in answer.json()["detail"]


async def test_a_log_is_looked_at_through_a_database(served: Served) -> None:
    kept = await add(served)
    answer = await served.http.post(
        f"/api/v1/can-databases/{kept['id']}/preview", params={"filename": "drive.log"}, content=LOG
    )
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["format"], found["frames"], found["decoded"]) == ("candump", 300, 225)
    columns = {signal["column"]: signal for signal in found["signals"]}
    assert columns["Gear"]["words"] == {"Park": 0, "Reverse": 1, "Neutral": 2, "Drive": 3}
    assert found["unknown"] == [{"id": "0x7FF", "frames": 75}]
    answer = await served.http.post(
        f"/api/v1/can-databases/{kept['id']}/preview", params={"filename": "x.csv"}, content=b"a,b"
    )
    assert (answer.status_code, "no CAN log" in answer.json()["detail"]) == (400, True)


async def test_an_import_uses_a_kept_database(served: Served, tmp_path: Path) -> None:
    kept = await add(served)
    job = await imported(served, can_database=kept["id"])
    assert (job["state"], job["machines"]) == ("done", ["drive"]), job
    channels = {one["column"]: one["channel"] for one in job["channels"]}
    assert channels["Engine.Speed"] == "engine_speed_rpm"
    assert any("0x7FF (75)" in warning for warning in job["warnings"])
    profile = (await served.get("/machines/drive")).json()["profile"]
    gear = (await served.get(f"/profiles/{profile}")).json()["channels"]["gear"]
    assert gear["codes"]["Neutral"] == 2
    answer = await served.get("/machines/drive/telemetry", params={"from": "2020-01-01"})
    columns = answer.json()["columns"]
    expected = parts.decode_all(parts.tables_of(tmp_path, parts.CAR), parts.car_frames())["car"]
    for name in ("Engine.Speed", "Torque", "Gear"):
        held = [value for value in columns[channels[name]] if value is not None]
        assert held == pytest.approx([value for _, value in expected[name]], rel=1e-9)


async def test_an_import_says_when_the_database_is_missing_or_unknown(served: Served) -> None:
    job = await imported(served)
    assert job["state"] == "failed"
    assert "Give the database" in job["detail"]
    asked = {"filename": "drive.log", "can_database": "nobody"}
    answer = await served.http.post("/api/v1/imports", params=asked, content=LOG)
    assert (answer.status_code, "No CAN database" in answer.json()["detail"]) == (404, True)


async def test_a_bad_database_is_refused_with_a_sentence(served: Served) -> None:
    answer = await served.http.post(
        "/api/v1/can-databases", params={"filename": "car.dbc"}, content=b"these are words"
    )
    assert answer.status_code == 400
    assert "car.dbc cannot be read as a DBC file" in answer.json()["detail"]
