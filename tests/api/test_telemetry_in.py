"""Readings in over HTTP: what is kept, what is refused, and what it costs."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import msgspec
import pytest

from telltale.api.settings import ApiSettings
from tests.api.conftest import Serve, Served

T_S = 1_763_712_000
URL = "/api/v1/machines/pump-3/telemetry"


def rows(n: int) -> list[dict[str, float]]:
    return [
        {"time": T_S + i, "bearing_temp_c": 40.0 + i / 100, "flow_l_min": 50.0} for i in range(n)
    ]


def columns(n: int) -> dict[str, list[float]]:
    return {name: [row[name] for row in rows(n)] for name in rows(1)[0]}


def as_csv(n: int) -> bytes:
    lines = ["time,bearing_temp_c,flow_l_min"]
    lines += [f"{row['time']},{row['bearing_temp_c']},{row['flow_l_min']}" for row in rows(n)]
    return "\n".join(lines).encode()


BODIES = {
    "object": ("application/json", json.dumps(rows(1)[0]).encode(), 1),
    "list": ("application/json", json.dumps(rows(9)).encode(), 9),
    "columns": ("application/json; charset=utf-8", json.dumps(columns(9)).encode(), 9),
    "ndjson": ("application/x-ndjson", b"\n".join(json.dumps(r).encode() for r in rows(9)), 9),
    "msgpack rows": ("application/msgpack", msgspec.msgpack.encode(rows(9)), 9),
    "msgpack columns": ("application/msgpack", msgspec.msgpack.encode(columns(9)), 9),
    "csv": ("text/csv", as_csv(9), 9),
}


async def stored_rows(served: Served) -> int:
    answer = await served.get("/machines/pump-3/telemetry", params={"channels": "bearing_temp_c"})
    return len(answer.json()["time_ns"])


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
async def test_every_form_of_body_is_kept_whole(served: Served, kind: str, *, packed: bool) -> None:
    content_type, body, n_rows = BODIES[kind]
    headers = {"content-type": content_type}
    if packed:
        body, headers["content-encoding"] = gzip.compress(body), "gzip"
    answer = await served.http.post(URL, content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    receipt = answer.json()
    assert (receipt["accepted"], receipt["rejected"]) == (n_rows, 0)
    assert receipt["first_time_ns"] == T_S * 10**9
    assert receipt["last_time_ns"] == (T_S + n_rows - 1) * 10**9
    assert receipt["registered"] is True
    assert await stored_rows(served) == n_rows


async def test_the_answer_comes_after_the_commit(served: Served) -> None:
    for number in range(5):
        await served.push("pump-3", [{"time": T_S + number, "bearing_temp_c": 40.0}])
        assert await stored_rows(served) == number + 1


async def test_good_rows_beside_bad_ones_are_kept_and_the_reasons_told(served: Served) -> None:
    await served.http.put("/api/v1/machines/pump-3", json={"profile": "industrial_pump"})
    readings: list[dict[str, Any]] = [dict(row) for row in rows(5)]
    readings[2]["bearing_temp_c"] = "hot"
    readings[3]["bearing_temp_c"] = 4000.0
    readings[4]["bearing_tmp_c"] = 41.0
    receipt = (await served.push("pump-3", readings)).json()
    assert receipt["accepted"] == 5
    assert receipt["rejected_values"] == 2
    assert {reason["row"] for reason in receipt["reasons"]} == {3, 4}  # people count from 1
    assert "bearing_temp_c" in receipt["unknown"]["bearing_tmp_c"]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "word"),
    [
        (b'{"bearing_temp_c": ', "application/json", 400, ""),
        (b"", "application/json", 400, "empty"),
        (b"[" * 100_000, "application/json", 413, ""),
        (b'{"a":' * 100_000, "application/json", 413, ""),
        (b"\xff\xfe{}", "application/json", 400, ""),
        (b"\xc1\xc1", "application/msgpack", 400, ""),
        (b"{}", "application/xml", 415, "application/xml"),
        (b"[]", "application/json", 422, ""),
        (b"[1, 2]", "application/json", 422, ""),
        (b'{"time": "yesterday", "bearing_temp_c": 1}', "application/json", 422, "yesterday"),
        (b'{"bearing_temp_c": "hot"}', "application/json", 422, "hot"),
    ],
)
async def test_a_body_of_which_nothing_is_kept_is_a_clear_problem(
    served: Served, body: bytes, content_type: str, status: int, word: str
) -> None:
    await served.http.put("/api/v1/machines/pump-3", json={"profile": "industrial_pump"})
    answer = await served.http.post(URL, content=body, headers={"content-type": content_type})
    problem = answer.json()
    assert answer.status_code == status
    assert problem["status"] == answer.status_code
    assert word in json.dumps(problem)
    assert len(problem["detail"]) > 20
    assert await stored_rows(served) == 0


async def test_nothing_kept_still_says_what_was_refused(served: Served) -> None:
    await served.http.put("/api/v1/machines/pump-3", json={"profile": "industrial_pump"})
    answer = await served.push("pump-3", [{"time": T_S, "bearing_temp_c": "hot"}])
    assert answer.status_code == 422
    assert answer.json()["accepted"] == 0
    assert answer.json()["reasons"][0]["value"] == "hot"


async def test_a_body_beyond_the_limit_is_refused_and_the_limit_named(serve: Serve) -> None:
    served: Served = await serve(settings=ApiSettings(max_body_bytes=2_000))
    body = json.dumps(rows(100)).encode()

    async def in_chunks() -> Any:
        for start in range(0, len(body), 500):
            yield body[start : start + 500]

    headers = {"content-type": "application/json"}
    told = await served.http.post(URL, content=body, headers=headers)
    untold = await served.http.post(URL, content=in_chunks(), headers=headers)
    for answer in (told, untold):
        assert answer.status_code == 413
        assert "2,000 bytes" in answer.json()["detail"]
    assert (await served.push("pump-3", rows(5))).status_code == 200


async def test_a_gzip_bomb_is_refused_and_the_server_goes_on(served: Served) -> None:
    bomb = gzip.compress(b" " * 100_000_000)
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    answer = await served.http.post(URL, content=bomb, headers=headers)
    assert answer.status_code == 413
    assert (await served.push("pump-3", rows(1))).status_code == 200


@pytest.mark.parametrize(
    ("encoding", "body", "status"), [("br", b"x", 415), ("gzip", b"no gzip", 400)]
)
async def test_an_encoding_that_is_not_gzip_is_refused(
    served: Served, encoding: str, body: bytes, status: int
) -> None:
    headers = {"content-type": "application/json", "content-encoding": encoding}
    answer = await served.http.post(URL, content=body, headers=headers)
    assert answer.status_code == status


async def test_a_full_queue_answers_503_with_retry_after_and_takes_nothing(serve: Serve) -> None:
    served: Served = await serve(queue_rows=500, commit_ms=1_000.0, commit_rows=100_000)
    answers = await asyncio.gather(
        *(
            served.push("pump-3", [dict(row, time=row["time"] + 1000 * n) for row in rows(200)])
            for n in range(8)
        )
    )
    kept = [answer for answer in answers if answer.status_code == 200]
    busy = [answer for answer in answers if answer.status_code == 503]
    assert kept
    assert busy
    assert len(kept) + len(busy) == 8
    assert all(answer.headers["retry-after"] == "1" for answer in busy)
    stored = await served.get("/machines/pump-3/telemetry", params={"from": str(T_S)})
    assert len(stored.json()["time_ns"]) == 200 * len(kept)


async def test_a_push_names_the_profile_of_a_machine_that_is_not_known(served: Served) -> None:
    answer = await served.http.post(
        "/api/v1/machines/x/telemetry",
        params={"profile": "rotating_machine"},
        json=[{"time": T_S, "temp_c": 40.0}],
    )
    assert answer.json()["profile"] == "rotating_machine"


async def test_a_socket_answers_every_message_in_order_with_its_number(served: Served) -> None:
    async with served.socket("/machines/pump-3/push") as socket:
        await socket.send(json.dumps(rows(3)))
        await socket.send("{broken")
        await socket.send(msgspec.msgpack.encode(columns(4)))
        answers = [json.loads(await socket.recv()) for _ in range(3)]
    assert [answer["n"] for answer in answers] == [1, 2, 3]
    assert [answer.get("accepted") for answer in answers] == [3, None, 4]
    assert answers[1]["status"] == 400
    assert await stored_rows(served) == 4


async def test_a_socket_message_beyond_the_limit_is_told_and_ends_the_connection(
    serve: Serve,
) -> None:
    served: Served = await serve(settings=ApiSettings(max_message_bytes=1_000))
    async with served.socket("/machines/pump-3/push") as socket:
        await socket.send(json.dumps(rows(100)))
        answer = json.loads(await socket.recv())
        assert answer["status"] == 413
        await socket.wait_closed()
        assert socket.close_code == 1009


async def test_one_time_twice_is_one_reading_and_told_as_replaced(served: Served) -> None:
    readings = [{"time": T_S, "bearing_temp_c": 40.0}, {"time": T_S, "bearing_temp_c": 41.0}]
    receipt = (await served.push("pump-3", readings)).json()
    assert (receipt["accepted"], receipt["replaced"]) == (2, 1)
    assert await stored_rows(served) == 1


async def test_a_time_under_another_name_is_named_in_a_warning(served: Served) -> None:
    reading = {"measured_at": "2026-01-31T14:05:00Z", "bearing_temp_c": 40.0}
    receipt = (await served.push("pump-3", [reading])).json()
    assert receipt["accepted"] == 1
    assert "'measured_at' looks like their time" in receipt["warnings"][0]


async def test_a_measurement_for_a_simulated_machine_is_refused_and_says_what_to_do(
    served: Served,
) -> None:
    await served.runtime.fleet.register("demo", profile="industrial_pump", simulated=True)
    answer = await served.push("demo", {"bearing_temp_c": 42.0})
    assert answer.status_code == 422
    assert "demo is simulated" in answer.json()["detail"]
    assert "another id" in answer.json()["detail"]
    assert (await served.get("/machines/demo")).json()["rows"] == 0
