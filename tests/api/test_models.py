"""Models over the API: learnt, listed, explained, swapped, removed."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from telltale.models.folder import read_folder
from telltale.runtime.models.importing import packed_folder
from tests.api.conftest import API, Served

T0_S = 1_763_711_000


def readings(n: int, start: int = 0, vibration: float = 2.0) -> list[dict[str, float]]:
    rng = np.random.default_rng(start)
    load = np.sin((start + np.arange(n)) / 2.0)
    return [
        {
            "time": T0_S + start + i,
            "motor_speed_rpm": 1500.0 + 40.0 * load[i] + rng.normal(0.0, 3.0),
            "flow_l_min": 300.0 + 20.0 * load[i] + rng.normal(0.0, 2.0),
            "vibration_mm_s": vibration + rng.normal(0.0, 0.1),
        }
        for i in range(n)
    ]


async def trained(served: Served, **wish: Any) -> dict[str, Any]:
    """Train on what pump-1 has sent, and return how that ended."""
    body = {"kind": "mahalanobis", **wish}
    answer = await served.http.post(f"{API}/machines/pump-1/trainings", json=body)
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    while job["state"] in {"waiting", "running"}:
        await asyncio.sleep(0.02)
        job = (await served.get(f"/trainings/{job['id']}")).json()
    return job


async def changed(served: Served, **change: Any) -> httpx.Response:
    return await served.http.patch(f"{API}/machines/pump-1/models/anomaly", json=change)


@pytest.fixture
async def pump(served: Served) -> Served:
    """A server with a pump that has a model, and runs."""
    await served.push("pump-1", readings(600), params={"profile": "industrial_pump"})
    job = await trained(served)
    assert (job["state"], job["model"], job["version"]) == ("done", 1, 1)
    await served.push("pump-1", readings(60, 600))
    return served


async def test_a_training_is_followed_to_its_report(pump: Served) -> None:
    (job,) = (await pump.get("/trainings", params={"machine": "pump-1"})).json()["trainings"]
    assert job["report"]["rows"] == 600
    assert job["report"]["threshold"]["method"]
    assert job["report"]["compared"] is None
    second = await trained(pump, role="none")
    assert second["version"] == 2
    assert second["report"]["compared"]["asked"] > 500


async def test_the_models_of_a_machine_tell_how_they_are(pump: Served) -> None:
    listed = (await pump.get("/machines/pump-1/models")).json()
    (model,) = listed["models"]
    assert (model["name"], model["state"], model["version"]) == ("anomaly", "ready", 1)
    assert model["outputs"]["anomaly_score"]["limits"]["warn_above"] == 1.0
    assert 0.0 < model["values"]["anomaly_score"] < 1.0
    assert listed["learning"] is None


async def test_a_score_is_read_and_shown_like_any_value(pump: Served) -> None:
    machine = (await pump.get("/machines/pump-1")).json()
    assert machine["values"]["anomaly_score"]["state"] == "ok"
    table = await pump.get("/machines/pump-1/telemetry", params={"channels": "anomaly_score"})
    values = table.json()["columns"]["anomaly_score"]
    assert sum(value is not None for value in values) > 30


async def test_how_long_a_model_takes_is_told(pump: Served) -> None:
    (model,) = (await pump.get("/machines/pump-1/models")).json()["models"]
    time = model["run_time"]
    assert time["rows"] >= time["runs"] >= 1
    assert 0.0 < time["mean_ms"] <= time["longest_ms"]
    metrics = (await pump.http.get("/metrics")).text
    (line,) = [m for m in metrics.splitlines() if m.startswith("telltale_models_size_bytes ")]
    assert float(line.split()[1]) > 1000.0


async def test_an_event_of_a_model_names_its_causes_and_evidence_is_told_over_time(
    pump: Served,
) -> None:
    await pump.push("pump-1", readings(60, 660, vibration=3.5))
    events = (await pump.get("/events", params={"machine": "pump-1", "open": "true"})).json()
    (event,) = [e for e in events["events"] if e["name"] == "anomaly_score"]
    assert event["causes"][0]["name"] == "vibration_mm_s"
    assert "vibration: 3." in event["message"]
    asked = {"output": "anomaly_score", "points": 10}
    found = (await pump.get("/machines/pump-1/evidence", params=asked)).json()
    assert len(found["time_ns"]) == len(found["value"]) == len(found["share"]) == 10
    shares = dict(zip(found["inputs"], found["share"][-1], strict=True))
    assert max(shares, key=lambda name: abs(shares[name])) == "vibration_mm_s"


async def test_a_version_is_shadowed_promoted_rolled_back_and_switched_off(pump: Served) -> None:
    await trained(pump, role="shadow")
    await pump.push("pump-1", readings(60, 660))
    (model,) = (await pump.get("/machines/pump-1/models")).json()["models"]
    assert model["shadow"]["version"] == 2
    assert model["shadow"]["difference"]["asked"] > 0
    (model,) = (await changed(pump, action="promote")).json()["models"]
    assert (model["version"], model["shadow"]) == (2, None)
    (model,) = (await changed(pump, action="roll_back")).json()["models"]
    assert model["version"] == 1
    (model,) = (await changed(pump, action="activate", model=2)).json()["models"]
    assert model["version"] == 2
    versions = (await pump.get("/models")).json()["models"]
    runs = [(v["version"], [one["role"] for one in v["runs_on"]]) for v in versions]
    assert runs == [(2, ["active"]), (1, [])]
    assert (await changed(pump, action="off")).json()["models"] == []
    machine = (await pump.get("/machines/pump-1")).json()
    assert "anomaly_score" not in machine["values"]


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"action": "activate"}, 422, "brings no model 'anomaly' along"),
        ({"action": "shadow"}, 422, "say which"),
        ({"action": "activate", "model": 9}, 404, "There is no model 9"),
        ({"action": "roll_back"}, 422, "no version of 'anomaly' before"),
        ({"action": "promote"}, 422, "no shadow of 'anomaly'"),
        ({"action": "unshadow"}, 422, "No model named 'anomaly' is shadow"),
        ({"action": "explode"}, 400, "action"),
    ],
)
async def test_a_change_that_cannot_be_made_is_refused_and_changes_nothing(
    pump: Served, change: dict[str, Any], status: int, words: str
) -> None:
    answer = await changed(pump, **change)
    assert answer.status_code == status
    assert words in answer.json()["detail"]
    (model,) = (await pump.get("/machines/pump-1/models")).json()["models"]
    assert (model["version"], model["state"]) == (1, "ready")


async def test_a_folder_comes_out_as_it_is_kept_and_works_elsewhere(
    pump: Served, tmp_path: Path
) -> None:
    card = (await pump.get("/models/1")).json()["card"]
    assert card["training"]["machine"] == "pump-1"
    packed = await pump.get("/models/1/folder")
    with zipfile.ZipFile(io.BytesIO(packed.content)) as files:
        files.extractall(tmp_path / "anomaly")
    assert read_folder(tmp_path / "anomaly").card.training.rows == 600


async def test_a_version_that_runs_is_not_removed(pump: Served) -> None:
    answer = await pump.http.delete(f"{API}/models/1")
    assert answer.status_code == 409
    assert "is active on 'pump-1'" in answer.json()["detail"]
    await changed(pump, action="off")
    assert (await pump.http.delete(f"{API}/models/1")).status_code == 204
    assert (await pump.get("/models")).json()["models"] == []
    assert (await pump.get("/models/1")).status_code == 404


async def test_drift_compares_recent_readings_with_those_of_the_training(pump: Served) -> None:
    path = "/machines/pump-1/models/anomaly/drift"
    recent = {"from": str(T0_S + 500)}
    assert (await pump.get(path, params=recent)).json()["verdict"] == "as_trained"
    await pump.push("pump-1", readings(300, 660, vibration=3.0))
    found = (await pump.get(path, params={"from": str(T0_S + 660)})).json()
    assert (found["verdict"], found["rows"]) == ("drifted", 300)
    assert found["inputs"][0]["name"] == "vibration_mm_s"
    assert "Train it again." in found["inputs"][0]["sentence"]
    answer = await pump.get("/machines/pump-1/models/anomal/drift")
    assert answer.status_code == 422
    assert "Did you mean 'anomaly'?" in answer.json()["detail"]


async def test_what_cannot_be_explained_says_why(pump: Served) -> None:
    asked = {"output": "anomaly_scor"}
    answer = await pump.get("/machines/pump-1/evidence", params=asked)
    assert answer.status_code == 404
    assert "Did you mean 'anomaly_score'?" in answer.json()["detail"]


async def test_a_removed_machine_takes_its_models_along(pump: Served) -> None:
    assert (await pump.http.delete(f"{API}/machines/pump-1")).status_code == 204
    assert (await pump.get("/models")).json()["models"] == []
    await pump.push("pump-1", readings(5, 2_000), params={"profile": "industrial_pump"})
    assert (await pump.get("/machines/pump-1/models")).json()["models"] == []


async def test_a_wish_that_cannot_be_read_is_refused(pump: Served) -> None:
    answer = await pump.http.post(f"{API}/machines/pump-1/trainings", json={"kindd": "x"})
    assert answer.status_code == 400
    assert "kindd" in answer.json()["detail"]
    job = await trained(pump, **{"from": "2030-01-01T00:00:00Z"})
    assert job["state"] == "failed"
    assert "ends before it begins" in job["detail"]


async def imported(served: Served, file: bytes, **query: str) -> httpx.Response:
    return await served.http.post(f"{API}/models", params=query, content=file)


async def test_a_folder_that_was_taken_out_is_taken_in_again_and_runs(pump: Served) -> None:
    packed = (await pump.get("/models/1/folder")).content
    answer = await imported(pump, packed, filename="anomaly-1.zip", machine="pump-1")
    assert (answer.status_code, answer.json()["version"]) == (201, 2)
    (model,) = (await changed(pump, action="activate", model=2)).json()["models"]
    assert (model["version"], model["origin"]) == (2, "imported")
    await pump.push("pump-1", readings(60, 660))
    (model,) = (await pump.get("/machines/pump-1/models")).json()["models"]
    assert model["state"] == "ready"


def rewritten(packed: bytes, *, flags: int = 0, method: int | None = None) -> bytes:
    """Return a zip file whose entries are said to be packed otherwise than they are."""
    data = bytearray(packed)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.find(mark)
        while start >= 0:
            data[start + at] |= flags
            data[start + at + 2] = data[start + at + 2] if method is None else method
            start = data.find(mark, start + 4)
    return bytes(data)


async def test_an_archive_that_cannot_be_unpacked_is_refused_with_the_reason(
    pump: Served,
) -> None:
    packed = (await pump.get("/models/1/folder")).content
    broken = bytearray(packed)
    broken[packed.find(b"parameters.npz") + 40] ^= 0xFF
    for file in (bytes(broken), rewritten(packed, flags=1), rewritten(packed, method=99)):
        answer = await imported(pump, file, filename="m.zip")
        assert answer.status_code == 422, answer.text
        assert "m.zip: cannot be unpacked" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("../evil", b"x", "'../evil' is no plain file name"),
        ("..\\evil", b"x", "is no plain file name"),
        ("parity.npz", b"x", "SHA-256 differs"),
    ],
)
async def test_a_folder_holds_plain_files_that_are_those_of_its_card(
    pump: Served, name: str, data: bytes, told: str
) -> None:
    folder = io.BytesIO((await pump.get("/models/1/folder")).content)
    with zipfile.ZipFile(folder) as packed:
        files = {**{entry: packed.read(entry) for entry in packed.namelist()}, name: data}
    card = json.loads(files["card.json"])
    card["files"].setdefault(name, hashlib.sha256(data).hexdigest())
    changed_folder = packed_folder(json.dumps(card).encode(), files)
    answer = await imported(pump, changed_folder, filename="m.zip")
    assert (answer.status_code, told in answer.json()["detail"]) == (422, True), answer.text


async def test_a_foreign_model_is_fed_as_its_binding_says_and_gives_what_it_gave(
    pump: Served,
) -> None:
    scaler = StandardScaler().fit(np.array([[1400.0, 250.0], [1600.0, 350.0]]))
    binding = {
        "name": "scaled",
        "columns": ["motor_speed_rpm", "flow_l_min"],
        "outputs": ["scaled_speed", "scaled_flow"],
        "warn_above": 3.0,
    }
    asked = {"filename": "scaler.pkl", "machine": "pump-1", "binding": json.dumps(binding)}
    answer = await imported(pump, pickle.dumps(scaler), **asked)
    assert answer.status_code == 201, answer.text
    assert answer.json()["card"]["inputs"]["flow_l_min"]["unit"] == "l/min"
    body = {"action": "activate", "model": answer.json()["number"]}
    await pump.http.patch(f"{API}/machines/pump-1/models/scaled", json=body)
    (reading,) = readings(1, 660)
    await pump.push("pump-1", [reading])
    values = (await pump.get("/machines/pump-1")).json()["values"]
    wanted = scaler.transform([[reading["motor_speed_rpm"], reading["flow_l_min"]]])[0]
    found = [values["scaled_speed"]["value"], values["scaled_flow"]["value"]]
    assert found == pytest.approx(wanted.tolist(), rel=1e-6)


@pytest.mark.parametrize(
    ("filename", "change", "status", "words"),
    [
        ("scaler.pkl", {"outputs": ["one"]}, 422, "1 outputs are named"),
        ("scaler.pkl", {"columns": ["flow_l_min"]}, 422, "samples of 1 columns"),
        ("scaler.pkl", {"columns": ["a", "flow_l_min"]}, 422, "no channel or metric 'a'"),
        ("scaler.pkl", {"samples": "x"}, 400, "binding"),
        ("scaler.pkl", {"samples": 1_000_000_000}, 400, "<= 100000 - at `$.samples`"),
        ("scaler.pkl", {"every_s": 1e300}, 400, "at `$.every_s`"),
        ("scaler.pkl", {"samples": 100_000, "every_s": 1e8}, 400, "longer than ten years"),
        ("scaler.pkl", {"licence": "\0"}, 400, "at `$.licence`"),
        ("scaler.pkl", {"outputs": ["flow_l_min", "b"]}, 422, "already a column of this machine"),
        ("scaler.pkl", {"name": "a/b"}, 422, "must be one word"),
        ("scaler.pkl", {"outputs": ["x", "machine"]}, 422, "taken by the store"),
        ("scaler.pkl", {"outputs": ["x", "temp_c"]}, 422, "the name's ending says 'degC'"),
        ("scaler.h5", {}, 422, "scaler.h5"),
        ("scaler.txt", {}, 422, "'.txt' are not read"),
        ("../../etc/passwd", {}, 422, "are not read"),
    ],
)
async def test_a_model_that_cannot_be_taken_is_refused_with_the_reason(
    pump: Served, filename: str, change: dict[str, Any], status: int, words: str
) -> None:
    scaler = StandardScaler().fit(np.array([[1400.0, 250.0], [1600.0, 350.0]]))
    columns = ["motor_speed_rpm", "flow_l_min"]
    binding = {"name": "scaled", "columns": columns, "outputs": ["x", "y"], **change}
    asked = {"filename": filename, "machine": "pump-1", "binding": json.dumps(binding)}
    answer = await imported(pump, pickle.dumps(scaler), **asked)
    assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.text
    assert len((await pump.get("/models")).json()["models"]) == 1


async def test_a_bomb_in_place_of_a_model_does_not_go_off(pump: Served, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "went-off",))

    binding = json.dumps({"name": "b", "columns": ["flow_l_min"], "outputs": ["x"]})
    for filename in ("b.pkl", "b.joblib", "b.onnx", "b.keras", "b.json", "b.zip"):
        asked = {"filename": filename, "profile": "industrial_pump", "binding": binding}
        answer = await imported(pump, pickle.dumps(Bomb()), **asked)
        assert answer.status_code in {422, 501}, answer.text
    answer = await imported(pump, pickle.dumps(Bomb()), filename="b.zip")
    assert answer.status_code == 422
    assert not (tmp_path / "went-off").exists()


async def test_the_kinds_of_fault_of_a_machine_type_are_told(pump: Served) -> None:
    found = (await pump.get("/profiles/rotating_machine/faults")).json()["categories"]
    assert len(found) == 8
    assert found["lubrication"]["symptoms"]
    nothing = (await pump.get("/profiles/industrial_pump/faults")).json()
    assert nothing["categories"] == {}
    assert (await pump.get("/profiles/nothing/faults")).status_code == 404


async def test_the_remaining_life_of_each_channel_is_told_or_why_there_is_none(
    served: Served,
) -> None:
    rng = np.random.default_rng(3)
    hours = np.arange(24 * 20)
    rows = [
        {
            "time": T0_S + int(h) * 3600,
            "bearing_temp_c": 50.0 + 0.05 * h + rng.normal(0.0, 0.5),
            "vibration_mm_s": 2.0 + rng.normal(0.0, 0.2),
        }
        for h in hours
    ]
    await served.push("pump-1", rows, params={"profile": "industrial_pump"})
    found = (await served.get("/machines/pump-1/lives")).json()
    lives = {life["name"]: life for life in found["lives"]}
    bearing = lives["bearing_temp_c"]
    left_h = (bearing["limit"] - 50.0) / 0.05 - len(hours)
    assert bearing["low_hours"] < left_h < bearing["high_hours"]
    assert bearing["hours"] == pytest.approx(left_h, rel=0.1)
    within = {one["within_h"]: one["chance"] for one in bearing["chances"]}
    assert list(within) == [24.0, 168.0, 720.0]
    assert within[24.0] < 0.01
    assert within[720.0] > 0.99
    assert lives["vibration_mm_s"]["chances"] == []
    assert lives["vibration_mm_s"]["hours"] is None
    assert lives["vibration_mm_s"]["reason"] == "no_trend"
    assert lives["oil_pressure_bar"]["reason"] == "too_little"
