"""Imports and replays over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from telltale.api.settings import ApiSettings
from telltale.formats.files import ReadOptions
from tests.api.conftest import API, Serve, Served
from tests.waiting import until

T_S = 1_763_712_000


def log(n: int) -> bytes:
    lines = ["time,bearing_temp_c,flow_l_min,vibration_mm_s"]
    lines += [f"{T_S + i},{40 + i % 7},{50 + i % 3},2.{i % 10}" for i in range(n)]
    return ("\n".join(lines) + "\n").encode()


async def finished(served: Served, job: str) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:
            view: dict[str, Any] = (await served.get(f"/imports/{job}")).json()
            if view["state"] != "running":
                return view
            await asyncio.sleep(0.02)


async def start(served: Served, body: bytes, **params: str) -> Any:
    return await served.http.post(f"{API}/imports", params=params, content=body)


async def test_a_file_is_previewed_with_columns_times_and_profile(served: Served) -> None:
    answer = await served.http.post(
        f"{API}/imports/preview", params={"filename": "pump 9.csv"}, content=log(50)
    )
    assert answer.status_code == 200, answer.text
    preview = answer.json()
    assert preview["machine"] == "pump-9"
    assert preview["time"]["column"] == "time"
    assert preview["time"]["first_ns"] == T_S * 10**9
    assert [c["source"] for c in preview["columns"] if c["kept"]][-1] == "vibration_mm_s"
    assert preview["profile"] == "industrial_pump"


async def test_a_file_is_imported_completely_and_can_be_read_back(served: Served) -> None:
    answer = await start(served, log(30_000), filename="pump-9.csv")
    assert answer.status_code == 202
    assert answer.json()["state"] in {"running", "done"}
    view = await finished(served, answer.json()["id"])
    assert (view["state"], view["rows"], view["rejected"]) == ("done", 30_000, 0), view
    assert view["machines"] == ["pump-9"]
    assert view["bytes"] == view["bytes_total"] == len(log(30_000))
    assert view["first_time_ns"] == T_S * 10**9
    assert view["last_time_ns"] == (T_S + 29_999) * 10**9
    params = {"from": str(T_S), "channels": "flow_l_min"}
    kept = (await served.get("/machines/pump-9/telemetry", params=params)).json()
    assert len(kept["time_ns"]) == 30_000


async def test_an_upload_says_when_its_file_was_changed_last(served: Served) -> None:
    body = b"t_s,oil_c\n" + b"".join(b"%d,90\n" % i for i in range(100))
    query = {"filename": "kiln.csv", "modified": str((T_S + 1000) * 1000)}
    answer = await served.http.post(f"{API}/imports/preview", params=query, content=body)
    assert answer.json()["time"]["first_ns"] == (T_S + 1000 - 99) * 10**9
    view = await finished(served, (await start(served, body, **query)).json()["id"])
    assert (view["first_time_ns"], view["last_time_ns"]) == (
        (T_S + 1000 - 99) * 10**9,
        (T_S + 1000) * 10**9,
    )
    assert "so that it ends when the file was last changed" in view["warnings"][0]


async def test_a_file_changed_in_the_future_of_the_server_ends_now(served: Served) -> None:
    body = b"t_s,oil_c\n0,90\n1,91\n"
    answer = await start(served, body, filename="kiln.csv", modified="2100-01-01T00:00:00Z")
    view = await finished(served, answer.json()["id"])
    assert (view["rows"], view["rejected"]) == (2, 0)


async def test_progress_counts_the_bytes_of_the_file_that_were_read(
    serve: Serve, tmp_path: Any
) -> None:
    served: Served = await serve()
    path = tmp_path / "pump-9.csv"
    path.write_bytes(log(40_000))
    imports = served.app.state.context.imports
    options = ReadOptions(chunk_bytes=100_000)
    job = imports.start(path, options, profile="industrial_pump")
    seen: list[tuple[int, float | None]] = []
    while job.is_running:
        view = job.view()
        seen.append((view.bytes, view.eta_s))
        await asyncio.sleep(0.005)
    steps = [n_bytes for n_bytes, _ in seen]
    assert steps == sorted(steps)
    assert len(set(steps)) > 3
    assert all(0 <= n_bytes <= job.bytes_total for n_bytes in steps)
    assert any(eta_s is not None and eta_s > 0 for _, eta_s in seen)
    assert job.view().rows == 40_000
    assert path.exists()


async def test_machine_and_profile_can_be_named(served: Served) -> None:
    answer = await start(
        served, log(10), filename="x.csv", machine="mine", profile="industrial_pump"
    )
    view = await finished(served, answer.json()["id"])
    assert view["machines"] == ["mine"]
    assert (await served.get("/machines/mine")).json()["profile"] == "industrial_pump"


async def test_the_same_file_twice_keeps_every_reading_once(served: Served) -> None:
    for _ in range(2):
        answer = await start(served, log(100), filename="pump-9.csv")
        await finished(served, answer.json()["id"])
    params = {"from": str(T_S), "channels": "flow_l_min"}
    kept = (await served.get("/machines/pump-9/telemetry", params=params)).json()
    assert len(kept["time_ns"]) == 100


async def test_an_import_tells_channels_units_words_and_what_it_left_out(served: Served) -> None:
    body = b"time;oil [\xc2\xb0C];mode;remark\n" + b"".join(
        b"%d;8%d,5;%s;a remark of its own, %d\n" % (T_S + i, i % 10, mode, i)
        for i, mode in enumerate([b"RUN", b"IDLE"] * 20)
    )
    view = await finished(served, (await start(served, body, filename="kiln.csv")).json()["id"])
    assert view["channels"] == [
        {"column": "oil", "channel": "oil_c", "unit": "degC", "words": {}},
        {"column": "mode", "channel": "mode", "unit": "1", "words": {"RUN": 0.0, "IDLE": 1.0}},
    ]
    assert view["left_out"] == [{"column": "remark", "reason": "free text"}]
    assert (view["rows"], view["replaced"]) == (40, 0)
    view = await finished(served, (await start(served, body, filename="kiln.csv")).json()["id"])
    assert (view["rows"], view["replaced"]) == (40, 40)
    assert "40 were there already" in view["detail"]


async def test_an_import_that_keeps_nothing_leaves_no_machine(served: Served) -> None:
    body = b"time,oil_c\n2199-01-01,80\n"
    view = await finished(served, (await start(served, body, filename="kiln.csv")).json()["id"])
    assert (view["state"], view["rejected"]) == ("failed", 1)
    assert (await served.get("/machines")).json() == {"machines": []}


async def test_an_import_that_keeps_nothing_costs_no_machine_that_was_there(
    served: Served,
) -> None:
    await served.http.put(f"{API}/machines/kiln", json={"profile": "industrial_pump"})
    body = b"time,bearing_temp_c\n2199-01-01,80\n"
    view = await finished(served, (await start(served, body, filename="kiln.csv")).json()["id"])
    assert view["state"] == "failed"
    assert (await served.get("/machines/kiln")).status_code == 200


@pytest.mark.parametrize(
    ("params", "first"),
    [({}, "2026-03-04"), ({"day_first": "true"}, "2026-04-03")],
)
async def test_the_client_says_how_dates_begin(
    served: Served, params: dict[str, str], first: str
) -> None:
    body = b"time,oil_c\n03/04/2026,80\n"
    query = {"filename": "runs/7.csv", **params}
    preview = await served.http.post(f"{API}/imports/preview", params=query, content=body)
    view = await finished(served, (await start(served, body, **query)).json()["id"])
    first_ns = int(datetime.fromisoformat(first).replace(tzinfo=UTC).timestamp()) * 10**9
    assert view["first_time_ns"] == preview.json()["time"]["first_ns"] == first_ns
    assert view["machines"] == [preview.json()["machine"]] == ["runs-7"]


async def test_refused_values_are_counted_and_explained(served: Served) -> None:
    body = log(100).replace(b",42,", b",hot,")
    answer = await start(served, body, filename="pump-9.csv", profile="industrial_pump")
    view = await finished(served, answer.json()["id"])
    assert view["state"] == "done"
    assert view["rows"] == 100
    assert view["rejected_values"] == 14
    assert any("hot" in str(reason["value"]) for reason in view["reasons"])


@pytest.mark.parametrize(
    ("body", "params", "status", "word"),
    [
        (b"", {"filename": "x.csv"}, 400, "empty"),
        (log(3), {"filename": ".."}, 422, "filename"),
        (log(3), {"filename": ""}, 422, "filename"),
        (log(3), {}, 422, "filename"),
        (log(3), {"filename": "x.csv", "start": "soon"}, 400, "soon"),
        (log(3), {"filename": "x.csv", "profile": "unheard_of"}, 422, "unheard_of"),
    ],
)
async def test_an_import_that_cannot_begin_is_a_clear_problem(
    served: Served, body: bytes, params: dict[str, str], status: int, word: str
) -> None:
    answer = await start(served, body, **params)
    assert answer.status_code == status
    assert word in answer.json()["detail"]
    assert (await served.get("/imports")).json() == {"imports": []}


async def test_a_file_that_is_no_log_fails_and_says_why(served: Served) -> None:
    answer = await start(served, bytes(range(256)) * 40, filename="photo.csv")
    view = await finished(served, answer.json()["id"])
    assert view["state"] == "failed"
    assert len(view["detail"]) > 20
    assert (await served.get("/machines")).json() == {"machines": []}


async def test_a_file_name_cannot_lead_out_of_the_folder(serve: Serve) -> None:
    served: Served = await serve()
    answer = await start(served, log(5), filename="../../../etc/pump-9.csv")
    view = await finished(served, answer.json()["id"])
    assert view["machines"] == ["pump-9"]


async def test_a_file_beyond_the_limit_is_refused_and_leaves_nothing(
    serve: Serve, tmp_path: Any
) -> None:
    served: Served = await serve(settings=ApiSettings(max_import_bytes=1000))
    answer = await start(served, log(1000), filename="pump-9.csv")
    assert answer.status_code == 413
    assert list((tmp_path / "scratch").iterdir()) == []


async def test_a_full_disk_refuses_the_upload(serve: Serve) -> None:
    served: Served = await serve(settings=ApiSettings(min_free_bytes=2**60))
    answer = await start(served, log(10), filename="pump-9.csv")
    assert answer.status_code == 507
    assert "Make room" in answer.json()["detail"]


async def test_a_stopped_import_keeps_what_it_has_and_leaves_no_file(
    serve: Serve, tmp_path: Any
) -> None:
    served: Served = await serve()
    answer = await start(served, log(400_000), filename="pump-9.csv")
    job = answer.json()["id"]
    await until(lambda: served.app.state.context.imports.get(job).rows > 0)
    view = (await served.http.delete(f"{API}/imports/{job}")).json()
    assert view["state"] == "stopped"
    assert 0 < view["rows"] < 400_000
    machine = (await served.get("/machines/pump-9")).json()
    assert machine["rows"] >= view["rows"]
    assert list((tmp_path / "scratch").iterdir()) == []


async def test_an_upload_that_breaks_off_leaves_nothing(served: Served, tmp_path: Any) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield log(10)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await served.http.post(f"{API}/imports", params={"filename": "x.csv"}, content=broken())
    await until(lambda: not list((tmp_path / "scratch").glob("*")))
    assert (await served.get("/imports")).json() == {"imports": []}


async def test_an_unknown_import_is_not_found(served: Served) -> None:
    assert (await served.get("/imports/7")).status_code == 404


# Replays


async def imported(served: Served, n: int = 600) -> str:
    answer = await start(served, log(n), filename="pump-9.csv", profile="industrial_pump")
    view = await finished(served, answer.json()["id"])
    return str(view["id"])


async def test_an_import_is_replayed_as_fast_as_possible_and_gives_the_same_readings(
    served: Served,
) -> None:
    job = await imported(served)
    wish = {"import": job, "as": "again", "speed": 0}
    answer = await served.http.post(f"{API}/replays", json=wish)
    assert answer.status_code == 201, answer.text
    replay = answer.json()
    assert (replay["machine"], replay["played_as"]) == ("pump-9", "again")
    assert replay["duration_s"] == 599.0
    await until(lambda: served.runtime.machine("again").rows == 600)
    params = {"from": str(T_S), "channels": "flow_l_min"}
    first = (await served.get("/machines/pump-9/telemetry", params=params)).json()
    second = (await served.get("/machines/again/telemetry", params=params)).json()
    assert first["time_ns"] == second["time_ns"]
    assert first["columns"] == second["columns"]


async def test_a_replay_takes_pause_speed_and_position_and_can_be_stopped(served: Served) -> None:
    await imported(served)
    (session,) = (await served.get("/sessions", params={"machine": "pump-9"})).json()["sessions"]
    wish = {"session": session["id"], "as": "again", "speed": 100}
    url = f"{API}/replays/{(await served.http.post(f'{API}/replays', json=wish)).json()['id']}"
    await until(
        lambda: any(live.machine.id == "again" and live.rows for live in served.runtime.machines())
    )
    paused = (await served.http.patch(url, json={"paused": True, "speed": 10})).json()
    assert (paused["paused"], paused["speed"]) == (True, 10)
    moved = (await served.http.patch(url, json={"position_s": 300})).json()
    assert moved["position_s"] == pytest.approx(300, abs=1)
    again = (await served.http.patch(url, json={"paused": False})).json()
    assert again["state"] == "live"
    assert [r["id"] for r in (await served.get("/replays")).json()["replays"]] == [again["id"]]
    assert (await served.http.delete(url)).status_code == 204
    assert (await served.http.get(url)).status_code == 404


async def test_a_machine_that_could_take_nothing_of_a_recording_is_not_played_to(
    served: Served,
) -> None:
    await imported(served, 10)
    car = {"profile": "focus_st"}
    assert (await served.http.put(f"{API}/machines/car", json=car)).status_code == 201
    answer = await served.http.post(f"{API}/replays", json={"machine": "pump-9", "as": "car"})
    assert answer.status_code == 422
    assert "'focus_st' knows no channel of pump-9" in answer.json()["detail"]


async def test_a_column_without_a_single_value_is_told_as_left_out(served: Served) -> None:
    rows = "".join(f"{T_S + i},{80 + i / 10},{'' if i < 3 else i},\n" for i in range(5))
    answer = await start(
        served, ("time,oil_c,late_c,empty_c\n" + rows).encode(), filename="kiln.csv"
    )
    view = await finished(served, answer.json()["id"])
    assert [channel["column"] for channel in view["channels"]] == ["oil_c", "late_c"]
    assert view["left_out"] == [{"column": "empty_c", "reason": "no value in any row"}]


@pytest.mark.parametrize(
    ("wish", "status", "word"),
    [
        ({}, 400, "exactly one"),
        ({"machine": "pump-9", "session": "x"}, 400, "exactly one"),
        ({"session": "nobody/1"}, 404, "nobody/1"),
        ({"machine": "nobody"}, 404, "nobody"),
        ({"import": "77"}, 404, "77"),
        ({"machine": "pump-9", "as": "pump-9"}, 422, "as itself"),
        ({"machine": "pump-9", "from": 1000, "to": 2000}, 422, "Nothing"),
        ({"machine": "pump-9", "as": "again", "speed": 5000}, 422, "speed"),
        ({"machine": "pump-9", "speeed": 1}, 400, "speeed"),
    ],
)
async def test_a_replay_that_cannot_begin_is_a_clear_problem(
    served: Served, wish: dict[str, Any], status: int, word: str
) -> None:
    await imported(served, 10)
    answer = await served.http.post(f"{API}/replays", json=wish)
    assert answer.status_code == status
    assert word in answer.json()["detail"]
    assert [live.machine.id for live in served.runtime.machines()] == ["pump-9"]


async def test_an_upload_that_a_kill_left_behind_is_removed_at_the_start(
    serve: Serve, tmp_path: Any
) -> None:
    scratch = tmp_path / "scratch"
    (scratch / "telltale-import-abc" / "log").mkdir(parents=True)
    (scratch / "telltale-import-abc" / "log" / "half.csv").write_text(
        "time,x\n1,", encoding="utf-8"
    )
    (scratch / "somebody-elses").mkdir()
    await serve()
    assert [path.name for path in scratch.iterdir()] == ["somebody-elses"]
