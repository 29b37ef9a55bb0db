"""`telltale diagnose`: a file's verdict with its evidence, with and without a server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from telltale.models.vibration.bearings import SKF_6205, Part
from tests.cli.conftest import Run, Served
from tests.formats.waveform_files import npy, wav
from tests.models.vibration.signals import bearing_waveform

GEOMETRY = ("--balls", 9, "--ball-mm", 7.94, "--pitch-mm", 39.04)
TURNING = ("--rate-hz", 12_000, "--rpm", 1772)
PROFILE = """title = "Motor"
description = "A motor."
[points.drive_end]
rate_hz = 12000
shaft_rpm = 1772
bearing = { balls = 9, ball_mm = 7.94, pitch_mm = 39.04 }
"""


@pytest.fixture
def shaken(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    file = tmp_path / "wave.npy"
    file.write_bytes(npy(bearing_waveform(Part.INNER_RACE, SKF_6205.orders(), rng, seconds=4.0)))
    return file


def test_a_file_is_diagnosed_without_a_server(run: Run, shaken: Path, data: Path) -> None:
    said = run("diagnose", shaken, *TURNING, *GEOMETRY).stdout
    assert said.startswith("INNER RACE: Damage of the inner race: 4 of 4 harmonics of BPFI (")
    assert "kurtosis" in said
    row = next(line for line in said.splitlines() if "1 x BPFI +1" in line)
    assert row.split()[:2] == ["inner", "race"]
    assert float(row.split()[6]) == pytest.approx((5.4152 + 1.0) * 1772 / 60, abs=0.1)
    assert not data.exists()


def test_fault_orders_do_in_place_of_the_geometry(run: Run, shaken: Path) -> None:
    of_geometry = json.loads(run("diagnose", shaken, *TURNING, *GEOMETRY, "--json").stdout)
    given = of_geometry["bearing"]["orders"]
    orders = ("--orders", given["bpfo"], given["bpfi"], given["bsf"], given["ftf"])
    assert json.loads(run("diagnose", shaken, *TURNING, *orders, "--json").stdout) == of_geometry


def test_a_wav_file_says_its_own_rate(run: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    waveform = bearing_waveform(Part.OUTER_RACE, SKF_6205.orders(), rng, seconds=4.0)
    file = tmp_path / "wave.wav"
    file.write_bytes(wav(np.clip(waveform / 10.0, -1.0, 1.0), 12_000))
    said = run("diagnose", file, "--rpm", 1772, *GEOMETRY).stdout
    assert said.startswith("OUTER RACE: ")
    assert "Note: The samples are integers and no scale is given" in said


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "The sampling rate is not known: the file does not say it."),
        (("--rate-hz", 12_000, *GEOMETRY), "shaft_rpm is missing (`--rpm`)"),
        (("--rate-hz", 12_000, "--rpm", 60, *GEOMETRY), "Record at least 15.00 s: 15 turns"),
        (("--rate-hz", 12_000, "--rpm", 1e9, *GEOMETRY), "1e+09 is no speed"),
        (("--rate-hz", 12_000, "--rpm", 1e6, *GEOMETRY), "Check the shaft speed"),
        ((*TURNING, "--orders", 3e8, 5e8, 2e8, 0.398), "<= 500"),
        (("--rate-hz", 1e-9, "--rpm", 1772, *GEOMETRY), ">= 1.0"),
        (("--rate-hz", 0, "--rpm", 1772, *GEOMETRY), "sample_rate_hz is 0. Give a number above 0"),
        ((*TURNING, "--balls", 9), "Missing: ball_mm, pitch_mm"),
        ((*TURNING, "--machine", "m"), "Give --machine and --point together"),
        ((*TURNING, "--time", "2026-01-01"), "give --machine too"),
    ],
)
def test_what_is_missing_is_told_in_one_sentence(
    run: Run, shaken: Path, options: tuple[object, ...], told: str
) -> None:
    done = run("diagnose", shaken, *options, check=False)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_machine_keeps_what_was_sent_to_it(
    run: Run, shaken: Path, data: Path, start: Callable[..., Served]
) -> None:
    (data / "profiles").mkdir(parents=True)
    (data / "profiles" / "motor.toml").write_text(PROFILE)
    served = start("serve", "--udp-port", 0)
    served.post("/api/v1/machines/m/telemetry?profile=motor", [{"drive_end_kurtosis": 3.0}])
    offline = json.loads(run("diagnose", shaken, *TURNING, *GEOMETRY, "--json").stdout)
    sent = json.loads(
        run("diagnose", shaken, "--machine", "m", "--point", "drive_end", "--json").stdout
    )
    assert {key: sent[key] for key in offline} == offline
    (kept,) = served.get("/api/v1/machines/m/waveforms")["waveforms"]
    assert kept == sent
    (event,) = served.get("/api/v1/machines/m")["open_events"]
    assert sent["sentence"] in event["message"]
