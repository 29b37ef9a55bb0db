"""Logs of lap timers, ECUs and phone apps: known by their bytes, with units and times right."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telltale.batch import Batch
from telltale.errors import DecodeError
from telltale.formats.base import Decoded
from telltale.formats.facts import FileFacts, ReadOptions
from telltale.formats.files import preview, read_file
from telltale.formats.look import table_of_text
from telltale.formats.mlg import read_mlg
from telltale.formats.mlg_head import MAGIC
from tests.formats.logs.files import TEXTS, mlg

AIM, MOTEC, VBO = TEXTS["aim.csv"], TEXTS["motec.csv"], TEXTS["lap.vbo"]
RACECAPTURE, TORQUE = TEXTS["rc_1.log"], TEXTS["trackLog-2014-Jun-13_18-51-34.csv"]
OPTIONS = ReadOptions(machine="car")


def read(path: Path, options: ReadOptions = OPTIONS) -> tuple[Batch, list[Decoded]]:
    pieces = list(read_file(path, options))
    (batch,) = [batch for piece in pieces for batch in piece.batches]
    return batch, pieces


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def times(batch: Batch) -> list[str]:
    return [str(t) for t in np.datetime_as_string(batch.time_ns.astype("M8[ns]"), unit="ms")]


EXPECTED = {
    "trackLog-2014-Jun-13_18-51-34.csv": (
        "Torque log",
        ["2014-06-13T18:51:34.123", "2014-06-13T18:51:35.123", "2014-06-13T18:52:35.123"],
        {"Engine RPM": ([1726.25, 1730.5, 1733.0], "rpm"), "GPS Speed": ([12.5, 12.6, 12.7], "m/s"),
         "G(x)": ([0.02, np.nan, 0.03], ""), "Speed (OBD)": ([45.0, 46.0, 47.0], "km/h")},
    ),
    "session_v2.csv": (
        "RaceChrono CSV v2",
        ["2015-06-12T16:22:00.100", "2015-06-12T16:22:00.200", "2015-06-12T16:22:00.300"],
        {"Speed": ([41.5, 41.6, 41.7], "m/s"), "Speed (kph)": ([149.4, 149.8, 150.1], "kph"),
         "Lap #": ([1.0, 1.0, 2.0], ""), "Lateral Acceleration": ([0.82, 0.83, 0.84], "G")},
    ),
    "session_v3.csv": (
        "RaceChrono CSV v3",
        ["2021-08-31T08:42:00.000", "2021-08-31T08:42:00.050", "2021-08-31T08:42:00.100"],
        {"speed gps": ([30.5, 30.6, 30.7], "m/s"), "speed obd": ([30.4, 30.5, 30.6], "m/s"),
         "lap_number": ([np.nan, 1.0, 1.0], ""), "rpm": ([4100.0, 4110.0, np.nan], "rpm")},
    ),
    "rc_1.log": (
        "RaceCapture log",
        ["2016-11-24T15:06:40.000", "2016-11-24T15:06:40.020", "2016-11-24T15:06:40.040"],
        {"RPM": ([5100.0, 5120.0, 5140.0], "rpm"), "Battery": ([13.8, np.nan, np.nan], "Volts")},
    ),
    "motec.csv": (
        "MoTeC CSV",
        [f"2005-11-23T10:17:17.{ms:03d}" for ms in (0, 50, 100, 150)],
        {"Engine RPM": ([5120.0, 5140.0, 5160.0, 5180.0], "rpm"),
         "Throttle Pos": ([98.2, 98.3, 98.4, 98.5], "%"), "Gear": ([4.0] * 4, "")},
    ),
    "aim.csv": (
        "AiM CSV",
        [f"2010-09-26T11:21:00.{ms}00" for ms in range(4)],
        {"GPS Speed": ([95.5, 95.9, 96.1, 96.4], "km/h"),
         "Water Temp": ([48.1, 48.2, 48.2, 48.3], "°C")},
    ),
    "lap.vbo": (
        "Racelogic VBO",
        [f"2009-05-26T10:12:34.{ms}00" for ms in (5, 6, 7)],
        {"velocity": ([88.3, 88.5, 88.7], "km/h"),
         "Engine_Speed": ([5120.0, 5140.0, 5160.0], "rpm"),
         "lat": ([51.9849955, 51.984996667, 51.984998333], "deg"),
         "long": ([0.9748795, 0.974881667, 0.974883333], "deg")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_a_loggers_own_file_is_read_with_its_times_units_and_values(
    tmp_path: Path, name: str
) -> None:
    form, when, columns = EXPECTED[name]
    path = written(tmp_path, name, TEXTS[name])
    batch, pieces = read(path)
    assert times(batch) == when
    for column, (values, unit) in columns.items():
        assert batch.columns[column].tolist() == pytest.approx(values, nan_ok=True), column
        assert pieces[0].units.get(column, "") == unit, column
    assert sum(piece.rejected_rows + piece.rejected_values for piece in pieces) == 0
    assert preview(path.read_bytes(), name).format == form


def test_a_link_export_reads_as_any_csv(tmp_path: Path) -> None:
    batch, pieces = read(written(tmp_path, "link.csv", TEXTS["link.csv"]))
    assert batch.columns["MAP"].tolist() == [101.2, 101.3, 101.4]
    assert pieces[0].units["MAP"] == "kPa"


def test_local_times_are_read_in_the_zone_that_is_given(tmp_path: Path) -> None:
    zone = ReadOptions(machine="car", zone=ZoneInfo("Europe/Berlin"))
    assert times(read(written(tmp_path, "t.csv", TORQUE), zone)[0])[0] == "2014-06-13T16:51:34.123"
    assert times(read(written(tmp_path, "m.csv", MOTEC), zone)[0])[0] == "2005-11-23T09:17:17.000"
    assert times(read(written(tmp_path, "a.csv", AIM), zone)[0])[0] == "2010-09-26T09:21:00.000"


def test_windows_line_ends_and_latin_letters_change_nothing(tmp_path: Path) -> None:
    for name, text in TEXTS.items():
        plain, _ = read(written(tmp_path, name, text))
        folder = tmp_path / "other"
        folder.mkdir(exist_ok=True)
        other, _ = read(written(folder, name, text.replace("\n", "\r\n").encode("latin-1")))
        assert list(other.columns) == list(plain.columns)
        assert len(other) == len(plain)


def test_a_racecapture_log_without_gps_time_counts_by_its_interval(tmp_path: Path) -> None:
    text = RACECAPTURE.replace("14800000000", "00000000000")
    batch, _ = read(written(tmp_path, "rc.log", text))
    assert np.diff(batch.time_ns).tolist() == [20_000_000, 20_000_000]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("This file is created using RaceChrono v4.0.3\nFormat,2\n\n", "Export the session again"),
        ('"Format","MoTeC CSV File"\n"Venue","Winton"\n', "Export it again"),
        (VBO.replace("[column names]", "[names]"), "names no columns"),
        (VBO.replace("sats time", "sats clock"), "GPS time"),
    ],
)
def test_a_loggers_file_without_its_table_is_refused_with_what_to_do(
    tmp_path: Path, text: str, why: str
) -> None:
    with pytest.raises(DecodeError, match=why):
        read(written(tmp_path, "log.csv", text))


@given(st.sampled_from(sorted(TEXTS)), st.integers(0, 2000), st.binary(max_size=12))
@settings(max_examples=150, deadline=None)
def test_a_damaged_log_is_read_or_refused(name: str, at: int, noise: bytes) -> None:
    text = TEXTS[name].encode()
    damaged = text[: at % len(text)] + noise + text[at % len(text) + len(noise) // 2 :]
    with suppress(DecodeError):
        assert table_of_text(damaged, FileFacts(name, 1), OPTIONS).machine == "car"


FIELDS = [
    (7, "Time", "s", 1.0, 0.0),
    (2, "RPM", "rpm", 1.0, 0.0),
    (0, "AFR", "O2", 0.1, 0.0),
    (3, "CLT", "°C", 0.1, -320.0),
    (10, "Engine", "bits", 1.0, 0.0),
]
ROWS = [(i * 0.05, 1000 + i, 147, 1220, i % 4) for i in range(400)]


@pytest.mark.parametrize("version", [1, 2])
def test_a_megalog_is_read_with_scales_units_and_the_time_it_began(
    tmp_path: Path, version: int
) -> None:
    path = written(tmp_path, "log.mlg", mlg(FIELDS, ROWS, version=version, marker_before=7))
    batch, pieces = read(path)
    assert len(batch) == 400
    assert times(batch)[:3] == [f"2020-09-02T01:25:42.{ms:03d}" for ms in (0, 50, 100)]
    assert batch.columns["RPM"].tolist() == [1000.0 + i for i in range(400)]
    assert batch.columns["AFR"][0] == pytest.approx(14.7, abs=1e-12)
    assert batch.columns["CLT"][0] == pytest.approx(90.0)
    assert pieces[0].units["RPM"] == "rpm"
    seen = preview(path.read_bytes(), "log.mlg")
    assert (seen.format, seen.machine) == ("MegaLog", "log")
    assert [column.source for column in seen.columns] == ["RPM", "AFR", "CLT", "Engine"]


def test_a_megalog_without_a_time_field_counts_by_its_blocks_clock(tmp_path: Path) -> None:
    path = written(tmp_path, "log.mlg", mlg(FIELDS[1:2], [(1000 + i,) for i in range(100)]))
    batch, _ = read(path)
    assert set(np.diff(batch.time_ns).tolist()) == {50_000_000}


def test_a_megalog_that_begins_anew_or_says_no_date_keeps_its_order(tmp_path: Path) -> None:
    rows = [(i % 50 * 0.05, i, 0, 0, 0) for i in range(100)]
    path = written(tmp_path, "2026-01-31_1405.mlg", mlg(FIELDS, rows, started_s=0))
    batch, _ = read(path)
    assert times(batch)[0] == "2026-01-31T14:05:00.000"
    assert bool(np.all(np.diff(batch.time_ns) > 0))
    assert int(np.diff(batch.time_ns).max()) == 10**9


def test_a_record_whose_checksum_is_wrong_is_left_out_with_a_reason(tmp_path: Path) -> None:
    batch, pieces = read(written(tmp_path, "log.mlg", mlg(FIELDS, ROWS, broken=5)))
    assert len(batch) == 399
    assert pieces[0].rejected_rows == 1
    assert "Row 5: its checksum" in pieces[0].reasons[0].message


def test_what_comes_before_the_end_of_a_cut_megalog_is_kept(tmp_path: Path) -> None:
    pieces = read_file(written(tmp_path, "log.mlg", mlg(FIELDS, ROWS)[:-5]), OPTIONS)
    assert next(pieces).rows == 399
    with pytest.raises(DecodeError, match="What came before is kept"):
        next(pieces)


@given(st.binary(max_size=80), st.integers(0, 600), st.binary(max_size=8))
@settings(max_examples=200, deadline=None)
def test_any_bytes_after_the_magic_are_read_or_refused(body: bytes, at: int, noise: bytes) -> None:
    whole = mlg(FIELDS, ROWS[:20])
    for content in (MAGIC + body, whole[:at] + noise + whole[at + len(noise) :]):
        with suppress(DecodeError):
            for piece in read_mlg(io.BytesIO(content), FileFacts("log.mlg", 1), OPTIONS):
                for batch in piece.batches:
                    assert bool(np.all(np.diff(batch.time_ns) >= 0))


@pytest.mark.parametrize(
    ("name", "content", "program"),
    [
        ("log.daq", b"EMERALD v1.00 file\x1a" + bytes(99), "AEMdata"),
        ("log.llg", b"\xd7\0\0\0lf3\xe5" + bytes(99), "PCLink"),
        ("log.emublog", b"\x82\x60\x44\x22" + bytes(99), "EMU Black"),
        ("log.ld", b"@" + bytes(99), "MoTeC i2"),
    ],
)
def test_a_log_that_only_its_makers_program_reads_is_refused_with_what_to_export(
    tmp_path: Path, name: str, content: bytes, program: str
) -> None:
    path = written(tmp_path, name, content)
    for look in (lambda: list(read_file(path)), lambda: preview(content, name)):
        with pytest.raises(DecodeError, match=f"Open it in {program}.*as CSV"):
            look()


ECU_LOGS = Path(__file__).resolve().parents[4] / "shared" / "data" / "ecu_logs"


@pytest.mark.shared_data
def test_every_real_ecu_log_is_read_whole_or_refused_with_what_to_do() -> None:
    read_rows = {}
    refused = {}
    for path in sorted(ECU_LOGS.glob("*__*")):
        maker = path.name.partition("__")[0]
        try:
            batch, pieces = read(path)
        except DecodeError as error:
            refused[maker] = str(error)
            continue
        assert sum(piece.rejected_rows for piece in pieces) == 0, path.name
        assert bool(np.all(np.diff(batch.time_ns) > 0)), path.name
        read_rows[maker] = len(batch)
    assert read_rows == {"ecumaster": 20_160, "haltech": 879, "speeduino": 139}
    assert refused.keys() == {"aem", "ecumaster", "link"}
    assert all("export it as CSV" in sentence for sentence in refused.values())
