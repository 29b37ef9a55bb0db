"""Fleet: every machine with its state, worst first; a limit crossing is seen and said at once."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.faults.server import Server
from tests.web.readings import CALM_MM_S, CRITICAL_MM_S, WARN_MM_S, feeding, register, send_past

pytestmark = pytest.mark.usefixtures("fleet")

EAR = """() => {
    window.heard = [];
    const region = document.querySelector('[aria-live]');
    new MutationObserver(() => region.textContent && window.heard.push(region.textContent))
        .observe(region, { childList: true, characterData: true, subtree: true });
}"""


@pytest.fixture(scope="module")
def fleet(server: Server) -> Iterator[None]:
    """Four pumps: one warns, one has never been heard of, two are calm."""
    for number in (1, 2, 9):
        register(server, f"pump-{number}", f"Pump {number}")
    register(server, "spare", "Spare pump")
    send_past(server, "pump-1", vibration_mm_s=CALM_MM_S)
    send_past(server, "pump-2", vibration_mm_s=WARN_MM_S)
    send_past(server, "pump-9", vibration_mm_s=CALM_MM_S)
    speeds = {"pump-1": CALM_MM_S, "pump-2": WARN_MM_S, "pump-9": CALM_MM_S}
    with feeding(server, speeds):
        yield


def test_the_fleet_shows_every_machine_with_its_state_worst_first(page: Page) -> None:
    page.goto("/")
    expect(page.locator("a.tile")).to_have_count(4)
    expect(page.locator("a.tile .state").first).to_have_text("Warning")
    expect(page.locator("a.tile .name")).to_have_text(["Pump 2", "Spare pump", "Pump 1", "Pump 9"])
    expect(page.locator("a.tile .state")).to_have_text(
        ["Warning", "No readings yet", "Normal", "Normal"]
    )
    expect(page.locator(".ann a .strong")).to_have_text(
        ["Pump 2", "Spare pump", "Pump 1", "Pump 9"]
    )
    expect(page).to_have_title(re.compile("Pump 2 wants a look today"))


def test_the_age_of_a_machine_moves_with_its_readings(page: Page) -> None:
    page.goto("/")
    age = page.locator("a.tile", has_text="Pump 1").locator(".row.small .push")
    expect(age).to_have_text(re.compile(r"^[<\d.]+ s ago$"))
    seen = {age.inner_text()}
    for _ in range(20):
        page.wait_for_timeout(150)
        seen.add(age.inner_text())
    assert len(seen) >= 3, seen


def test_tiles_table_and_wall_show_the_same_machines(page: Page) -> None:
    page.goto("/")
    expect(page.locator("a.tile")).to_have_count(4)
    page.get_by_role("button", name="Table").click()
    expect(page.locator("tbody th a")).to_have_text(["Pump 2", "Spare pump", "Pump 1", "Pump 9"])
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(4)
    page.get_by_role("button", name="Wall").click()
    expect(page.locator(".wall a.tile")).to_have_count(4)
    page.keyboard.press("Escape")
    expect(page.locator(".wall")).to_have_count(0)


def test_a_tile_shows_first_what_is_not_normal(page: Page) -> None:
    page.goto("/")
    tile = page.locator("a.tile", has_text="Pump 2")
    expect(tile.locator(".mini .k").first).to_have_text("Vibration")
    expect(tile.locator(".mini .v").first).to_have_class(re.compile("ink-warn"))
    expect(tile.locator(".find")).to_contain_text(
        re.compile(r"Vibration 5\.2\d?\smm/s, limit 4\.5")
    )
    calm = page.locator("a.tile", has_text="Pump 1")
    expect(calm.locator(".find")).to_contain_text("within their limits")


def test_a_crossed_limit_changes_title_tile_annunciator_and_tab_icon_and_is_said_once(
    page: Page, server: Server
) -> None:
    register(server, "pump-7", "Pump 7")
    page.goto("/")
    expect(page.locator("a.tile")).to_have_count(5)
    assert page.locator('[aria-live], [role="alert"], [role="status"]').count() == 1
    page.evaluate(EAR)
    icon = page.locator('link[rel="icon"]')
    assert "c4241b" not in str(icon.get_attribute("href"))

    send_past(server, "pump-7", vibration_mm_s=CRITICAL_MM_S)  # over HTTP, beyond the hold of 5 s

    expect(page.locator("h1")).to_have_text("Pump 7 needs you")
    expect(page).to_have_title(re.compile(r"^\(1\) Pump 7 needs you"))
    worst = page.locator("a.tile").first
    expect(worst).to_have_class(re.compile(r"\bcrit\b"))
    expect(worst.locator(".state")).to_have_text("Critical")
    expect(page.locator(".ann a").first).to_have_text(re.compile("Pump 7.*Critical", re.DOTALL))
    assert "c4241b" in str(icon.get_attribute("href"))
    expect(page.locator(".toast")).to_contain_text("Pump 7: vibration too high")
    page.wait_for_timeout(5_500)  # the region says at most one thing in 5 s: wait for a second
    said = [text for text in page.evaluate("window.heard") if "Pump 7" in text]
    assert len(said) == 1, said
    assert "vibration too high" in said[0]


def test_a_critical_machine_that_falls_silent_stays_first_and_both_are_said(
    page: Page, server: Server
) -> None:
    register(server, "pump-8", "Pump 8")  # stale after 10 s; nobody feeds it on
    send_past(server, "pump-8", vibration_mm_s=CRITICAL_MM_S)
    page.goto("/")
    tile = page.locator("a.tile", has_text="Pump 8")
    expect(tile.locator(".state")).to_have_text("Critical")
    expect(tile.locator(".state")).to_have_text("Critical, silent", timeout=30_000)
    expect(tile.locator(".find")).to_have_text(
        re.compile(r"^Silent for .*; before that: vibration 9\.20\smm/s, limit 8, for 20\ss\.$")
    )
    expect(tile.locator(".mini .v").first).to_have_text("last 9.20 mm/s")
    expect(page.locator(".ann a", has_text="Pump 8")).to_contain_text("Critical, silent for")
    assert "Pump 8" in page.locator(".ann a .strong").all_inner_texts()[:2]  # 7 may be critical too

    page.goto("/machines/pump-8")
    expect(page.locator("h1")).to_have_text("Pump 8: vibration too high")
    cell = page.locator('.cell[data-name="vibration_mm_s"]')
    expect(cell).to_have_class(re.compile(r"\bcrit\b"))
    struck = "e => getComputedStyle(e).textDecorationLine"
    assert cell.locator(".n").evaluate(struck) == "line-through"


def test_a_machine_known_from_a_recording_alarms_nobody(page: Page, server: Server) -> None:
    rows = "\n".join(f"{1_709_459_000 + i},9.1" for i in range(60))
    answer = server.request(
        "POST",
        "/api/v1/imports?filename=log.csv&machine=old-log&profile=industrial_pump",
        f"time,vibration_mm_s\n{rows}".encode(),
        {"Content-Type": "text/csv"},
    )
    assert answer.status == 202, answer
    page.goto("/")
    tile = page.locator("a.tile", has_text="old-log")
    expect(tile.locator(".state")).to_have_text("Recorded")
    expect(tile.locator(".find")).to_contain_text("History until 3 Mar 2024 09:44 UTC")
    expect(tile).not_to_have_class(re.compile(r"\b(crit|warn)\b"))
    assert page.locator(".ann a .strong").all_inner_texts()[-1] == "old-log"
    page.goto("/machines/old-log")
    expect(page.locator("h1")).to_have_text("old-log is known from a recording")
    expect(page.get_by_role("heading", name="What to do")).to_have_count(0)
    expect(page.locator(".events .why")).to_have_text(re.compile("Open when the recording ends"))


def test_a_note_is_called_a_note_and_all_events_open_in_place(page: Page, server: Server) -> None:
    for n in range(9):
        body = f'{{"title": "Spare {n}"}}'.encode()
        kind = {"Content-Type": "application/json"}
        assert server.request("PATCH", "/api/v1/machines/spare", body, kind).status == 200
    page.goto("/machines/spare")
    notes = page.locator(".events").get_by_role("img", name="Note")
    expect(notes).to_have_count(8)
    page.get_by_role("button", name="All 9").click()
    expect(notes).to_have_count(9)
    expect(page).to_have_url(re.compile("/machines/spare$"))
    body = b'{"title": "Spare pump"}'
    assert server.request("PATCH", "/api/v1/machines/spare", body, kind).status == 200


def test_a_silent_machine_becomes_stale_by_time_alone(page: Page, server: Server) -> None:
    register(server, "car", "Car", profile="focus_st")  # stale after 3 s
    page.goto("/")
    assert server.push_json("car", {"engine_speed_rpm": 2000, "speed_km_h": 80}).status == 200
    tile = page.locator("a.tile", has_text="Car")
    expect(tile.locator(".state")).to_have_text("Normal")
    expect(tile.locator(".state")).to_have_text("Stale")
    expect(tile.locator(".mini .v").first).to_contain_text("last")
