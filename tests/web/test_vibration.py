"""Vibration: a waveform is brought in, judged, drawn with its lines, kept beside earlier ones."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from telltale.batch import FloatArray
from tests.faults.server import Server, serving
from tests.web.test_models import panel
from tests.web.watching import Watch

RATE_HZ = 12_000
SECONDS = 5
RPM = 1_797.0
BALLS, BALL_MM, PITCH_MM = 9, 7.94, 39.04  # the deep-groove bearing 6205-2RS JEM SKF
BPFO_HZ = BALLS / 2 * RPM / 60.0 * (1.0 - BALL_MM / PITCH_MM)
PROFILE = f"""
title = "Motor"
description = "Electric motor with an accelerometer at its drive end."
rate_hz = 1
stale_after_s = 600

[channels.temp_c]
title = "Temperature"
unit = "degC"
range = [-40, 200]

[points.drive_end]
title = "Drive end"
rate_hz = {RATE_HZ}
shaft_rpm = {RPM}
bearing = {{ balls = {BALLS}, ball_mm = {BALL_MM}, pitch_mm = {PITCH_MM} }}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("vibration")
    (folder / "data" / "profiles").mkdir(parents=True)
    (folder / "data" / "profiles" / "motor.toml").write_text(PROFILE)
    with serving(folder) as running_server:
        body = b'{"profile": "motor", "title": "Motor 1"}'
        asked = {"Content-Type": "application/json"}
        answer = running_server.request("PUT", "/api/v1/machines/motor-1", body, asked)
        assert answer.status == 201, answer
        for machine in ("motor-1", "fan-9"):
            rows = [{"time": time.time(), "temp_c": 40.0}]
            assert running_server.push_json(machine, rows).status == 200
        yield running_server


def waveform(knocks_hz: float) -> FloatArray:
    """Return noise in g, with a ringing knock so often a second."""
    rng = np.random.default_rng(7)
    wave: FloatArray = rng.normal(0.0, 0.05, RATE_HZ * SECONDS)
    time_s = np.arange(200) / RATE_HZ
    ring = 0.6 * np.exp(-900.0 * time_s) * np.sin(2.0 * np.pi * 3_000.0 * time_s)
    for k in range(int(SECONDS * knocks_hz)):
        at = int(k / knocks_hz * RATE_HZ)
        wave[at : at + 200] += ring[: len(wave) - at]
    return wave


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """One of a bearing in good order, one of a pitted outer race."""
    paths = tmp_path / "calm.npy", tmp_path / "pitted.npy"
    for path, knocks_hz in zip(paths, (0.0, BPFO_HZ), strict=True):
        buffer = io.BytesIO()
        np.save(buffer, waveform(knocks_hz))
        path.write_bytes(buffer.getvalue())
    return paths


def bring(page: Page, path: Path) -> None:
    page.set_input_files('input[type="file"]', path)
    page.get_by_role("button", name="Judge it").click()


def test_a_waveform_is_judged_drawn_and_kept_beside_the_earlier_one(
    page: Page, server: Server, files: tuple[Path, Path]
) -> None:
    calm, pitted = files
    page.goto("/machines/motor-1")
    page.get_by_role("link", name="Vibration").click()
    expect(page.locator("h1")).to_have_text("Motor 1: no waveform yet")
    bring(page, calm)
    expect(page.locator("h1")).to_have_text("Motor 1, drive end: nothing stands out")
    bring(page, pitted)
    expect(page.locator("h1")).to_have_text("Motor 1, drive end: damage of the outer race")
    says = panel(page, "What it says")
    expect(says.locator(".say")).to_contain_text("Damage of the outer race")
    parts = page.get_by_role("region", name="Evidence by part").locator("tbody tr")
    assert float(parts.first.locator("td").first.inner_text()) > 1.0
    chart = page.get_by_role("img", name=re.compile(rf"BPFO at {BPFO_HZ:.0f}"))
    expect(chart.locator("line.mark")).not_to_have_count(0)
    lines = page.get_by_role("region", name="Lines looked for").locator("tbody tr")
    expect(lines.first).to_contain_text("BPFO")
    expect(lines.first).to_contain_text("Yes")
    expect(page.get_by_role("heading", name="How it came")).to_be_visible()
    earlier = panel(page, "Waveforms").locator("li")
    expect(earlier).to_have_count(2)
    earlier.nth(1).get_by_role("button").first.click()
    expect(page.locator("h1")).to_have_text("Motor 1, drive end: nothing stands out")
    earlier.nth(1).get_by_label(re.compile("^Remove the waveform")).click()
    expect(earlier).to_have_count(1)
    assert len(server.get("/machines/motor-1/waveforms")["waveforms"]) == 1


def test_a_point_that_no_profile_knows_is_judged_by_what_is_typed(
    page: Page, files: tuple[Path, Path], watch: Watch
) -> None:
    watch.allow("404")  # the first try, which lacks what the profile would have said
    page.goto("/machines/fan-9/vibration")
    expect(page.get_by_text("No measuring point is known")).to_be_visible()
    page.set_input_files('input[type="file"]', files[1])
    page.get_by_label("Measuring point").fill("fan_end")
    page.get_by_role("button", name="Judge it").click()
    expect(page.locator(".note.crit")).to_contain_text("sample_rate_hz")
    page.get_by_label("Samples a second").fill(str(RATE_HZ))
    page.get_by_label("Shaft speed, rpm").fill(str(RPM))
    page.get_by_text("Bearing and gear").click()
    for label, value in (
        ("Balls or rollers", BALLS),
        ("Their diameter, mm", BALL_MM),
        ("Pitch diameter, mm", PITCH_MM),
    ):
        page.get_by_label(label).fill(str(value))
    page.get_by_role("button", name="Judge it").click()
    expect(page.locator("h1")).to_have_text("fan-9, fan end: damage of the outer race")
