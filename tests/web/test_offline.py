"""Offline: the page opens without its server and shows what it saw last, all of it as stale."""

from __future__ import annotations

import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.faults.server import Server, serving
from tests.web.readings import reading, register


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with serving(Path(tmp_path_factory.mktemp("offline")), listen_on=port) as running:
        yield running


def test_the_page_can_be_installed(context: Callable[..., BrowserContext], server: Server) -> None:
    page = context().new_page()
    page.goto("/")
    link = page.locator('link[rel="manifest"]').get_attribute("href")
    manifest = page.request.get(str(link)).json()
    assert manifest["display"] == "standalone"
    sizes = {icon["sizes"] for icon in manifest["icons"]}
    assert {"192x192", "512x512"} <= sizes
    for icon in manifest["icons"]:
        answer = page.request.get(icon["src"])
        assert answer.ok
        assert answer.headers["content-type"].startswith("image/")


def test_without_its_server_the_page_shows_the_last_values_as_stale_and_comes_back(
    context: Callable[..., BrowserContext], server: Server
) -> None:
    register(server, "pump-1", "Pump 1")
    assert (
        server.push_json("pump-1", [reading(time.time() - 5 + i) for i in range(5)]).status == 200
    )
    made = context(service_workers="allow")
    page = made.new_page()
    page.goto("/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    expect(page.locator("a.tile .state")).to_have_text("Normal")
    page.goto("/machines/pump-1")
    expect(page.locator('.cell[data-name="vibration_mm_s"] .n')).to_have_text("2.00")

    server.end(signal.SIGKILL)
    page.goto("/machines/pump-1")  # a fresh load, with nobody to answer
    cell = page.locator('.cell[data-name="vibration_mm_s"]')
    expect(cell.locator(".n")).to_have_text("2.00")
    expect(cell).to_have_class(re.compile(r"\bstale\b"))
    assert (
        cell.locator(".n").evaluate("e => getComputedStyle(e).textDecorationLine") == "line-through"
    )
    expect(page.locator(".top .live")).not_to_have_text(re.compile("^Live"))
    expect(page.get_by_text("You see what had arrived until then")).to_be_visible()
    for path, words in {
        "/states": "What the lamps mean",
        "/import": "Bring in what was recorded",
        "/models": "Models",
        "/machines/pump-1/learn": "When did Pump 1 run as it should?",
    }.items():
        page.goto(path)  # every page is kept, not only those that were visited
        expect(page.locator("h1")).to_have_text(words)
    page.goto("/")
    expect(page.locator("a.tile .state")).to_have_text("Stale")

    server.start()
    assert server.push_json("pump-1", reading(time.time(), 3.0)).status == 200
    expect(page.locator(".top .live")).to_have_text(re.compile("^Live"), timeout=30_000)
    expect(page.locator("a.tile .state")).to_have_text("Normal")
    expect(page.locator("a.tile .mini .v").first).to_have_text("3.00 mm/s")
