"""Manual entry: a reading typed by hand is kept, and what cannot be is refused at its field."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page, expect

from tests.faults.server import Server
from tests.web.readings import reading, register


@pytest.fixture(scope="module")
def pump(server: Server) -> str:
    register(server, "pump-1", "Pump 1")
    assert server.push_json("pump-1", reading(time.time())).status == 200
    return "pump-1"


@pytest.fixture
def form(page: Page, pump: str) -> Page:
    page.goto(f"/entry?machine={pump}")
    expect(page.get_by_label("Vibration", exact=True)).to_be_visible()
    return page


def value_of(server: Server, name: str) -> float:
    return float(server.get("/machines/pump-1")["values"][name]["value"])


def test_a_typed_reading_is_kept_and_answered(form: Page, server: Server) -> None:
    form.get_by_label("Vibration", exact=True).fill("2,4")  # a decimal comma is a decimal comma
    form.get_by_label("Bearing temperature", exact=True).fill("44.5")
    form.keyboard.press("Enter")
    expect(form.get_by_text("Kept for Pump 1").first).to_be_visible()
    assert value_of(server, "vibration_mm_s") == 2.4
    assert value_of(server, "bearing_temp_c") == 44.5
    expect(form.get_by_label("Vibration", exact=True)).to_have_value("")
    expect(form.get_by_role("status")).to_have_text("Kept for Pump 1.")


def test_a_value_beyond_the_sensors_range_is_refused_at_its_field(
    form: Page, server: Server
) -> None:
    before = server.get("/machines/pump-1")["rows"]
    field = form.get_by_label("Vibration", exact=True)
    field.fill("740")
    form.get_by_role("button", name="Keep this reading").click()
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    hint = form.locator(f"#{field.get_attribute('aria-describedby')}")
    expect(hint).to_contain_text("740 is beyond the sensor's range, 0 to 100")
    assert form.locator('[aria-live], [role="alert"], [role="status"]').count() == 1
    expect(form.get_by_role("status")).to_have_text("One value needs a look.")
    assert server.get("/machines/pump-1")["rows"] == before

    hint.get_by_role("button", name="Did you mean 74?").click()
    expect(field).to_have_value("74")
    expect(field).to_have_attribute("aria-invalid", "false")


def test_an_empty_form_sends_nothing(form: Page) -> None:
    form.get_by_role("button", name="Keep this reading").click()
    expect(form.get_by_text("Enter at least one value.").first).to_be_visible()


def test_values_are_entered_in_the_viewers_units(form: Page, server: Server) -> None:
    form.get_by_role("button", name="Display").click()
    form.get_by_label("Imperial").check()
    form.keyboard.press("Escape")
    form.get_by_label("Bearing temperature", exact=True).fill("113")
    form.keyboard.press("Enter")
    expect(form.get_by_text("Kept for Pump 1").first).to_be_visible()
    assert value_of(server, "bearing_temp_c") == pytest.approx(45.0)


def test_a_new_machine_is_registered_from_the_page(form: Page, server: Server) -> None:
    form.get_by_label("Machine", exact=True).select_option(label="New machine…")
    form.get_by_label("Id", exact=False).first.fill("pump-7")
    form.get_by_label("Profile").select_option(label="Industrial pump")
    form.get_by_role("button", name="Register").click()
    expect(form.locator("h1")).to_have_text("Enter a reading of pump-7")
    assert server.get("/machines/pump-7")["profile"] == "industrial_pump"
