"""Forecast: drawn ahead of now in its channel's chart, and what was foretold beside what came."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.faults.server import Server
from tests.web.readings import feeding_rows, learn, register
from tests.web.test_models import panel

HORIZON_S = 30
LEARNT_S = 7_500  # of readings: two hours are the least that it learns from
WITHIN_S = 120.0  # trees are grown
PERIOD_S = 600.0


def warm(time_s: float) -> dict[str, float]:
    """Return a pump whose bearing grows warm and cool again, its current a little ahead."""
    angle = 2.0 * math.pi * time_s / PERIOD_S
    ripple = 0.02 * math.sin(7.0 * time_s)
    return {
        "time": time_s,
        "bearing_temp_c": 42.0 + 1.5 * math.sin(angle) + ripple,
        "motor_current_a": 15.0 + math.sin(angle + 0.5) + ripple,
    }


@pytest.fixture(scope="module", autouse=True)
def pump(server: Server) -> Iterator[None]:
    register(server, "pump-1", "Pump 1")
    now_s = int(time.time())
    rows = [warm(float(now_s - LEARNT_S + k)) for k in range(LEARNT_S)]
    for at in range(0, LEARNT_S, 1_000):
        assert server.push_json("pump-1", rows[at : at + 1_000]).status == 200
    wish = {"channel": "bearing_temp_c", "horizon_s": HORIZON_S}
    learn(
        server, "pump-1", now_s - LEARNT_S, now_s, within_s=WITHIN_S, kind="forecast", settings=wish
    )
    assert server.push_json("pump-1", [warm(float(now_s))]).status == 200
    with feeding_rows(server, {"pump-1": warm}):
        yield


def test_the_charts_reach_beyond_now_and_say_what_is_forecast(page: Page, server: Server) -> None:
    (model,) = (m for m in server.get("/machines/pump-1/models")["models"] if m["forecast"])
    assert model["forecast"] == {
        "output": f"bearing_temp_in_{HORIZON_S}_s_c",
        "channel": "bearing_temp_c",
        "horizon_s": float(HORIZON_S),
    }
    page.goto("/machines/pump-1")
    health = page.locator(".trends").first
    expect(health.locator("header")).to_contain_text(f"Last 10 minutes, next {HORIZON_S} s")
    strip = health.locator(".strip", has_text="Bearing temperature")
    tip = strip.locator(".ahead")
    expect(tip).to_have_text(re.compile(rf"^in {HORIZON_S} s \d\d\.\d \(\d\d\.\d to \d\d\.\d\)$"))
    charts = health.get_by_role("slider").first
    expect(charts).to_have_attribute(
        "aria-label", re.compile(r"Bearing temperature: .*, forecast \d\d\.\d to \d\d\.\d[,.]")
    )
    end_s = float(charts.get_attribute("aria-valuemax") or "nan")
    newest_s = server.get("/machines/pump-1")["last_time_ns"] / 1e9
    assert end_s - newest_s == pytest.approx(HORIZON_S, abs=10.0)
    expect(panel(page, model["title"]).locator(".figure")).to_contain_text(" to ")


def test_what_was_foretold_stands_beside_what_came(page: Page) -> None:
    page.goto("/machines/pump-1")
    health = page.locator(".trends").first
    strip = health.locator(".strip", has_text="Bearing temperature")
    box = strip.locator(".plot-area").bounding_box()
    assert box is not None
    strip.locator(".plot").hover(position={"x": box["width"] * 0.5, "y": 30})
    expect(strip.locator(".ahead")).to_have_text(re.compile(r"^forecast \d\d\.\d"))
    came = float(strip.locator(".read b").first.inner_text())
    foretold = float((strip.locator(".ahead").inner_text()).split()[1])
    assert foretold == pytest.approx(came, abs=1.0)
    health.get_by_role("button", name="Both").click()
    table = health.get_by_role("region", name="The charts as a table")
    expect(table.locator("thead th", has_text=f"in {HORIZON_S} s")).not_to_have_count(0)
