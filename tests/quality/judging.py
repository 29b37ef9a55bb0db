"""Runs judge scripts on small sets that a test makes."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import numpy as np
import pytest

JUDGES = Path(__file__).parents[2] / "benchmarks" / "quality"


def script(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return a judge script as a module."""
    monkeypatch.syspath_prepend(str(JUDGES))
    spec = importlib.util.spec_from_file_location(f"judge_{name}", JUDGES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def judged(name: str, data: Path, train: Path | None = None) -> dict[str, Any]:
    """Return what a judge script prints on its last line, run as it is for real."""
    paths = (JUDGES / f"{name}.py", "--data", data, "--train", train or data)
    command = [sys.executable, *map(str, paths)]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def write_parquet(path: Path, columns: Mapping[str, np.ndarray]) -> None:
    """Write columns as a Parquet file."""
    connection = duckdb.connect()
    connection.register("made", {name: np.asarray(column) for name, column in columns.items()})
    connection.table("made").write_parquet(str(path))
    connection.close()
