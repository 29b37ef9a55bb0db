"""`telltale label` and `telltale labels`: said, listed, refused, removed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def kept(run: Run, tmp_path: Path) -> Run:
    """Commands beside a folder that has ten minutes of a pump's readings."""
    rows = [f"2026-01-02T10:{i // 60:02d}:{i % 60:02d}Z,{1500 + i % 7}" for i in range(600)]
    log = tmp_path / "pump-1.csv"
    log.write_text("\n".join(["time,motor_speed_rpm", *rows]), encoding="utf-8")
    run("import", log, "--profile", "industrial_pump")
    return run


def test_what_is_said_is_listed_and_can_be_taken_back(kept: Run) -> None:
    stretch = ("--from", "2026-01-02T10:01:00Z", "--to", "2026-01-02T10:02:00Z")
    said = kept("label", "pump-1", *stretch, "--fault", "Worn bearing", "--note", "it howls")
    assert "Label 1 of pump-1: worn bearing." in said.stdout
    assert "No model of this machine learns from it by itself." in said.stdout
    failed = json.loads(kept("label", "pump-1", "--failure", "--json").stdout)
    assert failed["label"]["start_ns"] == failed["label"]["end_ns"] > 0
    listed = json.loads(kept("labels", "pump-1", "--json").stdout)
    assert [one["kind"] for one in listed] == ["failure", "fault"]
    assert listed[1]["note"] == "it howls"
    shown = kept("labels", "pump-1", "--remove", 2).stdout
    assert "worn bearing" in shown
    assert "failure" not in shown


def test_what_cannot_be_said_ends_in_a_sentence(kept: Run) -> None:
    stretch = ("--from", "2026-01-02T10:01:00Z", "--to", "2026-01-02T10:02:00Z")
    nothing = kept("label", "pump-1", *stretch, check=False)
    assert (nothing.returncode, "Say one of --normal" in nothing.stderr) == (2, True)
    kept("label", "pump-1", *stretch, "--normal", "--no-update")
    against = kept("label", "pump-1", *stretch, "--fault", "leak", check=False)
    assert against.returncode == 1
    assert "Label 1 says that pump-1 was normal from 2026-01-02 10:01:00" in against.stderr
    missing = kept("labels", "pump-1", "--remove", 9, check=False)
    assert "pump-1 has no label 9." in missing.stderr
