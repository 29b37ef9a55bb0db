"""axe-core finds nothing serious on any page, in light and dark, on a phone and on a desk."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.faults.server import Server
from tests.web.conftest import ROOT
from tests.web.kept_models import fan_reading
from tests.web.readings import (
    CRITICAL_MM_S,
    WARN_MM_S,
    learn,
    reading,
    register,
    running,
    send_past,
)

# Pinned in web/package.json, put there by the `npm ci` of the build; never part of the page.
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = {"serious", "critical"}
SIZES = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1440, "height": 900}}
STILL = "* { animation: none !important; transition: none !important; }"


@pytest.fixture(scope="module", autouse=True)
def fleet(server: Server) -> None:
    """Every state at once: critical, warning, normal, silent, inferred, never heard of."""
    for number in range(1, 5):
        register(server, f"pump-{number}", f"Pump {number}")
    register(server, "spare", "Spare pump")
    register(server, "fan-1", "Fan 1", "rotating_machine")
    assert server.push_json("fan-1", [fan_reading(time.time())]).status == 200
    send_past(server, "pump-1", vibration_mm_s=CRITICAL_MM_S)
    send_past(server, "pump-2", vibration_mm_s=WARN_MM_S)
    assert server.push_json("pump-3", reading(time.time() - 3600)).status == 200
    now_s = time.time()
    register(server, "pump-5", "Pump 5")
    assert server.push_json("pump-5", running(200, now_s - 400)).status == 200
    learn(server, "pump-5", now_s - 400, now_s)
    learn(server, "pump-5", now_s - 400, now_s, kind="ewma", role="shadow")
    rows = running(190, now_s - 195, flow_l_min=-60.0)
    assert server.push_json("pump-5", rows).status == 200
    assert server.push_json("mixer", [{"drum_temperature": 30 + i} for i in range(5)]).status == 200


def as_table(page: Page) -> None:
    page.get_by_role("button", name="Table", exact=True).first.click()


def with_both(page: Page) -> None:
    page.get_by_role("button", name="Both").first.click()
    expect(page.get_by_role("region", name="The charts as a table").first).to_be_visible()


def with_menu(page: Page) -> None:
    page.get_by_role("button", name="Display").click()


def with_error(page: Page) -> None:
    page.get_by_label("Vibration", exact=True).fill("740")
    page.get_by_role("button", name="Keep this reading").click()


def with_files(page: Page) -> None:
    log = b"time,bearing_temp_c,odd\n" + b"".join(
        b"2026-01-01T00:00:%02d,4%d,x\n" % (i, i % 9) for i in range(30)
    )
    files = [
        {"name": "log.csv", "mimeType": "text/csv", "buffer": log},
        {"name": "bad.csv", "mimeType": "text/csv", "buffer": bytes(200)},
    ]
    page.set_input_files('input[type="file"]', files)  # type: ignore[arg-type]
    expect(page.get_by_text("How telltale reads it")).to_be_visible()


def with_heat(page: Page) -> None:
    expect(page.get_by_role("heading", name="What moves it")).to_be_visible()
    expect(page.get_by_role("heading", name="Why", exact=True)).to_be_visible()
    with_both(page)


def with_label(page: Page) -> None:
    page.get_by_role("button", name="Say what it was…").first.click()
    expect(page.get_by_role("form", name="Name this stretch")).to_be_visible()


def with_drift(page: Page) -> None:
    page.get_by_text("Still as it learnt?").first.click()
    expect(page.get_by_role("region", name="Inputs now and in training")).to_be_visible()


def with_kinds(page: Page) -> None:
    expect(page.locator(".kinds > li")).to_have_count(8)
    page.locator(".kinds summary").first.click()
    expect(page.locator(".meaning .two")).to_be_visible()


def with_binding(page: Page) -> None:
    files = [{"name": "net.onnx", "mimeType": "application/octet-stream", "buffer": b"none"}]
    page.set_input_files('input[type="file"]', files)  # type: ignore[arg-type]
    page.get_by_role("button", name=re.compile("^All .* channels$")).click()
    page.get_by_label("Outputs, in their order").fill("score")
    page.get_by_role("button", name="Bring it in").click()
    expect(page.locator(".upload .note.crit")).to_be_visible()


def with_waveform(page: Page) -> None:
    rows = b"\n".join(b"%.3f" % (((i * 7919) % 1000) / 1000 - 0.5) for i in range(20_000))
    files = [{"name": "wave.csv", "mimeType": "text/csv", "buffer": rows}]
    page.set_input_files('input[type="file"]', files)  # type: ignore[arg-type]
    page.get_by_label("Measuring point").fill("drive_end")
    page.get_by_label("Samples a second").fill("10000")
    page.get_by_label("Shaft speed, rpm").fill("1500")
    page.get_by_text("Bearing and gear").click()
    for label, value in (("Balls", "9"), ("Their diameter", "8"), ("Pitch diameter", "39")):
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="Judge it").click()
    expect(page.get_by_role("heading", name="Envelope spectrum")).to_be_visible()


def with_failure(page: Page) -> None:
    page.get_by_label("Try it as a shadow").check()
    page.get_by_role("button", name="Learn what is normal").click()
    expect(page.locator(".learn-form .note.crit")).to_be_visible()  # beside which model?
    page.get_by_label("Let it run").check()
    page.get_by_role("button", name="Learn what is normal").click()
    expect(page.locator(".trainings .state").first).to_have_text("Failed")


VIEWS: list[tuple[str, Callable[[Page], None] | None]] = [
    ("/", None), ("/", as_table), ("/", with_menu),
    ("/machines/pump-1", None), ("/machines/pump-1", with_both), ("/machines/pump-1", as_table),
    ("/machines/pump-5", with_heat), ("/machines/pump-5/learn", None),
    ("/machines/pump-5", with_label), ("/machines/pump-5", with_drift),
    ("/machines/fan-1/faults", with_kinds), ("/machines/pump-5/faults", None),
    ("/models", with_binding), ("/machines/pump-5/vibration", with_waveform),
    ("/machines/pump-5/learn?kind=faults", None), ("/machines/pump-5/learn?kind=forecast", None),
    ("/machines/pump-3/learn", with_failure), ("/machines/spare/learn", None),
    ("/models", None), ("/models/1", None), ("/models/2", None), ("/models/99", None),
    ("/machines/spare", None), ("/machines/mixer", None), ("/machines/nobody", None),
    ("/machines/pump-1/history?over=600", with_both),
    ("/import", with_files), ("/entry?machine=pump-1", with_error),
    ("/sources", None), ("/states", None), ("/nowhere", None),
]  # fmt: skip


@pytest.mark.parametrize("size", list(SIZES))
def test_axe_finds_nothing_serious_on_any_page_in_light_and_dark(
    context: Callable[..., BrowserContext], size: str
) -> None:
    if not AXE.is_file():
        pytest.fail(f"{AXE} is missing. Install it beside the page's other parts: npm ci, in web/.")
    page = context(viewport=SIZES[size], color_scheme="light").new_page()
    found: list[str] = []
    for path, prepare in VIEWS:
        page.emulate_media(color_scheme="light")
        page.goto(path)
        expect(page.locator("h1")).not_to_have_text(re.compile("One moment|Asking|^History$"))
        if prepare is not None:
            prepare(page)
        page.add_style_tag(
            content=STILL
        )  # what fades or breathes has another contrast at each moment
        page.evaluate(AXE.read_text() + "; true")
        view = f"{path} {prepare.__name__ if prepare else ''}"
        found += [f"{view} light: {one}" for one in violations(page, "{}")]
        page.emulate_media(color_scheme="dark")  # the same page in other colours
        found += [
            f"{view} dark: {one}" for one in violations(page, "{ runOnly: ['color-contrast'] }")
        ]
    assert not found, "\n".join(found)


def violations(page: Page, options: str) -> list[str]:
    answer = page.evaluate(f"axe.run({options})")
    assert answer["passes"], "axe looked at nothing"
    return [
        f"{one['id']} ({one['impact']}): {node['target']} {node['failureSummary'][:200]}"
        for one in answer["violations"]
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]
