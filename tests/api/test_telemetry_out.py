"""Readings out: ranges, forms, decimation, exports."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from telltale.api.forms import accepted_form
from telltale.api.problems import ApiError
from telltale.api.settings import ApiSettings
from telltale.formats.files import read_file
from tests.api.conftest import Serve, Served

T_S = 1_763_712_000
URL = "/machines/pump-3/telemetry"
NAMES = "bearing_temp_c,flow_l_min"


async def fill(served: Served, n: int) -> None:
    await served.http.put("/api/v1/machines/pump-3", json={"profile": "industrial_pump"})
    columns: dict[str, list[Any]] = {
        "time": [T_S + i for i in range(n)],
        "bearing_temp_c": [40.0 + i % 7 for i in range(n)],
        "flow_l_min": [None if i % 5 == 4 else 50.0 + i / 1000 for i in range(n)],
    }
    answer = await served.push("pump-3", columns)
    assert answer.json()["accepted"] == n


async def test_a_range_gives_columns_with_units_and_null_where_a_value_is_missing(
    served: Served,
) -> None:
    await fill(served, 10)
    answer = await served.get(URL, params={"from": T_S + 3, "to": T_S + 6, "channels": NAMES})
    assert answer.json() == {
        "machine": "pump-3",
        "time_ns": [(T_S + i) * 10**9 for i in (3, 4, 5)],
        "columns": {"bearing_temp_c": [43.0, 44.0, 45.0], "flow_l_min": [50.003, None, 50.005]},
        "units": {"bearing_temp_c": "degC", "flow_l_min": "l/min"},
        "decimated": False,
    }


async def test_times_may_be_iso_8601_and_the_default_is_the_last_hour_of_data(
    served: Served,
) -> None:
    await fill(served, 4000)
    by_iso = await served.get(URL, params={"from": "2025-11-21T08:00:01Z", "channels": NAMES})
    default = await served.get(URL, params={"channels": NAMES})
    assert by_iso.json()["time_ns"][0] == (T_S + 1) * 10**9
    assert len(default.json()["time_ns"]) == 3600
    assert default.json()["time_ns"][-1] == (T_S + 3999) * 10**9


async def test_decimation_keeps_every_peak(served: Served) -> None:
    await fill(served, 3000)
    await served.push("pump-3", [{"time": T_S + 1500.5, "bearing_temp_c": 99.0}])
    params = {"from": T_S, "to": T_S + 3000, "points": 20, "channels": "bearing_temp_c"}
    answer = (await served.get(URL, params=params)).json()
    assert answer["decimated"] is True
    assert len(answer["time_ns"]) <= 80
    values = [value for value in answer["columns"]["bearing_temp_c"] if value is not None]
    assert max(values) == 99.0
    assert min(values) == 40.0


async def test_filled_values_are_flagged_and_reach_only_so_far(served: Served) -> None:
    await fill(served, 6)
    params = {"from": T_S, "to": T_S + 6, "channels": NAMES, "fill": "true"}
    answer = (await served.get(URL, params=params)).json()
    assert answer["columns"]["flow_l_min"][4] == 50.003
    assert answer["filled"]["flow_l_min"] == [False] * 4 + [True, False]
    await served.push("pump-3", [{"time": T_S + 60, "bearing_temp_c": 41.0}])
    later = (await served.get(URL, params={**params, "to": T_S + 61})).json()
    assert later["columns"]["flow_l_min"][-1] is None
    assert later["filled"]["flow_l_min"][-1] is False


@pytest.mark.parametrize("form", ["csv", "ndjson", "msgpack", "parquet", "json"])
async def test_every_form_holds_the_same_readings(
    served: Served, form: str, tmp_path: Path
) -> None:
    await fill(served, 50)
    types = {
        "csv": "text/csv",
        "ndjson": "application/x-ndjson",
        "msgpack": "application/msgpack",
        "parquet": "application/vnd.apache.parquet",
        "json": "application/json",
    }
    params = {"from": T_S, "channels": NAMES}
    answer = await served.get(URL, params=params, headers={"accept": types[form]})
    assert answer.headers["content-type"].startswith(types[form])
    times, flows = _read(form, answer.content, tmp_path)
    assert times == [(T_S + i) * 10**9 for i in range(50)]
    expected = [np.nan if i % 5 == 4 else 50.0 + i / 1000 for i in range(50)]
    assert np.array_equal(flows, np.array(expected), equal_nan=True)


def _read(form: str, body: bytes, folder: Path) -> tuple[list[int], Any]:
    if form in {"json", "msgpack"}:
        answer = json.loads(body) if form == "json" else msgspec.msgpack.decode(body)
        flows = [np.nan if v is None else v for v in answer["columns"]["flow_l_min"]]
        return answer["time_ns"], np.array(flows, dtype=np.float64)
    path = folder / f"back.{form}"
    path.write_bytes(body)
    batches = [batch for decoded in read_file(path) for batch in decoded.batches]
    times = [int(ns) for batch in batches for ns in batch.time_ns]
    return times, np.concatenate([batch.columns["flow_l_min"] for batch in batches])


async def test_a_range_beyond_one_answer_says_where_to_go_on(
    serve: Serve,
) -> None:
    served: Served = await serve(settings=ApiSettings(max_samples=100))
    await fill(served, 250)
    times: list[int] = []
    start_ns: int | None = T_S * 10**9
    while start_ns is not None:
        params = {"from": start_ns, "channels": NAMES}
        answer = (await served.get(URL, params=params)).json()
        times += answer["time_ns"]
        start_ns = answer.get("next_ns")
    assert times == [(T_S + i) * 10**9 for i in range(250)]


@pytest.mark.parametrize(
    ("params", "status", "word"),
    [
        ({"channels": "flo_l_min"}, 404, "flow_l_min"),
        ({"from": "soon"}, 400, "soon"),
        ({"from": T_S + 9, "to": T_S}, 400, "ends before"),
        ({"points": 0}, 422, "points"),
        ({"points": "many"}, 422, "points"),
    ],
)
async def test_a_range_that_cannot_be_read_is_a_clear_problem(
    served: Served, params: dict[str, Any], status: int, word: str
) -> None:
    await fill(served, 3)
    answer = await served.get(URL, params=params)
    assert answer.status_code == status
    assert word in answer.json()["detail"]


async def test_an_empty_range_is_empty_columns(served: Served) -> None:
    await fill(served, 3)
    answer = (await served.get(URL, params={"from": 1000, "to": 2000, "channels": NAMES})).json()
    assert answer["time_ns"] == []
    assert answer["columns"] == {"bearing_temp_c": [], "flow_l_min": []}


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("*/*", "json"),
        ("", "json"),
        ("text/csv;q=0.5, application/msgpack", "msgpack"),
        ("image/png, text/csv", "csv"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "json"),
    ],
)
def test_the_best_liked_form_is_given(accept: str, form: str) -> None:
    assert accepted_form(accept).value == form


def test_a_form_that_nobody_writes_is_not_acceptable() -> None:
    with pytest.raises(ApiError, match="text/csv"):
        accepted_form("image/png")


@pytest.mark.parametrize("form", ["csv", "json", "ndjson", "parquet"])
async def test_an_export_holds_every_sample_and_reads_back(
    served: Served, form: str, tmp_path: Path
) -> None:
    n = 45_000  # more than two pieces
    await fill(served, n)
    params = {"machine": "pump-3", "format": form, "channels": NAMES}
    answer = await served.get("/exports", params=params)
    assert answer.status_code == 200, answer.text
    assert f'filename="pump-3.{form}"' in answer.headers["content-disposition"]
    path = tmp_path / f"back.{form}"
    path.write_bytes(answer.content)
    batches = [batch for decoded in read_file(path) for batch in decoded.batches]
    times = np.concatenate([batch.time_ns for batch in batches])
    assert np.array_equal(times, (T_S + np.arange(n)) * 10**9)
    temps = np.concatenate([batch.columns["bearing_temp_c"] for batch in batches])
    assert np.array_equal(temps, 40.0 + np.arange(n) % 7)


async def test_an_export_without_samples_is_a_header(served: Served) -> None:
    await fill(served, 3)
    params = {"machine": "pump-3", "from": "1000", "to": "2000", "channels": NAMES}
    answer = await served.get("/exports", params=params)
    assert list(csv.reader(io.StringIO(answer.text))) == [["time", *NAMES.split(",")]]


async def test_an_export_begins_with_the_first_reading_even_before_1970(served: Served) -> None:
    await served.push("pump-3", [{"time": -5, "bearing_temp_c": 40.0}])
    params = {"machine": "pump-3", "channels": "bearing_temp_c"}
    answer = await served.get("/exports", params=params)
    assert answer.text.splitlines()[1:] == ["1969-12-31T23:59:55.000000000Z,40.0"]


async def test_an_export_whose_range_ends_before_it_begins_is_refused(served: Served) -> None:
    await fill(served, 3)
    params = {"machine": "pump-3", "from": "2000", "to": "1000"}
    answer = await served.get("/exports", params=params)
    assert answer.status_code == 400
    assert "ends before it begins" in answer.json()["detail"]


async def test_a_channel_may_be_asked_for_by_any_of_its_names(served: Served) -> None:
    await fill(served, 3)
    names = "Bearing_Temperature_C,bearing_temp_c,Flow_Rate_L_min"
    answer = await served.get(URL, params={"channels": names})
    assert list(answer.json()["columns"]) == ["bearing_temp_c", "flow_l_min"]
    whole = await served.get(
        "/exports", params={"machine": "pump-3", "channels": "Bearing_Temperature_C"}
    )
    assert whole.text.splitlines()[0].split(",")[-1] == "bearing_temp_c"


async def test_what_was_kept_under_an_earlier_profile_stays_readable(served: Served) -> None:
    first = [{"time": T_S + n, "oil_temp_f": 212.0, "zone_a_temp_c": 5.0 + n} for n in range(3)]
    assert (await served.push("engine", first)).json()["profile"] == "engine"
    url = "/machines/engine"
    await served.http.patch(f"/api/v1{url}", json={"profile": "toyota_2jz_gte"})
    await served.push("engine", [{"time": T_S + 10, "oil_temp": 90.0}])
    asked = {"channels": "oil_temp,zone_a_temp_c"}
    answer = (await served.get(f"{url}/telemetry", params=asked)).json()
    assert answer["columns"] == {
        "oil_temp_c": [pytest.approx(100.0)] * 3 + [90.0],
        "zone_a_temp_c": [5.0, 6.0, 7.0, None],
    }
    assert answer["units"] == {"oil_temp_c": "degC", "zone_a_temp_c": "degC"}
    few = (await served.get(f"{url}/telemetry", params={**asked, "points": 100})).json()
    assert few["columns"] == answer["columns"]
    missing = await served.get(f"{url}/telemetry", params={"channels": "zone_b_temp_c"})
    assert missing.status_code == 404
