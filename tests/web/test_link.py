"""The live link: seen to break, back by itself, with nothing missing."""

from __future__ import annotations

import json
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, WebSocketRoute, expect

from tests.faults.server import Server, serving
from tests.web.readings import (
    CALM_MM_S,
    CRITICAL_MM_S,
    WARN_MM_S,
    feeding,
    register,
    send_past,
)
from tests.web.watching import Watch


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that comes back on the port where its viewers look for it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with serving(Path(tmp_path_factory.mktemp("killed")), listen_on=port) as running:
        yield running


def test_the_page_reconnects_after_kill_9_and_misses_no_event(
    server: Server, context: Callable[..., BrowserContext], watch: Watch
) -> None:
    register(server, "pump-1", "Pump 1")
    register(server, "pump-2", "Pump 2")
    send_past(server, "pump-1", vibration_mm_s=CALM_MM_S, until_s=time.time() - 60)
    page = context().new_page()
    page.goto("/")
    badge = page.locator(".top .live")
    expect(badge).to_have_text(re.compile("^Live"))
    expect(page.locator("a.tile")).to_have_count(2)
    page.wait_for_load_state("networkidle")  # what is fetched for later is not cut in two

    server.end(signal.SIGKILL)
    expect(badge).to_have_text(re.compile("^Reconnecting"))
    expect(page.locator("a.tile")).to_have_count(2)  # the last picture stays

    server.start()
    send_past(server, "pump-1", vibration_mm_s=WARN_MM_S)  # before most viewers are back
    send_past(server, "pump-2", vibration_mm_s=CRITICAL_MM_S)
    with feeding(server, {"pump-1": WARN_MM_S, "pump-2": CRITICAL_MM_S}):
        expect(badge).to_have_text(re.compile("^Live"))
        expect(page.locator("h1")).to_have_text("Pump 2 needs you")
        expect(page.locator("a.tile .state")).to_have_text(["Critical", "Warning"])
    # What the server knows of is on the page, each episode once, and nothing else.
    expect(page.locator(".events .what")).to_have_count(len(server.get("/events")["events"]))
    for title in ("Pump 1: vibration too high", "Pump 2: vibration too high"):
        expect(page.locator(".events .what", has_text=title)).to_have_count(1)
    watch.allow(
        "ERR_CONNECTION_REFUSED",
        "WebSocket connection",
        "ERR_CONNECTION_RESET",
        "ERR_EMPTY",
        "ERR_CONTENT_LENGTH_MISMATCH",  # a kill may cut a piece that is fetched ahead
    )
    watch.check()


def test_a_broken_line_is_resumed_without_missing_or_repeating_an_event(
    server: Server, context: Callable[..., BrowserContext], watch: Watch
) -> None:
    """The line between page and server is cut; the server itself goes on."""
    lines: list[WebSocketRoute] = []
    hellos: list[dict[str, object]] = []

    def relay(line: WebSocketRoute) -> None:
        far_end = line.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            if '"hello"' in str(message)[:40]:
                hellos.append(json.loads(message))
            line.send(message)

        far_end.on_message(pass_on)
        lines.append(line)

    page = context().new_page()
    page.route_web_socket(re.compile("/api/v1/live"), relay)
    register(server, "pump-3", "Pump 3")
    page.goto("/")
    badge = page.locator(".top .live")
    expect(badge).to_have_text(re.compile("^Live"))
    expect(page.locator("a.tile", has_text="Pump 3")).to_have_count(1)

    lines[-1].close(code=4000)
    send_past(server, "pump-3", vibration_mm_s=WARN_MM_S)
    crossed = page.locator(".events .what", has_text="Pump 3: vibration too high")
    expect(crossed).to_have_count(1)
    expect(badge).to_have_text(re.compile("^Live"))
    assert len(lines) > 1
    assert hellos[-1]["resumed"] is True
    assert hellos[-1]["missed_events"] == 0
    page.wait_for_timeout(500)  # had it been sent twice, it would be there by now
    expect(crossed).to_have_count(1)
    watch.check()


def test_after_a_long_break_the_badge_says_stale_and_the_page_says_since_when(
    server: Server, context: Callable[..., BrowserContext], watch: Watch
) -> None:
    page = context().new_page()
    page.goto("/")
    badge = page.locator(".top .live")
    expect(badge).to_have_text(re.compile("^Live"))
    server.end(signal.SIGKILL)
    expect(badge).to_have_text(re.compile("^Stale"), timeout=30_000)  # after 15 s
    expect(page.get_by_text("You see what had arrived until then")).to_be_visible(timeout=30_000)
    expect(page.locator("a.tile")).not_to_have_count(0)
    server.start()
    badge.click()  # "Press to try now"
    expect(badge).to_have_text(re.compile("^Live"))
    watch.allow(
        "ERR_CONNECTION_REFUSED",
        "WebSocket connection",
        "ERR_CONNECTION_RESET",
        "ERR_EMPTY",
        "ERR_CONTENT_LENGTH_MISMATCH",  # a kill may cut a piece that is fetched ahead
    )
    watch.check()
