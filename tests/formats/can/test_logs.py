"""Logs of every tool, through the one door: the same frames give the same readings."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import can
import can.io
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telltale.batch import NS_PER_S
from telltale.errors import DecodeError, MissingExtraError, TelltaleError
from telltale.formats.base import Decoded
from telltale.formats.can.logs import blocks_of, log_kind, reader_of
from telltale.formats.can.options import CanOptions
from telltale.formats.can.preview import preview_log
from telltale.formats.can.tables import CanTables
from telltale.formats.facts import ReadOptions
from telltale.formats.files import read_file
from telltale.formats.growing import is_whole_only
from telltale.formats.preview import preview
from tests.formats.can import parts
from tests.formats.can.parts import START_S, Frame, car_frames

FRAMES = car_frames(120)
WRITERS: dict[str, Callable[..., Any]] = {
    "asc": can.io.ASCWriter,
    "blf": can.io.BLFWriter,
    "trc": can.io.TRCWriter,
    "csv": can.io.CSVWriter,
    "log": can.io.CanutilsLogWriter,
}


@pytest.fixture(scope="module")
def car(tmp_path_factory: pytest.TempPathFactory) -> CanTables:
    return parts.tables_of(tmp_path_factory.mktemp("car"), parts.CAR)


def written(folder: Path, suffix: str, frames: list[Frame] = FRAMES) -> Path:
    path = folder / f"drive.{suffix}"
    with WRITERS[suffix](path) as writer:
        for frame in frames:
            writer.on_message_received(frame.message())
    return path


def readings(path: Path, tables: CanTables, **known: Any) -> dict[str, Any]:
    return parts.collected(read_file(path, ReadOptions(can=CanOptions(tables), **known)))


@pytest.mark.parametrize("suffix", WRITERS)
def test_every_format_gives_what_was_written(tmp_path: Path, suffix: str, car: CanTables) -> None:
    path = written(tmp_path, suffix)
    assert log_kind(path.read_bytes()) == {"log": "candump"}.get(suffix, suffix)
    [columns] = readings(path, car, zone=local_zone()).values()
    expected = parts.decode_all(car, FRAMES)["car"]
    assert columns.keys() == expected.keys()
    for name, rows in expected.items():
        time_ns, values = parts.series(rows)
        found_ns, found = parts.series(columns[name])
        np.testing.assert_array_equal(found, values, err_msg=name)
        if suffix in ("csv", "log"):
            np.testing.assert_array_equal(found_ns, time_ns, err_msg=name)
        else:  # their clocks count from a start that is kept to the millisecond
            np.testing.assert_allclose(found_ns - found_ns[0], time_ns - time_ns[0], atol=2000)


def local_zone() -> timezone:
    """Return this computer's zone: python-can writes the wall's time of day."""
    offset = datetime.fromtimestamp(START_S).astimezone().utcoffset()
    return timezone(offset or timedelta(0))


def test_the_zone_of_a_clock_on_the_wall_can_be_given(tmp_path: Path, car: CanTables) -> None:
    text = "date Fri Nov 21 09:00:00.000 am 2025\nbase hex  timestamps absolute\n"
    text += "no internal events logged\n   0.500000 1  100  Rx   d 8 10 27 00 00 00 02 00 00\n"
    path = tmp_path / "drive.asc"
    path.write_text(text)
    for zone in (UTC, timezone(timedelta(hours=5))):
        found = readings(path, car, zone=zone)["drive"]["Torque"]
        wall = datetime(2025, 11, 21, 9, 0, 0, 500_000, tzinfo=zone)
        assert found[0][0] == round(wall.timestamp() * 1000) * 1_000_000


def test_a_packed_log_is_read_as_it_is(tmp_path: Path, car: CanTables) -> None:
    path = tmp_path / "drive.log.gz"
    path.write_bytes(gzip.compress("".join(frame.line() for frame in FRAMES).encode()))
    assert readings(path, car) == {"drive": parts.decode_all(car, FRAMES)["car"]}
    asc = tmp_path / "drive.asc.gz"
    asc.write_bytes(gzip.compress(written(tmp_path, "asc").read_bytes()))
    assert list(readings(asc, car)) == ["drive"]


def test_a_log_whose_clock_counts_from_its_start_ends_when_the_file_was_changed(
    tmp_path: Path, car: CanTables
) -> None:
    path = tmp_path / "drive.log"
    frames = [Frame(1.5 + i, "100", "1027000000020000") for i in range(3)]
    path.write_text("".join(frame.line() for frame in frames))
    os.utime(path, (START_S, START_S))
    pieces = list(read_file(path, ReadOptions(can=CanOptions(car))))
    times = parts.collected(pieces)["drive"]["Torque"]
    assert [time_ns for time_ns, _ in times] == [(START_S - 2 + i) * NS_PER_S for i in range(3)]
    assert "so that it ends when the file was last changed" in pieces[0].notes[0]
    told = readings(path, car, start_ns=0)["drive"]["Torque"]
    assert told[0][0] == 1_500_000_000


def test_frames_of_two_buses_that_swapped_places_are_put_in_order(
    tmp_path: Path, car: CanTables
) -> None:
    frames = [Frame(START_S + t, "100", f"{i:02d}00000000000000") for i, t in enumerate((0, 2e-3))]
    late = Frame(START_S + 1e-3, "200", "0100000000000000").line().replace("can0", "can1")
    path = tmp_path / "drive.log"
    path.write_text(frames[0].line() + frames[1].line() + late)
    pieces = list(read_file(path, ReadOptions(can=CanOptions(car))))
    times = np.concatenate([piece.batches[0].time_ns for piece in pieces])
    assert np.diff(times).tolist() == [1_000_000, 1_000_000]
    only = ReadOptions(can=CanOptions(car, bus="can1"))
    assert "Torque" not in parts.collected(read_file(path, only))["drive"]
    with pytest.raises(DecodeError, match=r"no bus 'can7'. It has can0, can1"):
        list(read_file(path, ReadOptions(can=CanOptions(car, bus="can7"))))


def test_a_log_without_its_database_says_what_is_missing(tmp_path: Path) -> None:
    path = written(tmp_path, "log")
    with pytest.raises(DecodeError, match=r"CAN log \(candump\).*--dbc FILE"):
        list(read_file(path))
    with pytest.raises(DecodeError, match="can-databases/ID/preview"):
        preview(path.read_bytes(), path.name)


def test_a_log_of_which_the_database_knows_nothing_says_which_frames_it_has(
    tmp_path: Path, car: CanTables
) -> None:
    path = written(tmp_path, "log", [Frame(START_S, "7FF", "00")])
    with pytest.raises(DecodeError, match=r"nothing of it is in car.dbc. 1 of 1 frames .* 0x7FF"):
        readings(path, car)


def test_a_log_without_times_cannot_be_dated_and_says_so(tmp_path: Path, car: CanTables) -> None:
    path = tmp_path / "drive.log"
    path.write_text("  can0  100   [2]  01 02\n  can0  100   [2]  01 02\n")
    with pytest.raises(DecodeError, match=r"without times\. Record it with `candump -L`"):
        readings(path, car)


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_watched_log_is_read_once_it_is_whole(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path, suffix)
    assert is_whole_only(path.read_bytes(), path.name)


@pytest.mark.parametrize("suffix", ["asc", "trc", "csv", "log"])
def test_a_line_that_is_broken_costs_only_itself(
    tmp_path: Path, suffix: str, car: CanTables
) -> None:
    lines = written(tmp_path, suffix).read_text().splitlines(keepends=True)
    whole = readings(tmp_path / f"drive.{suffix}", car)["drive"]
    where = len(lines) // 2
    end = "\r\n" if suffix == "trc" else "\n"
    broken = {
        "asc": "   0.5 1  1X0  Rx   d 8 1Q 27",
        "trc": "    99      10.000 DT  1     ZZZZ Rx -  8    00",
        "csv": "x,0x100,0,0,0,8,AAAA",
        "log": "(1.x) can0 100#00",
    }[suffix]
    lines.insert(where, broken + end)
    path = tmp_path / f"broken.{suffix}"
    path.write_text("".join(lines), newline="")
    pieces = list(read_file(path, ReadOptions(can=CanOptions(car))))
    assert parts.collected(pieces)["broken"] == whole
    assert sum(piece.rejected_rows for piece in pieces) == 1
    [reason] = [reason for piece in pieces for reason in piece.reasons]
    assert reason.row == where


def test_a_binary_log_that_is_cut_off_gives_what_came_before(
    tmp_path: Path, car: CanTables
) -> None:
    path = written(tmp_path, "blf", car_frames(20_000))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    taken: list[Decoded] = []
    with pytest.raises(DecodeError, match=r"of \d+,\d+ bytes are there\. It is cut off"):
        taken.extend(read_file(path, ReadOptions(can=CanOptions(car))))
    assert sum(piece.rows for piece in taken) > 1000


def test_an_mf4_log_without_asammdf_ends_in_the_install_command(
    tmp_path: Path, car: CanTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("can.io.mf4.asammdf", None)
    path = tmp_path / "drive.mf4"
    path.write_bytes(b"MDF     4.10    " + bytes(100))
    with pytest.raises(MissingExtraError, match=r'asammdf.*pip install "telltale\[mf4\]"'):
        readings(path, car)


TEXTS = {
    "asc": b"date Fri Nov 21 09:00:00.000 am 2025\nbase hex  timestamps absolute\n",
    "trc": b";$FILEVERSION=2.1\n;$STARTTIME=45000.5\n;$COLUMNS=N,O,T,B,I,d,R,L,D\n",
    "csv": b"timestamp,arbitration_id,extended,remote,error,dlc,data\n",
}
WORDS = [
    b"1.5 1 100 Rx d 8 00 11 22 33 44 55 66 77", b"1 17.4 DT 1 0100 Rx - 8 00 00 00 00 00 00 00 00",
    b"1.5,0x100,0,0,0,8,AAAAAAAAAAA=", b"nan,0x100,0,0,0,8,", b"1e300,0x1,1,0,0,0,",
    b"date x y z", b"base dec timestamps relative", b"Begin Triggerblock Fri", b";$COLUMNS=T",
    b"-1 1 1FFFFFFFFx Rx d 99 00", b"9e18 CANFD 1 Rx 300 1 0 8 8 11 c2",
]  # fmt: skip


@pytest.mark.parametrize("kind", TEXTS)
@settings(max_examples=120, deadline=None)
@given(lines=st.lists(st.one_of(st.sampled_from(WORDS), st.binary(max_size=80)), max_size=12))
def test_any_bytes_are_frames_or_are_refused(
    tmp_path_factory: pytest.TempPathFactory, kind: str, lines: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("any") / f"any.{kind}"
    path.write_bytes(TEXTS[kind] + b"\n".join(lines))
    reader = reader_of(kind, path.name, UTC)
    try:
        frames = list(blocks_of(path, reader))
    except TelltaleError as error:
        assert len(str(error)) > 20  # noqa: PT017  only some inputs end so
    else:
        assert all(np.all(block.time_ns >= 0) for block in frames)
        assert all(np.all(block.lengths <= block.data.shape[1]) for block in frames)


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_first_look_shows_signals_and_what_is_unknown(
    tmp_path: Path, suffix: str, car: CanTables
) -> None:
    path = written(tmp_path, suffix)
    found = preview_log(path.read_bytes(), path.name, CanOptions(car))
    assert (found.frames, found.decoded) == (120, 90)
    by_column = {signal.column: signal for signal in found.signals}
    gear = by_column["Gear"]
    assert (gear.message, gear.id, gear.unit) == ("Engine", "0x100", "")
    assert gear.words["Drive"] == 3.0
    assert gear.rate_hz == pytest.approx(250, rel=0.1)
    expected = parts.decode_all(car, FRAMES)["car"]["Gear"]
    assert gear.count == len(expected)
    assert gear.first == tuple(value for _, value in expected[:5])
    assert [(one.id, one.frames) for one in found.unknown] == [("0x7FF", 30)]


def test_a_first_look_at_a_part_of_a_log_stops_where_it_ends(car: CanTables) -> None:
    text = "".join(frame.line() for frame in FRAMES).encode()
    found = preview_log(text[: len(text) // 2], "drive.log", CanOptions(car))
    assert 55 <= found.frames <= 65
    with pytest.raises(DecodeError, match="no CAN log that telltale knows"):
        preview_log(b"time,speed\n1,2\n", "drive.csv", CanOptions(car))
