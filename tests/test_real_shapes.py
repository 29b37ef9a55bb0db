"""Files shaped like real ones, through `telltale import` to what the API gives back."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from telltale.cli.connection import ApiError, Client, connect
from telltale.cli.imports import Job, Wanted, import_file, import_or_refuse
from telltale.formats.start import id_of_name
from telltale.profiles.names import plain
from tests.formats.cases import BAD, GOOD, input_of

NS = 10**9
UNITS = {  # per case, what a person who knows the feed expects of some names
    "nab": {"value": "1"},
    "ecumaster": {"engine/rpm": "rpm"},
    "haltech": {"Coolant Temperature": "degC", "Manifold Pressure": "kPa"},
    "gr_cup_long": {"speed": "km/h", "accx_can": "g", "nmot": "rpm"},
    "gr_cup_weather": {"AIR_TEMP": "degC", "PRESSURE": "hPa"},
    "gr_cup_sections": {"LAP_TIME": "s", "KPH": "km/h"},
    "gr_cup_results": {"TOTAL_TIME": "s", "FL_KPH": "km/h"},
}


@dataclass(frozen=True, slots=True)
class Kept:
    """A telltale of its own, with a way in and a way out."""

    client: Client
    folder: Path

    def import_(self, path: Path, **wanted: str) -> Job:
        """Import a file as the command does."""
        known = Wanted(
            wanted.get("machine"),
            wanted.get("profile"),
            wanted.get("start"),
            wanted.get("time_column"),
        )
        return import_file(self.client, path, known, quiet=True)

    def channels(self, machine: str) -> tuple[dict[str, str], dict[str, str]]:
        """Return by name in the file the channel, and by channel the unit."""
        profile = self.client.get(f"/machines/{machine}")["profile"]
        found = self.client.get(f"/profiles/{profile}")["channels"]
        by_name = {plain(name): name for name in found}
        for name, channel in found.items():
            for alias in channel["aliases"]:
                spelt = alias if isinstance(alias, str) else alias["name"]
                by_name[plain(spelt)] = name
        return by_name, {name: channel["unit"] for name, channel in found.items()}

    def read(self, machine: str) -> tuple[list[int], dict[str, list[float | None]]]:
        """Return everything that is kept of a machine."""
        got = self.client.get(f"/machines/{machine}/telemetry", **{"from": "1970-01-02"})
        return got["time_ns"], got["columns"]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    folder = tmp_path_factory.mktemp("real_shapes")
    with connect(folder / "data", may_make=True) as client:
        yield Kept(client, folder)


def expected_rows(case: Path) -> list[dict[str, str]]:
    with (case / "expected.csv").open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["machine"] != "refused"]


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.name)
def test_what_the_api_gives_back_is_what_the_file_holds(kept: Kept, case: Path) -> None:
    given = input_of(case)
    path = kept.folder / f"{case.name}_{given.name}"
    shutil.copy2(given, path)
    job = kept.import_(path)
    rows = expected_rows(case)
    assert (job["state"], job["rows"], job["unknown"]) == ("done", len(rows), {}), job
    renamed = {id_of_name(given.name): id_of_name(path.name)}
    units: dict[str, str] = {}
    for row in rows:
        machine = renamed.get(row["machine"], row["machine"])
        by_name, machine_units = kept.channels(machine)
        units |= {name: machine_units[by_name[plain(name)]] for name in said(row)}
        assert held(kept, machine, by_name, row) == pytest.approx(said(row), rel=1e-8)
    assert UNITS.get(case.name, {}).items() <= units.items()


def said(row: dict[str, str]) -> dict[str, float]:
    """Return the values of one expected row, by name in the file."""
    values = {name.split(" [")[0]: text for name, text in row.items() if text}
    return {k: float(v) for k, v in values.items() if k not in {"machine", "time_ns"}}


def held(
    kept: Kept, machine: str, by_name: dict[str, str], row: dict[str, str]
) -> dict[str, float | None]:
    """Return what the API gives for the same machine, moment and names."""
    time_ns, columns = kept.read(machine)
    place = time_ns.index(int(row["time_ns"]))
    return {name: columns[by_name[plain(name)]][place] for name in said(row)}


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
def test_a_file_that_cannot_be_read_ends_with_a_sentence_that_helps(kept: Kept, case: Path) -> None:
    try:
        job = kept.import_(input_of(case))
    except ApiError as error:
        sentence = str(error)
    else:
        assert (job["state"], job["rows"]) == ("failed", 0)
        sentence = job["detail"]
    assert "mistake" not in sentence
    assert any(word in sentence for word in ("Give", "Send", "Export", "Mend", "Pack")), sentence


def parquet(path: Path, columns: str, rows: list[tuple[Any, ...]]) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE log ({columns})")
        connection.executemany(f"INSERT INTO log VALUES ({', '.join('?' * len(rows[0]))})", rows)  # noqa: S608
        connection.execute(f"COPY log TO '{path}' (FORMAT parquet)")


def test_a_trip_takes_its_day_from_the_name_and_its_units_from_the_header(kept: Kept) -> None:
    path = kept.folder / "2017-07-05_Car_RT_S_Stau.parquet"
    rows = [
        (0.0, "07:16:30.444", 31.0, None, None),
        (0.09, "07:16:30.535", 31.0, 96.0, None),
        (0.18, "07:16:30.625", 31.0, 96.0, 20.5),
    ]
    columns = "t_s FLOAT, Time VARCHAR, coolant_c FLOAT, map_kpa FLOAT, maf_gps FLOAT"
    parquet(path, columns, rows)
    job = kept.import_(path)
    assert (job["rows"], job["rejected"], job["unknown"]) == (3, 0, {})
    time_ns, kept_columns = kept.read("2017-07-05_Car_RT_S_Stau")
    first = datetime(2017, 7, 5, 7, 16, 30, 444_000, tzinfo=UTC)
    assert time_ns[0] == int(first.timestamp()) * NS + 444_000_000
    by_name, units = kept.channels("2017-07-05_Car_RT_S_Stau")
    assert kept_columns[by_name["maf_gps"]] == [None, None, 20.5]
    given = {name: units[by_name[name]] for name in ("coolant_c", "map_kpa", "maf_gps")}
    assert given == {"coolant_c": "degC", "map_kpa": "kPa", "maf_gps": "g/s"}


def test_a_fresh_log_whose_clock_counts_from_zero_is_kept_whole(kept: Kept) -> None:
    path = kept.folder / "drive7.parquet"
    rows = [(float(i // 2), 800.0 + i, 81.0) for i in range(2_000)]  # two rows in each second
    parquet(path, "ENGINE_RUN_TIME FLOAT, ENGINE_RPM FLOAT, COOLANT_TEMPERATURE FLOAT", rows)
    ended = datetime.now(UTC) - timedelta(seconds=5)
    os.utime(path, (ended.timestamp(), ended.timestamp()))
    job = kept.import_(path)
    assert (job["state"], job["rows"], job["rejected"]) == ("done", 2_000, 0), job
    assert "so that it ends when the file was last changed" in job["warnings"][0]
    time_ns, columns = kept.read("drive7")
    assert abs(time_ns[-1] / NS - 0.5 - ended.timestamp()) < 0.01
    assert time_ns[-1] - time_ns[0] == 999 * NS + NS // 2
    by_name, _ = kept.channels("drive7")
    assert columns[by_name["engine_rpm"]] == [800.0 + i for i in range(2_000)]


def test_the_start_that_the_user_gives_is_the_first_row(kept: Kept) -> None:
    path = kept.folder / "bench.csv"
    path.write_text("t_ms,torque_nm\n0,1\n500,2\n", encoding="utf-8")
    job = kept.import_(path, start="2025-01-02T03:04:05Z")
    assert job["first_time_ns"] == int(datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()) * NS
    assert job["last_time_ns"] - job["first_time_ns"] == NS // 2
    assert job["warnings"] == []


def test_race_times_of_day_without_a_date_are_never_in_the_future(kept: Kept) -> None:
    path = kept.folder / "sections.csv"
    path.write_text(
        "NUMBER; LAP_NUMBER; LAP_TIME; HOUR\n7;1;1:54.168;23:58:35.322\n7;2;1:53.1;23:59:59.9\n",
        encoding="utf-8",
    )
    job = kept.import_(path, machine="cup")
    assert (job["rows"], job["rejected"], job["machines"]) == (2, 0, ["cup-car-7"])
    of_day_s = job["last_time_ns"] / NS % 86_400
    assert of_day_s == pytest.approx(86_399.9)


def test_a_test_rig_keeps_every_channel_with_its_unit(kept: Kept) -> None:
    path = kept.folder / "rig.csv"
    path.write_text(
        "datetime;Accelerometer1RMS;Accelerometer2RMS;Current;Pressure;Temperature;Thermocouple;"
        "Voltage;Volume Flow RateRMS;anomaly;changepoint\n"
        "2024-03-09 10:14:33;0.02;0.04;1.3;0.05;79.3;26.0;233.1;32.0;0.0;0.0\n"
        "2024-03-09 10:14:34;0.03;0.05;1.4;0.06;79.4;26.1;233.2;32.1;1.0;0.0\n",
        encoding="utf-8",
    )
    job = kept.import_(path)
    assert (job["rows"], job["rejected_values"], job["unknown"]) == (2, 0, {})
    _, units = kept.channels("rig")
    assert units == {
        "accelerometer1_rms_g": "g",
        "accelerometer2_rms_g": "g",
        "current_a": "A",
        "pressure_bar": "bar",
        "temperature_c": "degC",
        "thermocouple_c": "degC",
        "voltage_v": "V",
        "volume_flow_rate_rms_l_min": "l/min",
        "anomaly": "1",
        "changepoint": "1",
    }
    time_ns, columns = kept.read("rig")
    assert time_ns[0] == int(datetime(2024, 3, 9, 10, 14, 33, tzinfo=UTC).timestamp()) * NS
    assert columns["anomaly"] == [0, 1]


def test_a_file_refused_at_the_door_does_not_stop_the_next(kept: Kept) -> None:
    path = kept.folder / "nothing.csv"
    path.write_bytes(b"")
    job = import_or_refuse(kept.client, path, Wanted(None, None, None, None), quiet=True)
    assert (job["state"], job["rows"]) == ("failed", 0)
    assert job["detail"] == "nothing.csv is empty: it has no bytes. Choose another file."


def test_lap_times_of_the_logger_are_a_channel_of_the_car_in_seconds(kept: Kept) -> None:
    path = kept.folder / "lap_time.csv"
    path.write_text(
        "meta_time,timestamp,vehicle_id,lap,value\n"
        "2025-05-17T18:26:31.200Z,2025-05-17T18:26:30.493Z,GR86-006-7,19,147269\n"
        "2025-05-17T18:26:31.201Z,2025-05-17T18:26:30.493Z,GR86-006-7,20,44\n",
        encoding="utf-8",
    )
    kept.import_(path)
    time_ns, columns = kept.read("GR86-006-7")
    assert columns["lap_time_s"] == pytest.approx([147.269, 0.044])
    assert time_ns[1] - time_ns[0] == 500_000  # one instant to the millisecond, yet two laps


def test_an_unknown_name_gets_one_short_sentence_and_an_empty_column_none(kept: Kept) -> None:
    path = kept.folder / "pump-77.csv"
    path.write_text(
        "time,bearing_temp_c,flow_l_min,zzz,empty\n1763712000,40,50,1,\n1763712001,41,50,2,\n",
        encoding="utf-8",
    )
    job = kept.import_(path, profile="industrial_pump")
    assert list(job["unknown"]) == ["zzz"]
    assert job["unknown"]["zzz"].startswith("No such channel on Industrial pump; its ")
    assert len(job["unknown"]["zzz"]) < 90


def test_an_inferred_profile_reads_like_a_person_wrote_it(kept: Kept) -> None:
    path = kept.folder / "kiln_no_7.csv"
    jitter = [0.0, 0.09, 0.21, 0.3, 0.38, 0.52, 0.6, 0.71, 0.8, 0.9]
    rows = "".join(f"{1_763_712_000 + t},{80 + t},\n" for t in jitter)
    path.write_text("time,oil_temp_c,later\n" + rows, encoding="utf-8")
    kept.import_(path)
    profile = kept.client.get("/profiles/kiln_no_7")
    assert profile["title"] == "Kiln no 7"
    assert profile["rate_hz"] == pytest.approx(10, rel=0.2)
    for channel in profile["channels"].values():
        low, high = channel["scale"]
        assert -10 <= low < high <= 200
