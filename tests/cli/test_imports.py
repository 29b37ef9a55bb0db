"""`telltale import` tells what it kept, what it left out and what it guessed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run

LOG = "time,Oil Temp [°C],power_w,flag,remark\n" + "".join(
    f'2026-01-02 10:00:{s // 2:02d},{80 + s / 10:.1f},"1,{480 + s}.5",{"FCY" if s % 3 else "GF"},'
    f"note number {s} of the operator\n"
    for s in range(60)
)


def imported(run: Run, *arguments: object, check: bool = True) -> dict[str, Any]:
    (job,) = json.loads(run("import", *arguments, "--json", check=check).stdout)
    found: dict[str, Any] = job
    return found


def test_a_person_reads_rows_channels_units_times_and_what_was_left_out(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "kiln.csv").write_text(LOG, encoding="utf-8")
    done = run("import", tmp_path / "kiln.csv")
    first, second, third = done.stdout.splitlines()[:3]
    assert first == "kiln.csv: 60 readings kept, 0 refused."
    assert second.startswith("  kiln, 2026-01-02 10:00:00 to 2026-01-02 10:00:29 UTC, ")
    assert third == "  oil_temp_c [degC], power_w [W], flag (GF = 0, FCY = 1)"
    assert "left out, free text: remark" in done.stderr
    assert "spread evenly over 1 s" in done.stderr


def test_a_script_gets_the_same_as_json(run: Run, tmp_path: Path) -> None:
    (tmp_path / "kiln.csv").write_text(LOG, encoding="utf-8")
    job = imported(run, tmp_path / "kiln.csv")
    assert [(c["column"], c["channel"], c["unit"]) for c in job["channels"]] == [
        ("Oil Temp", "oil_temp_c", "degC"),
        ("power_w", "power_w", "W"),
        ("flag", "flag", "1"),
    ]
    assert job["left_out"] == [{"column": "remark", "reason": "free text"}]
    assert (job["rows"], job["replaced"]) == (60, 0)
    assert imported(run, tmp_path / "kiln.csv")["replaced"] == 60


@pytest.mark.parametrize(
    ("option", "month"), [((), "03"), (("--day-first",), "04"), (("--month-first",), "03")]
)
def test_a_date_that_reads_both_ways_is_read_as_usual_or_as_told(
    run: Run, tmp_path: Path, option: tuple[str, ...], month: str
) -> None:
    path = tmp_path / "drive.csv"
    path.write_text("time,oil_c\n03/04/2026 10:00:00,80\n03/04/2026 10:00:01,81\n")
    done = run("import", path, *option)
    day = "03" if month == "04" else "04"
    assert f"2026-{month}-{day} 10:00:00" in done.stdout
    assert ("may begin with the day or with the month" in done.stderr) == (option == ())


def test_files_named_by_a_number_take_their_folders_name(run: Run, tmp_path: Path) -> None:
    for folder in ("Kühl anlage", "oven"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.csv").write_text("time,oil_c\n1763712000,80\n")
        run("import", tmp_path / folder / "1.csv")
    machines = json.loads(run("machines", "--json").stdout)
    assert {machine["id"] for machine in machines} == {"Kuehl-anlage-1", "oven-1"}


def test_an_import_that_keeps_nothing_leaves_no_machine_behind(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "kiln.csv"
    path.write_text("time,oil_temp_c\n2199-01-01 00:00:00,80\n")
    job = imported(run, path, check=False)
    assert (job["state"], job["rows"], job["rejected"]) == ("failed", 0, 1)
    assert "not in the future" in job["detail"]
    assert json.loads(run("machines", "--json").stdout) == []
