"""`telltale obd`: examines an adapter, reads and clears codes, and plays a car to try it with."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from telltale.cli.obd import only_port
from telltale.errors import SettingsError
from tests.cli.conftest import Run, until

Play = Callable[..., str]


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    """Plays a car on a terminal and returns its name; all are stopped at the end."""
    running: list[subprocess.Popen[str]] = []

    def started(*arguments: str) -> str:
        place = tmp_path / f"adapter{len(running)}"
        command = [sys.executable, "-m", "telltale", "obd", "simulate", "--pty", str(place)]
        running.append(
            subprocess.Popen([*command, *arguments], stdout=subprocess.DEVNULL, text=True)
        )
        until(place.exists)
        return str(place)

    yield started
    for process in running:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_the_doctor_ends_well_and_keeps_a_transcript(run: Run, play: Play, tmp_path: Path) -> None:
    port = play("--code", "p0301")
    done = run("obd", "doctor", "--port", port, "--out", tmp_path / "report.txt", "--json")
    found = json.loads(done.stdout)
    assert found["is_good"]
    assert found["verdict"] == "It works: 23 PIDs over CAN 11 bit, 500 kbit/s."
    assert {"step": "trouble codes", "outcome": "P0301 (stored)"} in found["steps"]
    assert found["requests_hz"] > 5
    assert "7E8064100" in (tmp_path / "report.txt").read_text(encoding="utf-8")


def test_the_doctor_ends_badly_with_a_verdict(run: Run, play: Play) -> None:
    done = run("obd", "doctor", "--port", play("--defect", "is_ignition_off"), check=False)
    assert done.returncode == 1
    assert "Switch the ignition on" in done.stdout
    done = run("obd", "doctor", "--port", "127.0.0.1:9", check=False)
    assert done.returncode == 1
    assert "cannot connect" in done.stdout


def test_codes_are_read_and_cleared_only_on_an_explicit_flag(run: Run, play: Play) -> None:
    port = play("--code", "P0301", "--code", "P0171")
    found = json.loads(run("obd", "codes", "--port", port, "--json").stdout)
    assert [one["code"] for one in found["codes"]] == ["P0301", "P0171"]
    assert found["is_lamp_on"]
    refused = run("obd", "clear", "--port", port, check=False)
    assert refused.returncode == 1
    assert "--yes-clear-codes" in refused.stderr
    assert "P0301" in run("obd", "codes", "--port", port).stdout
    assert (
        "2 codes before, 0 now" in run("obd", "clear", "--port", port, "--yes-clear-codes").stdout
    )
    assert "No trouble codes" in run("obd", "codes", "--port", port).stdout


def test_pids_of_a_car_are_listed_with_their_values(run: Run, play: Play) -> None:
    entries = json.loads(run("obd", "pids", "--port", play(), "--json").stdout)
    values = {one["name"]: one["value"] for one in entries}
    assert 50 < values["coolant_temp_c"] < 120
    assert values["air_pressure_kpa"] == 101
    known = json.loads(run("obd", "pids", "--known", "--json").stdout)
    assert len({one["pid"] for one in known}) >= 120


@pytest.mark.parametrize(
    ("there", "words"),
    [([], "No USB adapter is plugged in"), (["COM3", "COM4"], "There are COM3, COM4")],
)
def test_it_asks_which_adapter_is_meant(
    there: list[str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telltale.sources.obd.serial_link.usb_ports", lambda: there)
    with pytest.raises(SettingsError, match=words):
        only_port()


def test_the_only_usb_adapter_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telltale.sources.obd.serial_link.usb_ports", lambda: ["COM3"])
    assert only_port() == "COM3"
