"""Readings of many machines in one request: each is kept with its own, each gets its receipt."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tests.api.conftest import Serve, Served

T_S = 1_763_712_000
URL = "/api/v1/telemetry"
IDS = ("press-1", "press-2")


def rows() -> list[dict[str, Any]]:
    return [
        {"machine": machine, "time": T_S + i, "oil_temp_c": 60.0 + i}
        for i in range(4)
        for machine in IDS
    ]


def shares() -> dict[str, Any]:
    own = [{"time": T_S + i, "oil_temp_c": 60.0 + i} for i in range(4)]
    columns = {name: [row[name] for row in own] for name in own[0]}
    return {"machines": {"press-1": columns, "press-2": own}}


def columns() -> dict[str, Any]:
    return {name: [row[name] for row in rows()] for name in rows()[0]}


def telegraf() -> dict[str, Any]:
    return {
        "metrics": [
            {
                "name": "oil",
                "tags": {"host": row["machine"]},
                "fields": {"temp_c": row["oil_temp_c"]},
                "timestamp": row["time"],
            }
            for row in rows()
        ]
    }


BODIES = {
    "rows": ("application/json", json.dumps(rows()).encode()),
    "ndjson": ("application/x-ndjson", b"\n".join(json.dumps(row).encode() for row in rows())),
    "columns": ("application/json", json.dumps(columns()).encode()),
    "shares": ("application/json", json.dumps(shares()).encode()),
    "msgpack rows": ("application/msgpack", msgspec.msgpack.encode(rows())),
    "msgpack shares": ("application/msgpack", msgspec.msgpack.encode(shares())),
    "telegraf": ("application/json; charset=utf-8", json.dumps(telegraf()).encode()),
}


async def post(served: Served, body: Any, content_type: str = "application/json") -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"content-type": content_type}
    return await served.http.post(URL, content=content, headers=headers)


@pytest.mark.parametrize("kind", BODIES)
async def test_each_machine_gets_its_readings_and_its_receipt(served: Served, kind: str) -> None:
    content_type, body = BODIES[kind]
    answer = await post(served, body, content_type)
    assert answer.status_code == 200, answer.text
    receipt = answer.json()
    assert (receipt["accepted"], receipt["rejected"]) == (8, 0)
    told = {share["machine"]: share["accepted"] for share in receipt["machines"]}
    assert told == dict.fromkeys(IDS, 4)
    for machine in IDS:
        path = f"/machines/{machine}/telemetry"
        kept = (await served.get(path, params={"channels": "oil_temp_c"})).json()
        assert kept["columns"]["oil_temp_c"] == [60.0, 61.0, 62.0, 63.0]
        assert kept["time_ns"][0] == T_S * 10**9


@pytest.mark.parametrize("unit", [1, 10**3, 10**6, 10**9], ids=["s", "ms", "us", "ns"])
async def test_telegraf_counts_time_in_any_of_its_units(served: Served, unit: int) -> None:
    metric = {"name": "oil", "tags": {}, "fields": {"temp_c": 61.5}, "timestamp": T_S * unit}
    answer = await served.http.post("/api/v1/machines/press-1/telemetry", json=metric)
    assert answer.status_code == 200, answer.text
    assert answer.json()["first_time_ns"] == T_S * 10**9
    assert answer.json()["machine"] == "press-1"


async def test_what_cannot_be_read_is_told_once_and_the_rest_is_kept(served: Served) -> None:
    answer = await post(served, [{"oil_temp_c": 1.0}, *rows(), {"machine": "a/b", "oil_temp_c": 1}])
    receipt = answer.json()
    assert (receipt["accepted"], receipt["rejected"]) == (8, 2)
    assert "No machine is named" in receipt["reasons"][0]["message"]
    assert [share["rejected"] for share in receipt["machines"]] == [0, 0]


async def test_a_fault_in_a_share_names_its_machine(served: Served) -> None:
    wrong = {"machines": {"press-1": {"time": [1, 2], "oil_temp_c": [1.0]}}}
    answer = await post(served, wrong)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("press-1: Column")
    slashed = await post(served, {"machines": {"a/b": {"oil_temp_c": 1.0}}})
    assert "cannot be a machine's id" in slashed.json()["detail"]


async def test_one_body_holds_at_most_a_thousand_machines(served: Served) -> None:
    many = [{"machine": f"m{i}", "x": 1.0} for i in range(1_001)]
    for body in (many, {"machines": {row["machine"]: row for row in many}}):
        answer = await post(served, body)
        assert answer.status_code == 413
        assert "1,000" in answer.json()["detail"]
    assert (await served.get("/machines")).json()["machines"] == []


async def test_nothing_kept_is_a_422_with_the_reason(served: Served) -> None:
    answer = await post(served, [{"oil_temp_c": 1.0}])
    assert answer.status_code == 422
    assert "No machine is named" in answer.json()["detail"]


async def test_the_answer_comes_after_the_commit(served: Served) -> None:
    for number in range(5):
        await post(served, [{"machine": m, "time": T_S + number, "x": 1.0} for m in IDS])
        for machine in IDS:
            path = f"/machines/{machine}/telemetry"
            kept = (await served.get(path, params={"channels": "x"})).json()
            assert len(kept["time_ns"]) == number + 1


async def test_a_wrong_type_is_a_415(serve: Serve) -> None:
    served = await serve()
    assert (await post(served, b"x", "image/png")).status_code == 415
