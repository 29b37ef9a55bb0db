"""A real browser on a real telltale: what every test of the page needs."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

import telltale
from tests.faults.server import Server, serving
from tests.web.watching import Watch

ROOT = Path(__file__).parents[2]
BUNDLE = Path(telltale.__file__).parent / "web" / "index.html"
EXPECT_MS = 15_000  # two slow cores, shared with the server and another test file
expect.set_options(timeout=EXPECT_MS)


def browser_path() -> str:
    """Return what scripts/find_browser.py finds; without one the tests fail, never skip."""
    script = ROOT / "scripts" / "find_browser.py"
    spec = importlib.util.spec_from_file_location("find_browser", script)
    assert spec is not None
    assert spec.loader is not None
    finder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(finder)
    path: str | None = finder.find_browser()
    if path is None:
        pytest.fail("There is no browser. `python scripts/find_browser.py` says how to get one.")
    return path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser a file: a session's would keep its event loop running in the async tests."""
    path = browser_path()
    with sync_playwright() as playwright:
        # A container's root has no sandbox to give; /dev/shm may be as small as 64 MB.
        flags = ["--no-sandbox", "--disable-dev-shm-usage"]
        running = playwright.chromium.launch(executable_path=path, args=flags)
        yield running
        running.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`telltale serve` with the built page and nothing in it; one a file."""
    if not BUNDLE.is_file():
        pytest.fail(
            f"{BUNDLE} is missing: the page is not built. Run `make test`, which builds it,"
            " or `npm ci && npm run build` in web/."
        )
    with serving(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture
def watch() -> Watch:
    """What went wrong in the browser beside what a test looked at; tests may expect some of it."""
    return Watch()


@pytest.fixture
def context(
    browser: Browser, server: Server, watch: Watch
) -> Iterator[Callable[..., BrowserContext]]:
    opened: list[BrowserContext] = []

    def open_context(**settings: object) -> BrowserContext:
        usual = {
            "viewport": {"width": 1440, "height": 900},
            "service_workers": "block",
            "base_url": server.url,
            "timezone_id": "UTC",
            "locale": "en-GB",
        }
        made = browser.new_context(**{**usual, **settings})  # type: ignore[arg-type]
        made.set_default_timeout(EXPECT_MS)
        watch.follow(made, server.url)
        opened.append(made)
        return made

    yield open_context
    for one in opened:
        one.close()


@pytest.fixture
def page(context: Callable[..., BrowserContext], watch: Watch) -> Iterator[Page]:
    """A desktop page; the test fails if the console, a request or another host complains."""
    yield context().new_page()
    watch.check()
