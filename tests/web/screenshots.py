"""Make the pictures of docs/screenshots anew: `python -m tests.web.screenshots`, some minutes.

They show the demo once its pump has been failing for a while. `--url` takes a demo that runs.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.faults.server import Server, serving
from tests.web.conftest import ROOT, browser_path

FOLDER = ROOT / "docs" / "screenshots"
STORY_S = 480.0  # the demo's fault has developed, and its events have come
SETTLED_MS = 4_000
LAST_S, EARLIER_S = 1_800, 600


def main() -> None:
    """Start a demo unless one is named, wait until it has something to tell, take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="of a demo that has run for some minutes")
    with story(parser.parse_args().url) as url, sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=browser_path(), args=flags)
        take(browser, url)
        browser.close()


@contextmanager
def story(url: str | None) -> Iterator[str]:
    """Yield the address of a demo that has something to tell."""
    if url is not None:
        yield url
        return
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), command="demo") as server:
        wait_for_story(server)
        yield server.url


def wait_for_story(server: Server) -> None:
    """Return when the pump has been failing for a while; a demo that has ended is an error."""
    end_s = time.monotonic() + STORY_S
    while time.monotonic() < end_s:
        server.get("/status")
        time.sleep(5.0)


def take(browser: Browser, url: str) -> None:
    """Take every picture."""
    now_s = time.time()
    stretch = f"from={iso(now_s - LAST_S)}&to={iso(now_s)}&over={EARLIER_S}"
    shot(browser, url, "/", "fleet-light")
    shot(browser, url, "/", "fleet-phone", width=390, height=844)
    shot(browser, url, f"/machines/pump-3/history?{stretch}", "history-light", cursor=True)
    shot(browser, url, "/machines/pump-3", "machine-dark", height=1_100, scheme="dark")


def iso(time_s: float) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def shot(
    browser: Browser,
    url: str,
    path: str,
    name: str,
    *,
    width: int = 1_440,
    height: int = 900,
    scheme: str = "light",
    cursor: bool = False,
) -> None:
    """Open one page as a viewer would and keep what is on the screen."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]  # "light" or "dark"
        base_url=url,
        locale="en-GB",
        timezone_id="UTC",
        service_workers="block",
    )
    page = context.new_page()
    page.goto(path)
    page.wait_for_timeout(SETTLED_MS)
    for close in page.get_by_role("button", name=re.compile("^Close: ")).all():
        close.click()
    if cursor:
        hover_chart(page)
    page.screenshot(path=FOLDER / f"{name}.png")
    context.close()


def hover_chart(page: Page) -> None:
    """Put the cursor where the stretch is still calm."""
    plot = page.locator(".plot").first
    box = plot.bounding_box()
    assert box is not None
    plot.hover(position={"x": box["width"] * 0.55, "y": box["height"] / 2.0})


if __name__ == "__main__":
    main()
