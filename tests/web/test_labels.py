"""Labels: a stretch is named where it is seen, drawn in the charts, listed and taken back."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.faults.server import Server
from tests.web.readings import learn, register, running
from tests.web.test_models import iso, panel, push
from tests.web.watching import Watch

N = 600
HELD = "Named here: "


@pytest.fixture(scope="module", autouse=True)
def start_s(server: Server) -> float:
    """A pump that was learnt, and whose flow then fell away for five minutes."""
    now_s = int(time.time())
    start = float(now_s - 1000 - (now_s - 7) % 60)  # no field ends in zero seconds: not shown
    register(server, "pump-1", "Pump 1")
    push(server, "pump-1", running(N, start))
    learn(server, "pump-1", start, start + N)
    push(server, "pump-1", running(300, start + N, 1, flow_l_min=-60.0))
    return start


def kept(server: Server) -> list[dict[str, Any]]:
    labels: list[dict[str, Any]] = server.get("/machines/pump-1/labels")["labels"]
    return labels


def opened(page: Page, start_s: float, from_s: float, to_s: float) -> Locator:
    """Open a stretch of history and the form beside it."""
    page.goto(f"/machines/pump-1/history?from={iso(start_s + from_s)}&to={iso(start_s + to_s)}")
    page.get_by_role("button", name="Label…").click()
    return page.get_by_role("form", name="Name this stretch")


def test_a_selected_stretch_is_called_normal_and_drawn(
    page: Page, server: Server, start_s: float
) -> None:
    form = opened(page, start_s, 60, 360)
    expect(form.get_by_label("From", exact=True)).to_have_value(iso(start_s + 60)[:19])
    form.get_by_role("button", name="Keep this label").click()
    expect(page.locator(".label-form .say")).to_contain_text("Kept: Normal.")
    (label,) = kept(server)
    assert label["kind"] == "normal"
    assert label["start_ns"] == round((start_s + 60) * 1e9)
    charts = page.get_by_role("slider", name=re.compile(f"{HELD}normal"))
    expect(charts).to_be_visible()
    page.get_by_role("button", name="Take it back").click()
    expect(form).to_be_visible()
    expect(charts).to_have_count(0)
    assert kept(server) == []


def test_a_finding_is_named_under_its_event_and_what_was_learnt_of_it_is_told(
    page: Page, server: Server
) -> None:
    page.goto("/machines/pump-1")
    event = page.locator(".events > li", has_text="Distance from normal too high").first
    event.get_by_role("button", name="Say what it was…").click()
    form = event.get_by_role("form", name="Name this stretch")
    expect(form.get_by_role("button", name="This was a fault")).to_have_attribute(
        "aria-pressed", "true"
    )
    keep = form.get_by_role("button", name="Keep this label")
    expect(keep).to_be_disabled()  # a fault has a name
    form.get_by_label("Which fault").fill("Blocked pipe")
    keep.click()
    expect(event.locator(".label-form .say")).to_contain_text("Kept: Blocked pipe.")
    (label,) = kept(server)
    assert label["fault"] == "blocked_pipe"
    event.get_by_role("link", name="All labels").click()
    row = panel(page, "Labels").locator("li")
    expect(row).to_contain_text("Blocked pipe")
    training = panel(page, "Trainings").locator("li").first
    expect(training).to_contain_text("taught by labels")
    expect(training.locator(".found tbody tr").first).to_contain_text("1 of 1")


def test_a_failure_is_an_instant_and_a_list_entry_is_removed(
    page: Page, server: Server, start_s: float
) -> None:
    form = opened(page, start_s, 840, 900)
    form.get_by_role("button", name="It failed here").click()
    expect(form.get_by_label("To", exact=True)).to_have_count(0)
    form.get_by_label("Note, if you like").fill("The pipe burst.")
    form.get_by_role("button", name="Keep this label").click()
    expect(page.locator(".label-form .say")).to_contain_text("Kept: Failed.")
    expect(page.get_by_role("slider", name=re.compile(f"{HELD}.*failed"))).to_be_visible()
    page.goto("/machines/pump-1/learn")
    rows = panel(page, "Labels").locator("li")
    expect(rows).to_have_count(2)
    failed = rows.filter(has_text="The pipe burst.")
    failed.get_by_role("button", name=re.compile("^Remove: Failed")).click()
    expect(rows).to_have_count(1)
    assert [label["kind"] for label in kept(server)] == ["fault"]


def test_a_contradiction_is_refused_in_the_servers_words(
    page: Page, server: Server, start_s: float, watch: Watch
) -> None:
    watch.allow("409")
    before = kept(server)
    assert before
    form = opened(page, start_s, 700, 900)
    form.get_by_role("button", name="Keep this label").click()
    expect(form.locator(".note.crit")).to_contain_text("What is normal is no fault")
    assert kept(server) == before
