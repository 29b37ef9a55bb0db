"""History: any range, by hand and by key; two ranges over each other; sessions, replays, export."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Locator, Page, expect

from tests.faults.server import Server
from tests.web.readings import reading, register
from tests.web.watching import Watch

STEP_S = 4.0
RUN_S = 1800.0  # two runs of half an hour with a longer pause between: two sessions
PAUSE_S = 1900.0


@pytest.fixture(scope="module")
def ended_s(server: Server) -> float:
    """A pump that ran twice; vibration rises by 0.001 mm/s with each reading of the second run."""
    register(server, "pump-1", "Pump 1")
    end_s = float(int(time.time()) - 5)
    count = int(RUN_S / STEP_S)
    first = [reading(end_s - 2 * RUN_S - PAUSE_S + i * STEP_S, 1.0) for i in range(count)]
    second = [reading(end_s - RUN_S + i * STEP_S, 2.0 + i * 0.001) for i in range(count)]
    for rows in (first, second):
        assert server.push_json("pump-1", rows).status == 200
    return end_s


@pytest.fixture
def charts(page: Page, ended_s: float) -> Locator:
    page.goto("/machines/pump-1/history?ch=vibration_mm_s,flow_l_min")
    return drawn(page)


def drawn(page: Page) -> Locator:
    stack = page.get_by_role("slider", name=re.compile("Vibration"))
    expect(stack.locator(".read b").first).to_have_text(re.compile(r"2\.\d\d"))
    return stack


def shown_s(stack: Locator) -> tuple[float, float]:
    ends = [stack.get_attribute(f"aria-value{end}") for end in ("min", "max")]
    return float(ends[0] or "nan"), float(ends[1] or "nan")


def span_s(stack: Locator) -> float:
    start_s, end_s = shown_s(stack)
    return end_s - start_s


def until_span(stack: Locator, holds: Callable[[float], bool]) -> float:
    for _ in range(80):
        if holds(span := span_s(stack)):
            return span
        stack.page.wait_for_timeout(100)
    pytest.fail(f"the charts still show {span_s(stack)} s")


def middle(stack: Locator) -> tuple[float, float, float]:
    """Return the middle of the first plot and a quarter of its width, in client pixels."""
    box = stack.locator(".plot-area").first.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["width"] / 4


def test_another_range_asks_the_server_again_and_says_what_it_shows(
    page: Page, charts: Locator
) -> None:
    assert span_s(charts) == pytest.approx(3600)
    with page.expect_request(re.compile(r"/telemetry\?")) as asked:
        page.get_by_role("button", name="24 h").click()
    assert "channels=vibration_mm_s,flow_l_min" in asked.value.url.replace("%2C", ",")
    until_span(charts, lambda span: span == pytest.approx(86_400))
    expect(page.locator("h1")).to_contain_text("Pump 1, ")
    with page.expect_request(re.compile(r"/telemetry\?")):
        page.get_by_role("button", name="All", exact=True).click()
    until_span(charts, lambda span: span == pytest.approx(2 * RUN_S + PAUSE_S, abs=10))
    page.reload()  # the address keeps it
    until_span(drawn(page), lambda span: span == pytest.approx(2 * RUN_S + PAUSE_S, abs=10))


def test_the_wheel_zooms_about_the_pointer_and_escape_goes_back(
    page: Page, charts: Locator
) -> None:
    x, y, _ = middle(charts)
    start_s, end_s = shown_s(charts)
    page.mouse.move(x, y)
    page.mouse.wheel(0, -400)
    until_span(charts, lambda span: span < 3000)
    zoomed_start_s, zoomed_end_s = shown_s(charts)
    assert (zoomed_start_s + zoomed_end_s) / 2 == pytest.approx((start_s + end_s) / 2, abs=30)
    page.wait_for_timeout(400)  # the wheel rests, the range is kept
    charts.focus()
    page.keyboard.press("Escape")
    until_span(charts, lambda span: span == pytest.approx(3600))


def test_dragging_marks_a_stretch_and_shows_it(page: Page, charts: Locator) -> None:
    x, y, quarter = middle(charts)
    page.mouse.move(x - quarter, y)
    page.mouse.down()
    page.mouse.move(x, y, steps=4)
    expect(charts.locator(".selected").first).to_be_visible()
    page.mouse.move(x + quarter, y, steps=4)
    page.mouse.up()
    until_span(charts, lambda span: span == pytest.approx(1800, rel=0.02))
    expect(page).to_have_url(re.compile("from="))


def test_keys_zoom_pan_and_return(page: Page, charts: Locator) -> None:
    charts.focus()
    page.keyboard.press("+")
    until_span(charts, lambda span: span == pytest.approx(1800))
    start_s, _ = shown_s(charts)
    page.keyboard.press("PageUp")
    for _ in range(40):
        if shown_s(charts)[0] == pytest.approx(start_s - 900):
            break
        page.wait_for_timeout(100)
    assert shown_s(charts)[0] == pytest.approx(start_s - 900)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    until_span(charts, lambda span: span == pytest.approx(3600))


def touch(session: CDPSession, kind: str, *points: tuple[float, float]) -> None:
    fingers = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})


def test_two_fingers_pinch_and_a_double_tap_goes_back(
    context: Callable[..., BrowserContext], ended_s: float, watch: Watch
) -> None:
    made = context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = made.new_page()
    page.goto("/machines/pump-1/history?ch=vibration_mm_s")
    stack = drawn(page)
    stack.scroll_into_view_if_needed()
    x, y, quarter = middle(stack)
    session = made.new_cdp_session(page)
    touch(session, "touchStart", (x - quarter / 2, y), (x + quarter / 2, y))
    for share in (0.7, 0.9, 1.0):
        touch(session, "touchMove", (x - quarter * share, y), (x + quarter * share, y))
    touch(session, "touchEnd")
    until_span(stack, lambda span: span == pytest.approx(1800, rel=0.05))
    page.wait_for_timeout(400)
    for _ in range(2):
        touch(session, "touchStart", (x, y))
        touch(session, "touchEnd")
    until_span(stack, lambda span: span == pytest.approx(3600))
    watch.check()


def test_two_ranges_lie_over_each_other_in_chart_and_table(page: Page, charts: Locator) -> None:
    page.get_by_role("button", name="The stretch before").click()
    expect(page).to_have_url(re.compile("over=3600"))
    expect(charts.locator(".read.under").first).to_be_attached()
    page.get_by_role("button", name="Both").click()
    table = page.get_by_role("region", name="The charts as a table")
    expect(table.locator("thead th")).to_have_count(6)  # time, two channels twice, state
    under = table.locator("tbody td.muted", has_text="1.00")
    expect(under).not_to_have_count(0)  # the first run vibrated at 1.00
    page.get_by_role("button", name="Take it away").click()
    expect(table.locator("thead th")).to_have_count(4)


def test_channels_are_chosen_and_share_a_chart_by_unit(page: Page, charts: Locator) -> None:
    expect(charts.locator(".plot")).to_have_count(2)
    page.get_by_label("Search channels").fill("temp")
    page.get_by_label("Bearing temperature", exact=True).check()
    expect(charts.locator(".plot")).to_have_count(3)
    page.get_by_label("Search channels").fill("mean of 60")
    page.get_by_label("Vibration, mean of 60 s").check()
    page.get_by_label("One chart per unit").check()
    expect(charts.locator(".plot")).to_have_count(3)


def test_the_table_is_the_chart_in_numbers(page: Page, charts: Locator, ended_s: float) -> None:
    page.get_by_role("button", name="Table", exact=True).click()
    table = page.get_by_role("region", name="The charts as a table")
    expect(table.locator("tbody tr").first).to_contain_text("120.0")
    first = table.locator("tbody tr").first.locator("td").nth(1).inner_text()
    last_value = 2.0 + (RUN_S / STEP_S - 1) * 0.001
    assert first.split(" to ")[-1] == f"{last_value:.2f}"


def test_the_export_holds_every_reading_of_the_range(
    page: Page, charts: Locator, ended_s: float
) -> None:
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    path = Path(download.value.path())
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert len(rows) == RUN_S / STEP_S
    assert [float(rows[k]["vibration_mm_s"]) for k in (0, -1)] == pytest.approx([2.0, 2.449])


def test_a_session_is_shown_and_named(page: Page, server: Server, charts: Locator) -> None:
    rows = page.locator(".sessions > li")
    expect(rows).to_have_count(2)
    rows.nth(1).locator(".show").click()
    until_span(charts, lambda span: span == pytest.approx(RUN_S, abs=10))
    rows.nth(1).get_by_role("button", name=re.compile("More for")).click()
    page.get_by_role("button", name="Rename…").click()
    page.keyboard.type("Commissioning")
    page.keyboard.press("Enter")
    expect(rows.nth(1)).to_contain_text("Commissioning")
    assert "Commissioning" in {
        one["title"] for one in server.get("/sessions?machine=pump-1")["sessions"]
    }


def test_a_replay_is_started_paused_and_stopped(
    page: Page, server: Server, charts: Locator
) -> None:
    page.get_by_role("button", name="Replay this range…").click()
    page.get_by_label("As machine").fill("again")
    page.get_by_role("button", name="Start", exact=True).click()
    row = page.locator(".replay", has_text="again")
    row.get_by_role("button", name="Pause").click()
    expect(row).to_contain_text("paused")
    replay = server.get("/replays")["replays"][0]
    assert (replay["played_as"], replay["paused"], replay["speed"]) == ("again", True, 10)
    row.get_by_role("button", name="Resume").click()
    expect(row.get_by_role("button", name="Pause")).to_be_visible()
    row.get_by_role("button", name="Stop").click()
    expect(row).to_have_count(0)
    assert server.get("/machines/again")["rows"] > 0


def test_history_without_machines_says_so(
    context: Callable[..., BrowserContext], ended_s: float, watch: Watch
) -> None:
    page = context().new_page()
    page.goto("/machines/nobody/history")
    expect(page.locator("h1")).to_have_text("No machine called nobody")
    watch.check()
