"""`telltale import LOG --dbc FILE`: a CAN log becomes readings with names and units."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run
from tests.formats.can import parts


def drive(folder: Path) -> Path:
    path = folder / "drive.log"
    path.write_text("".join(frame.line() for frame in parts.car_frames()))
    return path


def test_a_person_reads_channels_with_units_and_words_and_what_is_unknown(
    run: Run, tmp_path: Path
) -> None:
    database = parts.database(tmp_path, parts.CAR)
    done = run("import", drive(tmp_path), "--dbc", database)
    assert done.stdout.startswith("drive.log: 225 readings kept, 0 refused.\n")
    assert "engine_speed_rpm [rpm], torque_nm [Nm], gear (Park = 0, Reverse = 1," in " ".join(
        done.stdout.split()
    )
    assert "75 of 300 frames have an identifier that car.dbc does not: 0x7FF (75)." in done.stderr
    again = run("import", drive(tmp_path), "--dbc", database)
    assert "225 were there already" in again.stdout


def test_without_a_database_it_says_which_option_is_missing(run: Run, tmp_path: Path) -> None:
    done = run("import", drive(tmp_path), check=False)
    assert done.returncode == 1
    assert "drive.log is a CAN log (candump)" in done.stderr
    assert "telltale import drive.log --dbc FILE" in done.stderr


def test_each_sender_of_a_truck_can_be_a_machine(run: Run, tmp_path: Path) -> None:
    frames = [
        parts.Frame(parts.START_S + i, f"0CF004{sender}", "F1FFFF0010FFFFFF")
        for i, sender in enumerate(("00", "17"))
    ]
    log = tmp_path / "truck.log"
    log.write_text("".join(frame.line() for frame in frames))
    database = parts.database(tmp_path, parts.TRUCK, "truck.dbc")
    done = run("import", log, "--dbc", database, "--can-senders", "machines", "--json")
    [job] = json.loads(done.stdout)
    assert job["machines"] == ["truck-sa00", "truck-sa17"]


def test_a_bus_of_a_log_can_be_chosen(run: Run, tmp_path: Path) -> None:
    log = drive(tmp_path)
    database = parts.database(tmp_path, parts.CAR)
    done = run("import", log, "--dbc", database, "--can-bus", "can9", check=False)
    assert "has no bus 'can9'. It has can0." in done.stderr


def test_a_database_that_cannot_be_read_stops_before_the_log(run: Run, tmp_path: Path) -> None:
    database = parts.database(tmp_path, "these are words")
    done = run("import", drive(tmp_path), "--dbc", database, check=False)
    assert done.returncode == 1
    assert "car.dbc cannot be read as a DBC file" in done.stderr
