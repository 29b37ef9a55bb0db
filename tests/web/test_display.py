"""Display: themes, contrast, motion, keyboard; the page stays small and asks nobody else."""

from __future__ import annotations

import gzip
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.faults.server import Server
from tests.web.conftest import BUNDLE
from tests.web.readings import learn, register, running
from tests.web.watching import Watch

PAGES = [
    "/",
    "/machines/pump-1",
    "/machines/pump-1/learn",
    "/machines/pump-1/faults",
    "/machines/pump-1/vibration",
    "/machines/pump-1/history",
    "/models",
    "/models/1",
    "/import",
    "/entry",
    "/sources",
    "/states",
]
MOST_BYTES = 90_000  # scripts and styles of a first visit to one view
MOST_BYTES_IN_ALL = 142_500  # of everything, which the browser fetches while it is idle
LIVE_REGIONS = '[aria-live], [role="alert"], [role="status"]'

LUMINANCE = """() => {
    const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).map(Number);
    return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}"""


@pytest.fixture(scope="module", autouse=True)
def pump(server: Server) -> None:
    register(server, "pump-1", "Pump 1")
    now_s = time.time()
    assert server.push_json("pump-1", running(200, now_s - 300)).status == 200
    learn(server, "pump-1", now_s - 300, now_s)  # a view is whole only with a model
    assert server.push_json("pump-1", running(100, now_s - 99)).status == 200


def brightness(page: Page) -> float:
    return float(page.evaluate(LUMINANCE))


def test_a_theme_is_chosen_and_remembered(page: Page) -> None:
    page.goto("/")
    expect(page.locator("a.tile")).to_have_count(1)
    page.get_by_role("button", name="Display").click()
    seen = {}
    for title in ("Light", "Dark", "High contrast", "Sunlight"):
        page.get_by_role("radio", name=re.compile(f"^{title}")).check()
        seen[title] = brightness(page)
    assert seen["Dark"] < 0.1
    assert seen["Light"] > 0.8
    assert seen["High contrast"] == 0.0
    assert seen["Sunlight"] == pytest.approx(1.0)
    page.get_by_role("radio", name=re.compile("^Dark")).check()
    page.reload()
    expect(page.locator("h1")).not_to_be_empty()
    assert brightness(page) < 0.1
    page.goto("/machines/pump-1")
    assert brightness(page) < 0.1


@pytest.mark.parametrize(
    ("wish", "low", "high"),
    [
        ({"color_scheme": "light"}, 0.8, 1.0),
        ({"color_scheme": "dark"}, 0.01, 0.1),
        ({"color_scheme": "light", "contrast": "more"}, 0.0, 0.0),
    ],
)
def test_the_systems_wish_is_followed(
    context: Callable[..., BrowserContext], wish: dict[str, str], low: float, high: float
) -> None:
    page = context(**wish).new_page()
    page.goto("/")
    expect(page.locator("a.tile")).to_have_count(1)
    assert low <= brightness(page) <= high


@pytest.mark.parametrize(("motion", "moves"), [("reduce", False), ("no-preference", True)])
def test_nothing_moves_when_less_motion_is_wished(
    context: Callable[..., BrowserContext], motion: str, moves: bool
) -> None:
    page = context(reduced_motion=motion).new_page()
    page.goto("/")
    expect(page.locator(".top .live")).to_have_text(re.compile("^Live"))
    running = page.evaluate("document.getAnimations().length")
    assert (running > 0) is moves
    hover = page.evaluate(
        "getComputedStyle(document.querySelector('.btn')).transitionDuration.split(',')[0]"
    )
    assert (hover != "0s") is moves


def test_the_fleet_is_walked_by_keyboard_alone(page: Page) -> None:
    page.goto("/")
    expect(page.locator("a.tile")).to_have_count(1)
    reached: list[str] = []
    for _ in range(40):
        page.keyboard.press("Tab")
        one = page.evaluate(
            """() => {
                const at = document.activeElement;
                const ring = getComputedStyle(at);
                const name = at.getAttribute("aria-label") || at.textContent.trim();
                return [name, ring.outlineStyle !== "none" && parseFloat(ring.outlineWidth) >= 2];
            }"""
        )
        if one[0].startswith("Skip") and reached:
            break
        reached.append(one[0])
        assert one[1], f"focus is not seen on {one[0]}"
        if one[0].startswith("See the sources"):
            break
    order = [
        "Skip to content",
        "Fleet",
        "History",
        "Import",
        "Display",
        "Tiles",
        "Pump 1",
        "Choose a file",
    ]
    places = [next(i for i, name in enumerate(reached) if name.startswith(word)) for word in order]
    assert places == sorted(places), reached


def test_the_skip_link_and_a_followed_link_put_focus_on_the_content(page: Page) -> None:
    page.goto("/")
    expect(page.locator("a.tile")).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.locator("a.tile").focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Pump 1")
    expect(page.locator("#main")).to_be_focused()


def test_a_menu_opens_and_closes_by_keyboard_and_gives_focus_back(page: Page) -> None:
    page.goto("/")
    expect(page.locator("a.tile")).to_have_count(1)
    button = page.get_by_role("button", name="Display")
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Tab")
    expect(page.get_by_label("As the system")).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_have_attribute("aria-expanded", "false")
    expect(button).to_be_focused()


def test_no_page_scrolls_sideways_complains_or_asks_another_host(page: Page, watch: Watch) -> None:
    for path in PAGES:
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(path)
        expect(page.locator("h1")).not_to_have_text(re.compile("One moment|Asking"))
        page.wait_for_load_state("networkidle")
        for width in (1440, 820, 390):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.locator(LIVE_REGIONS).count() == 1, path
        assert len(page.title()) > len(" · telltale"), path


def packed_bytes(folder: Path, names: Iterable[str]) -> dict[str, int]:
    return {name: len(gzip.compress((folder / name).read_bytes())) for name in names}


@pytest.mark.parametrize("path", [*PAGES, "/nowhere"])
def test_a_first_visit_to_any_view_loads_little(
    context: Callable[..., BrowserContext], path: str
) -> None:
    page = context().new_page()
    html = re.sub(r'<link rel="prefetch"[^>]*>', "", BUNDLE.read_text())
    page.route(
        lambda url: not urlsplit(url).path.startswith(("/api/", "/assets/", "/icon")),
        lambda route: route.fulfill(body=html, content_type="text/html"),
    )  # without what is fetched in idle moments for later
    loaded: set[str] = set()
    page.on("request", lambda request: loaded.add(urlsplit(request.url).path))
    page.goto(path)
    expect(page.locator("h1")).not_to_have_text(re.compile("One moment|Asking"))
    page.wait_for_load_state("networkidle")
    names = [name[1:] for name in loaded if name.startswith("/assets/")]
    packed = packed_bytes(BUNDLE.parent, names)
    assert any(name.endswith(".css") for name in packed)
    assert sum(packed.values()) < MOST_BYTES, packed


def test_the_whole_page_is_small_and_every_piece_of_it_is_named_for_offline() -> None:
    folder = BUNDLE.parent
    pieces = [f"assets/{file.name}" for file in (folder / "assets").iterdir()]
    packed = packed_bytes(folder, ["index.html", "sw.js", *pieces])
    assert sum(packed.values()) < MOST_BYTES_IN_ALL, packed
    html = BUNDLE.read_text()  # the service worker keeps what it names
    assert [piece for piece in pieces if f'"/{piece}"' not in html] == []
