"""What the Torque app uploads is kept under its own names, and answered as the app expects."""

from __future__ import annotations

import pytest

from tests.api.conftest import Served

PHONE = "5f4dcc3b5aa765d61d8327deb882cf99"
T_MS = 1_780_300_800_123
UPLOAD = {
    "eml": "someone@example.org",
    "v": "8",
    "session": str(T_MS - 60_000),
    "id": PHONE,
    "time": str(T_MS),
}


async def column(served: Served, machine: str, channel: str) -> list[float | None]:
    answer = await served.get(f"/machines/{machine}/telemetry", params={"channels": channel})
    assert answer.status_code == 200, answer.text
    values: list[float | None] = answer.json()["columns"][channel]
    return values


async def test_a_reading_is_kept_under_the_standards_names_and_answered_ok(served: Served) -> None:
    sent = {
        **UPLOAD,
        "kc": "1726.25",
        "kd": "88.0",
        "k5": "91",
        "kff1001": "87.5",
        "kff1238": "14.1",
    }
    answer = await served.http.get("/torque", params=sent)
    assert (answer.status_code, answer.text) == (200, "OK!")
    assert answer.headers["content-type"].startswith("text/plain")
    machine = f"torque-{PHONE[:8]}"
    for channel, value in (
        ("engine_speed_rpm", 1726.25),
        ("coolant_temp_c", 91.0),
        ("gps_speed_km_h", 87.5),
        ("adapter_voltage_v", 14.1),
    ):
        assert await column(served, machine, channel) == [value]
    times = (await served.get(f"/machines/{machine}/telemetry")).json()["time_ns"]
    assert times == [T_MS * 1_000_000]


async def test_several_readings_a_second_stay_apart(served: Served) -> None:
    for i in range(5):
        sent = {**UPLOAD, "time": str(T_MS + 200 * i), "kc": str(1000 + i)}
        assert (await served.http.get("/torque/my-car", params=sent)).text == "OK!"
    assert await column(served, "my-car", "engine_speed_rpm") == [1000, 1001, 1002, 1003, 1004]


async def test_the_apps_own_names_and_units_hold_for_the_readings_that_follow(
    served: Served,
) -> None:
    about = {
        **UPLOAD,
        "userFullName222b1a": "Oil temperature",
        "userShortName222b1a": "Oil",
        "defaultUnit222b1a": "°C",
        "userUnit222b1a": "°F",
    }
    assert (await served.http.get("/torque/my-car", params=about)).text == "OK!"
    assert (await served.get("/machines")).json()["machines"] == []
    await served.http.get("/torque/my-car", params={**UPLOAD, "k222b1a": "101.5", "kff9999": "3"})
    assert await column(served, "my-car", "oil_temperature_c") == [101.5]
    assert await column(served, "my-car", "torque_ff9999") == [3.0]


async def test_a_profile_or_notice_without_values_is_answered_ok_and_keeps_nothing(
    served: Served,
) -> None:
    for more in ({"profileName": "GT86", "profileWeight": "1240.0"}, {"notice": "Started"}):
        assert (await served.http.get("/torque", params={**UPLOAD, **more})).text == "OK!"
    assert (await served.get("/machines")).json()["machines"] == []


async def test_a_silent_sensor_is_a_gap(served: Served) -> None:
    await served.http.get("/torque/my-car", params={**UPLOAD, "kc": "900", "k5": "-"})
    assert await column(served, "my-car", "engine_speed_rpm") == [900.0]


@pytest.mark.parametrize(
    ("path", "sent", "status"),
    [
        ("/torque", {"kc": "900"}, 400),
        ("/torque/my-car", {**UPLOAD, "time": "yesterday", "kc": "900"}, 422),
        ("/torque/my-car", {**UPLOAD, "kc": "fast"}, 422),
    ],
)
async def test_what_is_not_kept_is_never_answered_ok(
    served: Served, path: str, sent: dict[str, str], status: int
) -> None:
    answer = await served.http.get(path, params=sent)
    assert answer.status_code == status
    assert "OK!" not in answer.text


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "cross-site"}, {"referer": "https://example.org/page"}]
)
async def test_another_sites_page_cannot_make_a_browser_upload(
    served: Served, headers: dict[str, str]
) -> None:
    answer = await served.http.get("/torque/my-car", params={**UPLOAD, "kc": "1"}, headers=headers)
    assert answer.status_code == 403
    assert (await served.get("/machines")).json()["machines"] == []
