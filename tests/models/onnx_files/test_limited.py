"""What runs in a process of its own is told apart when it fails, crashes, or never ends."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from telltale.errors import ModelError
from telltale.models.onnx_files.check import Limits
from telltale.models.onnx_files.limited import run_limited

LIMITS = Limits(memory_bytes=200 * 2**20, cpu_s=10, wall_s=30.0)
SOON = Limits(memory_bytes=200 * 2**20, cpu_s=10, wall_s=2.0)


def test_what_ends_well_says_nothing(tmp_path: Path) -> None:
    run_limited("os:getcwd", tmp_path, "Reading", LIMITS)
    assert (tmp_path / "stderr.txt").read_bytes() == b""


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("time:sleep", r"Reading failed, with 200 MB of memory allowed: TypeError"),
        ("os:no_such_function", "Reading failed.*AttributeError"),
        ("no_such_module:main", "Reading failed.*No module named 'no_such_module'"),
        ("os:abort", "Reading crashed"),
    ],
)
def test_what_ends_badly_is_told(target: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=reason):
        run_limited(target, tmp_path, "Reading", LIMITS)


def test_what_never_ends_is_ended(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Reading took longer than 2 s, and was ended"):
        run_limited("signal:pause", tmp_path, "Reading", SOON)


def test_it_knows_none_of_the_servers_settings_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELLTALE_TOKEN", "secret")
    failed: list[str] = []

    def run() -> None:
        try:
            run_limited("signal:pause", tmp_path, "Reading", SOON)
        except ModelError as error:
            failed.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    child = started_child()
    environment = child.environ()
    assert "TELLTALE_TOKEN" not in environment
    assert environment["OMP_NUM_THREADS"] == "1"
    thread.join(10.0)
    assert failed
    assert not child.is_running()


def started_child() -> psutil.Process:
    until = time.monotonic() + 5.0
    while time.monotonic() < until:
        for child in psutil.Process(os.getpid()).children():
            if "telltale.models.onnx_files.limited" in child.cmdline():
                return child
        time.sleep(0.01)
    raise AssertionError("nothing was started")
