"""Fault view: what each kind means beside its intensity, why one tap away, and what is missing."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.faults.server import Server
from tests.web.kept_models import fan_reading
from tests.web.readings import feeding_rows, reading, register

LOUD_DB = 25.0


def loud(time_s: float) -> dict[str, float]:
    """Return a fan that lacks grease: its ultrasound is loud, its vibration as it was."""
    row = fan_reading(time_s)
    return {
        name: value + LOUD_DB if "ultrasound" in name or name == "level_db" else value
        for name, value in row.items()
    }


@pytest.fixture(scope="module", autouse=True)
def machines(server: Server) -> Iterator[None]:
    """A loud fan, a fan without its model, and a pump of which no kinds are written."""
    for name in ("fan-1", "fan-2"):
        register(server, name, name.replace("fan-", "Fan "), "rotating_machine")
    register(server, "pump-1", "Pump 1")
    assert server.push_json("pump-1", reading(time.time())).status == 200
    model = "/api/v1/machines/fan-1/models/rotating_machine_faults"
    wish = b'{"action": "activate"}'
    answer = server.request("PATCH", model, wish, {"Content-Type": "application/json"})
    assert answer.status == 200, answer
    with feeding_rows(server, {"fan-1": loud, "fan-2": fan_reading}):
        yield


def test_the_leading_fault_is_said_first_with_what_to_do_and_why(page: Page) -> None:
    page.goto("/machines/fan-1")
    page.get_by_role("link", name="What they mean").click()
    expect(page.locator("h1")).to_have_text(re.compile("is the leading fault$"))
    rows = page.locator(".kinds > li")
    expect(rows).to_have_count(8)
    expect(page.get_by_text("Learnt from simulated data")).to_be_visible()
    rows.nth(3).locator("summary").click()
    opened = rows.nth(3).locator(".meaning")
    for heading in ("What shows", "What may lie behind it", "Why"):
        expect(opened.get_by_role("heading", name=heading)).to_be_visible()
    expect(opened.locator(".plain li")).not_to_have_count(0)
    expect(opened.locator(".shares .lead")).to_have_count(3)
    expect(page.get_by_role("heading", name="How it came")).to_be_visible()


def test_without_a_model_the_kinds_are_told_without_a_number_and_it_can_be_run(page: Page) -> None:
    page.goto("/machines/fan-2/faults")
    expect(page.locator("h1")).to_have_text("Faults of Fan 2 are not told apart yet")
    kinds = page.locator(".kinds > li")
    expect(kinds).to_have_count(8)
    assert not re.search(r"\d %", page.locator("main").inner_text())  # no model, no number
    kinds.first.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(kinds.first.locator(".meaning .say")).to_be_visible()
    page.get_by_role("button", name="Run “Faults of a rotating machine”").click()
    expect(page.locator("h1")).to_have_text(re.compile("no fault stands out|no intensity yet"))


def test_a_machine_of_which_nothing_is_written_says_so(page: Page) -> None:
    page.goto("/machines/pump-1/faults")
    expect(page.locator("h1")).to_have_text("Faults of Pump 1 are not told apart yet")
    expect(page.get_by_text("Nothing is written about this kind of machine")).to_be_visible()
    page.get_by_role("link", name="Learn from named faults…").click()
    expect(page.locator("h1")).to_have_text("Which faults has Pump 1 had?")
    expect(page.get_by_text("No faults are named on this machine.")).to_be_visible()


def test_how_long_a_channel_has_is_said_as_an_interval_and_what_has_no_number_says_why(
    page: Page, server: Server
) -> None:
    register(server, "worn", "Worn pump")
    now_s = time.time()
    rows = [
        reading(now_s - (600 - k) * 3_600.0) | {"bearing_temp_c": 42.0 + k / 40.0 + k % 7 / 9.0}
        for k in range(600)
    ]
    assert server.push_json("worn", rows).status == 200
    (life,) = (one for one in server.get("/machines/worn/lives")["lives"] if one["hours"])
    page.goto("/machines/worn")
    lives = page.locator(".panel.lives")
    low, high = (round(life[f"{end}_hours"] / 24.0) for end in ("low", "high"))
    span = f"about {high}" if low == high else f"{low} to {high}"
    expect(lives.locator(".say")).to_have_text(re.compile(rf"In {span} days it reaches 85\.0.°C\."))
    expect(lives.locator(".chances dt")).to_have_text(
        ["chance within 24 h", "chance within 7 days", "chance within 30 days"]
    )
    lives.get_by_text("Channels without a number").click()
    expect(lives).to_contain_text("No trend towards a limit: ")
