"""What Telegraf and InfluxDB's clients send and expect, byte by byte over real HTTP."""

from __future__ import annotations

import gzip

import pytest

from telltale.api.settings import ApiSettings
from tests.api.conftest import Serve, Served

T_S = 1_780_300_800
LINES = (
    f"oil,machine=press-1 temp_c=61.5 {T_S}\noil,machine=press-1 temp_c=61.7 {T_S + 1}\n".encode()
)
TELEGRAF = {
    "user-agent": "Telegraf/1.30.0 Go/1.22.1",
    "content-type": "text/plain; charset=utf-8",
    "content-encoding": "gzip",
    "authorization": "Token some-token",
}
PATHS = ("/write?db=telegraf&precision=s", "/api/v2/write?bucket=b&org=o&precision=s")


async def kept(served: Served, machine: str, channel: str) -> list[float]:
    path = f"/machines/{machine}/telemetry"
    answer = await served.get(path, params={"channels": channel})
    assert answer.status_code == 200, answer.text
    column: list[float] = answer.json()["columns"][channel]
    return column


@pytest.mark.parametrize("path", PATHS)
async def test_what_telegraf_posts_is_kept_before_it_is_answered_204(
    served: Served, path: str
) -> None:
    answer = await served.http.post(path, content=gzip.compress(LINES), headers=TELEGRAF)
    assert (answer.status_code, answer.content) == (204, b"")
    assert await kept(served, "press-1", "oil_temp_c") == [61.5, 61.7]


@pytest.mark.parametrize("path", PATHS)
async def test_a_partial_write_keeps_the_rest_and_is_named_as_each_version_names_it(
    served: Served, path: str
) -> None:
    answer = await served.http.post(path, content=LINES + b"oil,machine=press-1 temp_c\n")
    body = answer.json()
    if path.startswith("/write"):
        assert answer.status_code == 400
        assert body.keys() == {"error"}
        assert body["error"].startswith("partial write: Line 3: invalid field format")
        assert answer.headers["x-influxdb-error"] == body["error"]
    else:
        assert answer.status_code == 422
        assert body.keys() == {"code", "message"}
        assert body["code"] == "unprocessable entity"
        assert body["message"].startswith("partial write: Line 3")
    assert "dropped=1" in answer.text
    assert len(await kept(served, "press-1", "oil_temp_c")) == 2


@pytest.mark.parametrize("path", PATHS)
async def test_a_body_of_which_nothing_can_be_kept_is_a_400(served: Served, path: str) -> None:
    answer = await served.http.post(path, content=b"oil\n")
    assert answer.status_code == 400
    assert "missing fields" in answer.text
    assert (await served.get("/machines")).json()["machines"] == []


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/api/v2/write?precision=h", "Use ns, us, ms or s"),
        ("/write?precision=week", "is unknown"),
        ("/write?channel=x", "measurement_field or field"),
        ("/write?machine=a/b", "cannot be a machine's id"),
    ],
)
async def test_a_wrong_parameter_is_refused_with_what_is_right(
    served: Served, path: str, why: str
) -> None:
    answer = await served.http.post(path, content=LINES)
    assert answer.status_code == 400
    assert why in answer.text


async def test_the_query_chooses_machine_and_names(served: Served) -> None:
    path = "/write?precision=s&machine_tag=site&channel=field"
    line = f"oil,site=north,machine=press-1 temp_c=61.5 {T_S}".encode()
    assert (await served.http.post(path, content=line)).status_code == 204
    assert await kept(served, "north", "press_1_temp_c") == [61.5]


async def test_a_body_beyond_the_limit_is_refused_in_influx_own_words(serve: Serve) -> None:
    served = await serve(settings=ApiSettings(max_body_bytes=80))
    answer = await served.http.post("/api/v2/write", content=LINES)
    assert answer.status_code == 413
    assert answer.json()["code"] == "request too large"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_ping_says_that_the_server_is_there(served: Served, method: str) -> None:
    answer = await served.http.request(method, "/ping")
    assert answer.status_code == 204
    assert answer.headers["x-influxdb-version"].startswith("telltale-")


async def test_what_writers_ask_first_is_answered(served: Served) -> None:
    created = await served.http.post("/query", data={"q": 'CREATE DATABASE "telegraf"'})
    assert (created.status_code, created.json()) == (200, {"results": [{"statement_id": 0}]})
    shown = await served.http.get("/query", params={"q": "SHOW DATABASES;"})
    assert shown.json()["results"][0]["series"][0]["values"] == [["telltale"]]


async def test_a_query_for_data_is_refused_and_says_where_to_read(served: Served) -> None:
    answer = await served.http.get("/query", params={"q": "SELECT * FROM oil"})
    assert answer.status_code == 400
    assert "/api/v1/machines" in answer.json()["error"]
