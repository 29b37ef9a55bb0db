"""Import: a file is looked at, brought in and leads to its history; a bad one is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.faults.server import Server
from tests.web.watching import Watch

ROWS = 240


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A semicolon log with decimal commas, units in row two, and one bad row."""
    lines = ["Zeit;bearing_temp_c;vibration_mm_s;flow_l_min", ";degC;mm/s;l/min"]
    lines += [
        f"2026-03-01 08:{i // 60:02d}:{i % 60:02d};4{i % 10},5;2,{i % 10}0;120,0"
        for i in range(ROWS)
    ]
    lines[10] = lines[10].replace("120,0", "viel")
    path = tmp_path / "pump_log.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_file_is_previewed_imported_and_leads_to_its_history(
    page: Page, server: Server, log: Path
) -> None:
    page.goto("/import")
    page.set_input_files('input[type="file"]', log)
    table = page.get_by_role("region", name="Columns of the file")
    expect(table.locator("tbody tr")).to_have_count(4)
    expect(table.locator("tbody tr", has_text="bearing_temp_c")).to_contain_text("°C")
    expect(page.get_by_text("semicolons, decimal comma")).to_be_visible()
    assert server.get("/machines")["machines"] == []  # nothing is kept before it is confirmed

    page.get_by_label(re.compile("^Machine")).fill("pump-5")
    page.get_by_role("button", name=re.compile("^Import")).click()
    expect(page.locator(".ended")).to_contain_text(f"{ROWS} rows")
    expect(page.locator(".ended")).to_contain_text("viel")  # what was left out, and why
    assert server.get("/machines/pump-5")["rows"] == ROWS

    page.get_by_role("link", name=re.compile("History of pump-5")).click()
    expect(page.locator("h1")).to_contain_text("08:00:00 to 08:03:59")
    expect(page.get_by_role("slider").locator("canvas")).not_to_have_count(0)
    assert page.locator('[aria-live], [role="alert"], [role="status"]').count() == 1


def test_a_bad_file_shows_the_servers_sentence_and_is_said_once(
    page: Page, tmp_path: Path, watch: Watch
) -> None:
    watch.allow("imports/preview", "status of 4")
    bad = tmp_path / "picture.csv"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
    page.goto("/import")
    with page.expect_response(re.compile("/imports/preview")) as refused:
        page.set_input_files('input[type="file"]', bad)
    detail = refused.value.json()["detail"]
    panel = page.get_by_label("picture.csv")
    expect(panel).to_contain_text(detail)
    expect(page.get_by_role("status")).to_contain_text("picture.csv was refused")
    panel.get_by_role("button", name="Close").click()
    expect(page.locator("h1")).to_have_text("Bring in what was recorded")


def test_a_file_can_be_dropped_on_the_page(page: Page, log: Path) -> None:
    page.goto("/import")
    expect(page.locator(".zone")).to_be_visible()
    page.evaluate(
        """(text) => {
            const data = new DataTransfer();
            data.items.add(new File([text], "dropped.csv", { type: "text/csv" }));
            document.querySelector(".zone")
                .dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true }));
        }""",
        log.read_text(),
    )
    expect(page.get_by_label("dropped.csv").get_by_text("How telltale reads it")).to_be_visible()
