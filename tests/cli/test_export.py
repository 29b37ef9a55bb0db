"""`telltale export`: where to, and what it says when that cannot be written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def kiln(run: Run, tmp_path: Path) -> None:
    (tmp_path / "kiln.csv").write_text("time,oil_temp_c\n1763712000,80\n1763712001,81\n")
    run("import", tmp_path / "kiln.csv")


@pytest.mark.usefixtures("kiln")
def test_a_dash_and_nothing_are_standard_output(run: Run, tmp_path: Path) -> None:
    lines = run("export", "kiln").stdout.splitlines()
    assert lines[0].startswith("time,")
    assert len(lines) == 3
    assert run("export", "kiln", "-").stdout.splitlines() == lines
    assert not (tmp_path / "-").exists()


@pytest.mark.usefixtures("kiln")
def test_a_folder_that_is_not_there_is_named(run: Run) -> None:
    done = run("export", "kiln", "nodir/out.csv", check=False)
    assert done.returncode == 2
    assert "there is no folder nodir" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("kiln")
def test_a_script_learns_what_was_written(run: Run, tmp_path: Path) -> None:
    told = json.loads(run("export", "kiln", tmp_path / "out.csv", "--json").stdout)
    assert told["bytes"] == (tmp_path / "out.csv").stat().st_size > 0
    assert run("export", "kiln", "--json", check=False).returncode == 2
