"""Waveforms over HTTP: each format in, the diagnosis out, errors as problems."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from telltale.formats.waveform_wav import FLOAT
from telltale.formats.waveforms import MAX_BYTES
from telltale.models.vibration.bearings import PARTS, SKF_6205, Part
from telltale.models.vibration.diagnosis import LEAST_WEIGHT
from telltale.models.vibration.examination import examine
from telltale.store.base import KeptWaveform
from tests.api.conftest import API, Serve, Served
from tests.formats.waveform_files import npy, riff, wav
from tests.models.vibration.signals import RATE_HZ, SHAFT_RPM, bearing_waveform

PROFILE = """title = "Motor"
description = "A motor."
[points.drive_end]
rate_hz = 12000
shaft_rpm = 1772
bearing = { balls = 9, ball_mm = 7.94, pitch_mm = 39.04 }
"""
ORDERS = SKF_6205.orders()
SHAKEN = bearing_waveform(Part.OUTER_RACE, ORDERS, np.random.default_rng(1), seconds=4.0)
WAVEFORMS = f"{API}/machines/m/waveforms"


@pytest.fixture
async def motor(tmp_path: Path, serve: Serve) -> Served:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "motor.toml").write_text(PROFILE)
    started: Served = await serve()
    await started.http.put(f"{API}/machines/m", json={"profile": "motor"})
    return started


async def send(served: Served, body: bytes, **settings: Any) -> httpx.Response:
    params = {"point": "drive_end", **settings.pop("params", {})}
    return await served.http.post(WAVEFORMS, content=body, params=params, **settings)


async def test_every_format_gives_what_the_physics_gives(motor: Served) -> None:
    expected = examine(SHAKEN, RATE_HZ, SHAFT_RPM, ORDERS, RATE_HZ / 2.0)
    bodies = (
        json.dumps(SHAKEN.tolist()).encode(),
        npy(SHAKEN),
        "\n".join(map(repr, SHAKEN.tolist())).encode(),
        wav(SHAKEN, 12_000, FLOAT, 64),
    )
    found = [await send(motor, body) for body in bodies]
    packed = await send(motor, gzip.compress(bodies[1]), headers={"Content-Encoding": "gzip"})
    for answer in (*found, packed):
        assert answer.status_code == 201, answer.text
        told = answer.json()["bearing"]
        assert told["answer"] == expected.answer.value == "outer_race"
        weight = [told["evidence"][part] * LEAST_WEIGHT for part in PARTS]
        np.testing.assert_allclose(weight, expected.weight, rtol=1e-12)
        assert told["sentence"] == expected.sentence


async def test_a_diagnosis_is_listed_shown_with_its_spectrum_charted_and_removed(
    motor: Served,
) -> None:
    sent = (await send(motor, npy(SHAKEN))).json()
    listed = (await motor.get("/machines/m/waveforms", params={"point": "drive_end"})).json()
    assert listed == {"waveforms": [sent]}
    assert (await motor.get("/machines/m/waveforms?point=other")).json() == {"waveforms": []}
    shown = (await motor.get(f"/machines/m/waveforms/{sent['id']}")).json()
    spectrum = shown.pop("spectrum")
    assert shown == sent
    first = next(line for line in sent["bearing"]["lines"] if line["name"] == "BPFO")
    near = min(range(len(spectrum["hz"])), key=lambda i: abs(spectrum["hz"][i] - first["found_hz"]))
    assert max(spectrum["ratio"][near - 2 : near + 3]) == pytest.approx(first["ratio"], rel=1e-3)
    machine = (await motor.get("/machines/m")).json()
    assert machine["values"]["drive_end_outer_race_share"]["state"] == "warn"
    assert sent["sentence"] in machine["open_events"][0]["message"]
    (point,) = (await motor.get("/machines/m/points")).json()["points"]
    assert point["newest"] == sent
    assert (await motor.http.delete(f"{WAVEFORMS}/{sent['id']}")).status_code == 204
    gone = await motor.get(f"/machines/m/waveforms/{sent['id']}")
    assert (gone.status_code, "only the newest" in gone.json()["detail"]) == (404, True)


@pytest.mark.parametrize(
    ("body", "params", "status", "told"),
    [
        (b"", {}, 400, "is empty"),
        (b"[1, 2", {}, 400, "does not end"),
        (npy(SHAKEN[:3000]), {}, 422, "Record at least 0.51 s"),
        (npy(np.zeros(48_000)), {}, 422, "the sensor is dead"),
        (npy(np.where(np.arange(48_000) // 24_000 == 1, 0.0, SHAKEN)), {}, 422, "stuck or silent"),
        (npy(1e308 * np.sign(SHAKEN)), {}, 422, "no acceleration is"),
        (npy(SHAKEN), {"shaft_rpm": "1e9"}, 422, "is no speed"),
        (npy(SHAKEN), {"shaft_rpm": "1e6"}, 422, "Check the shaft speed"),
        (npy(SHAKEN), {"sample_rate_hz": "1e-9"}, 422, ">= 1.0"),
        (npy(SHAKEN), {"sample_rate_hz": "0"}, 422, "sample_rate_hz is 0"),
        (npy(SHAKEN), {"top_hz": "50"}, 422, "lines lie at up to"),
        (npy(np.where(np.arange(48_000) == 9, np.nan, SHAKEN)), {}, 400, "the first at 10"),
        (npy(SHAKEN), {"point": "drive"}, 404, "Did you mean 'drive_end'?"),
        (npy(SHAKEN), {"rate": "5"}, 422, "Unknown key 'rate'"),
        (npy(SHAKEN), {"balls": "nine"}, 422, "Expected `int | null`, got `str` - at `$.balls`"),
        (npy(SHAKEN), {"time": "yesterday"}, 400, "yesterday"),
        (bytes(MAX_BYTES + 1), {}, 413, "more than 16,777,216 bytes"),
        (gzip.compress(bytes(MAX_BYTES + 1)), {"gzip": "1"}, 413, "16,777,216"),
    ],
)
async def test_what_cannot_be_taken_is_a_problem_that_says_why(
    motor: Served, body: bytes, params: dict[str, str], status: int, told: str
) -> None:
    headers = {"Content-Encoding": "gzip"} if params.pop("gzip", "") else {}
    answer = await send(motor, body, params=params, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "application/problem+json",
    )
    assert told in answer.json()["detail"]
    assert (await motor.get("/machines/m/waveforms")).json() == {"waveforms": []}


async def test_a_wav_that_declares_four_gigabytes_is_refused_and_the_server_goes_on(
    motor: Served,
) -> None:
    whole = wav(SHAKEN / 9.0, 12_000)
    body = riff([(b"fmt ", whole[20:36]), (b"data", b"1234")], 2**32 - 1)
    answer = await send(motor, body)
    assert answer.status_code == 400
    assert "declares 4,294,967,295 bytes and 4 are there" in answer.json()["detail"]
    assert (await send(motor, whole, params={"scale": "9"})).json()["answer"] == "outer_race"


async def test_a_record_that_cannot_be_read_is_named_and_the_others_are_listed(
    motor: Served,
) -> None:
    sent = (await send(motor, npy(SHAKEN))).json()
    damaged = KeptWaveform("m", "drive_end", sent["time_ns"] + 1, b'{"finding":null}', b"")
    kept = await motor.runtime.store.save_waveform(damaged, 50)
    listed = (await motor.get("/machines/m/waveforms")).json()
    assert listed == {"waveforms": [sent], "unreadable": [kept.id]}
    (point,) = (await motor.get("/machines/m/points")).json()["points"]
    assert point["newest"] == sent
    assert (await send(motor, npy(SHAKEN))).status_code == 201
    assert (await motor.http.delete(f"{WAVEFORMS}/{kept.id}")).status_code == 204
    assert "unreadable" not in (await motor.get("/machines/m/waveforms")).json()


async def test_too_few_healthy_waveforms_of_a_gear_are_told_with_how_many_are_missing(
    motor: Served,
) -> None:
    answer = await motor.http.post(f"{API}/machines/m/points/drive_end/learn-normal", json={})
    assert answer.status_code == 422
    assert "has no waveform of drive_end with a gear" in answer.json()["detail"]
    answer = await motor.http.post(f"{API}/machines/m/points/x/learn-normal", json={})
    assert answer.status_code == 404


async def test_the_routes_are_described(motor: Served) -> None:
    described = (await motor.http.get("/openapi.json")).json()
    route = described["paths"][f"{API}/machines/{{machine}}/waveforms"]["post"]
    names = [parameter["name"] for parameter in route["parameters"]]
    assert {"point", "time", "sample_rate_hz", "shaft_rpm", "balls", "bpfo", "teeth"} <= set(names)
    assert len(names) == len(set(names))
    assert "audio/wav" in route["requestBody"]["content"]


@pytest.mark.parametrize(
    "time", ["0", "-1", "-" + "9" * 18, "9" * 40, "1e999", "NaN", "3000-01-01"]
)
async def test_any_time_is_kept_or_refused_with_the_reason(motor: Served, time: str) -> None:
    answer = await send(motor, npy(SHAKEN), params={"time": time})
    assert answer.status_code in {201, 400, 422}, answer.text
    assert answer.status_code == 201 or len(answer.json()["detail"]) > 20
    listed = (await motor.get("/machines/m/waveforms")).json()["waveforms"]
    assert len(listed) == (answer.status_code == 201)


@pytest.mark.parametrize("number", ["0", "-1", "9" * 40, "x"])
async def test_a_number_that_no_waveform_has_is_a_problem(motor: Served, number: str) -> None:
    for method in ("GET", "DELETE"):
        answer = await motor.http.request(method, f"{WAVEFORMS}/{number}")
        assert answer.status_code in {404, 422}
