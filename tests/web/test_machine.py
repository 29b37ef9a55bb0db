"""Machine: each value beside its unit, limit and state; the table holds what the charts show."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.faults.server import Server
from tests.web.readings import CALM_MM_S, CRITICAL_MM_S, feeding, reading, register, send_past


@pytest.fixture(scope="module")
def pump(server: Server) -> Iterator[str]:
    """A pump that went from calm to critical 20 s ago and goes on sending."""
    register(server, "pump-1", "Pump 1")
    now_s = time.time()
    send_past(server, "pump-1", vibration_mm_s=CALM_MM_S, seconds=60, until_s=now_s - 20)
    send_past(server, "pump-1", vibration_mm_s=CRITICAL_MM_S, seconds=20, until_s=now_s)
    with feeding(server, {"pump-1": CRITICAL_MM_S}):
        yield "pump-1"


def test_a_card_shows_value_unit_age_and_its_state_as_colour_and_word(
    page: Page, pump: str
) -> None:
    page.goto(f"/machines/{pump}")
    expect(page.locator("h1")).to_have_text("Pump 1: vibration too high")
    cell = page.locator('.cell[data-name="vibration_mm_s"]')
    expect(cell).to_have_class(re.compile(r"\bcrit\b"))
    expect(cell.locator(".n")).to_have_text("9.20")
    expect(cell.locator(".unit")).to_have_text("mm/s")
    expect(cell.locator(".val .age")).to_have_text(re.compile(r"^[<\d.]+ s$"))
    expect(cell.locator(".name").get_by_role("img", name="Critical")).to_have_count(1)
    calm = page.locator('.cell[data-name="bearing_temp_c"]')
    expect(calm).to_have_class(re.compile(r"\bok\b"))
    expect(calm.locator(".val")).to_contain_text("42.0")
    assert cell.locator(".n").evaluate("e => getComputedStyle(e).color") != calm.locator(
        ".n"
    ).evaluate("e => getComputedStyle(e).color")


def test_the_table_twin_of_now_holds_the_same_values_with_limits_in_words(
    page: Page, pump: str
) -> None:
    page.goto(f"/machines/{pump}")
    # The profile decides on the order; before it has come the values stand as they were sent.
    expect(page.locator(".cell").first).to_have_attribute("data-name", "vibration_mm_s")
    names = (
        page.locator(".cells")
        .first.locator(".cell")
        .evaluate_all("cells => cells.map((cell) => cell.dataset.name)")
    )
    panel = page.locator(".panel", has=page.get_by_role("heading", name="Now", exact=True))
    panel.get_by_role("button", name="Table").click()
    assert panel.locator("tbody th .mono").all_inner_texts() == names
    row = panel.locator("tbody tr", has_text="vibration_mm_s")
    expect(row).to_contain_text("Critical")
    expect(row).to_contain_text("9.20 mm/s")
    expect(row).to_contain_text("warning above 4.5, critical above 8")


def test_derived_metrics_events_and_advice_are_shown(page: Page, pump: str) -> None:
    page.goto(f"/machines/{pump}")
    derived = page.locator('.cell[data-name="pressure_rise_bar"] .n')
    expect(derived).to_have_text("4.25")  # 5.8 - 1.55 bar
    events = page.locator(".panel", has=page.get_by_role("heading", name="Events"))
    expect(events.locator(".what")).to_have_text(["Vibration too high"])
    expect(page.get_by_text("Check the bearing, the coupling and the alignment.")).to_be_visible()


def test_charts_and_their_table_hold_the_values_that_were_sent(page: Page, pump: str) -> None:
    page.goto(f"/machines/{pump}")
    charts = page.get_by_role("slider", name=re.compile("Vibration"))
    expect(charts.locator("canvas")).not_to_have_count(0)
    expect(charts.locator(".read b").first).to_have_text("9.20")
    page.get_by_role("button", name="Both").click()
    table = page.get_by_role("region", name="The charts as a table")
    expect(table.locator("thead th").nth(1)).to_contain_text("Vibration, mm/s")
    expect(table.locator("tbody tr").first).to_contain_text("9.20")
    expect(table.locator("tbody tr").first).to_contain_text("Critical")
    # The older values come with the history, which may be later than the live ones.
    expect(table.get_by_role("cell", name="2.00", exact=True).first).to_be_visible()
    cells = table.locator("tbody td:nth-child(2)").all_inner_texts()
    assert "9.20" in cells
    assert all(re.fullmatch(r"9\.20|2\.00|2\.00 to 9\.20", cell) for cell in cells), set(cells)


def test_arrow_keys_move_a_cursor_whose_values_are_spoken(page: Page, pump: str) -> None:
    page.goto(f"/machines/{pump}")
    charts = page.get_by_role("slider", name=re.compile("Vibration"))
    expect(charts.locator(".read b").first).to_have_text("9.20")
    page.get_by_role("button", name="1 min", exact=True).click()
    charts.focus()
    page.keyboard.press("Home")
    expect(charts).to_have_attribute("aria-valuetext", re.compile(r"Vibration 2\.00 mm/s"))
    at_first = charts.get_attribute("aria-valuenow") or "nan"
    first = float(at_first)
    page.keyboard.press("Shift+ArrowRight")
    expect(charts).not_to_have_attribute("aria-valuenow", at_first)
    later = float(charts.get_attribute("aria-valuenow") or "nan")
    assert later - first == pytest.approx(5.0, abs=0.6)  # ten readings, half a second apart
    page.keyboard.press("End")
    expect(charts).to_have_attribute("aria-valuetext", re.compile(r"Vibration 9\.20 mm/s"))


def test_a_machine_is_renamed_and_keeps_its_id(page: Page, server: Server, pump: str) -> None:
    page.goto(f"/machines/{pump}")
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Title").fill("Feed pump")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Feed pump: vibration too high")
    assert server.get(f"/machines/{pump}")["title"] == "Feed pump"
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Title").fill("Pump 1")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Pump 1: vibration too high")


def test_imperial_units_change_values_scales_and_limits_together(page: Page, pump: str) -> None:
    page.goto(f"/machines/{pump}")
    cell = page.locator('.cell[data-name="bearing_temp_c"]')
    expect(cell.locator(".val")).to_contain_text("42.0")
    page.get_by_role("button", name="Display").click()
    page.get_by_label("Imperial").check()
    expect(cell.locator(".val")).to_contain_text("107.6")
    expect(cell.locator(".unit")).to_have_text("°F")
    expect(cell.locator(".ends")).to_contain_text("212")  # the scale ends at 100 °C
    page.reload()
    expect(cell.locator(".unit")).to_have_text("°F")


def test_a_machine_without_readings_says_how_to_send_one(page: Page, server: Server) -> None:
    register(server, "spare", "Spare pump")
    page.goto("/machines/spare")
    expect(page.locator("h1")).to_have_text("Spare pump has not been heard of yet")
    expect(page.locator("pre")).to_contain_text(
        f"curl {server.url}/api/v1/machines/spare/telemetry"
    )
    assert server.push_json("spare", reading(time.time())).status == 200
    expect(page.locator('.cell[data-name="vibration_mm_s"] .n')).to_have_text("2.00")


@pytest.mark.parametrize("path", ["/machines/nobody", "/nowhere/at/all"])
def test_an_address_of_nothing_says_so(page: Page, path: str) -> None:
    page.goto(path)
    expect(page.locator("h1")).to_have_text(
        re.compile("No machine is called nobody|There is no page at this address")
    )
