"""Logs decode as cantools decodes them, signal by signal: a small own log, and the real ones.

The real recordings are beside the repository where somebody put them; the own log always is.
"""

from __future__ import annotations

import csv
import struct
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pytest

from telltale.batch import NS_PER_S
from telltale.formats.can.databases import load_tables
from telltale.formats.can.logs import blocks_of, log_kind, reader_of
from telltale.formats.can.options import CanOptions
from telltale.formats.facts import ReadOptions
from telltale.formats.files import read_file
from tests.formats.can import parts
from tests.formats.can.parts import SHARED, START_S
from tests.formats.can.test_transport import fast_packets

Values = dict[tuple[str, str], list[tuple[float, float]]]  # message, signal -> seconds, value


@dataclass(frozen=True, slots=True)
class Recording:
    """A log, its database, and what an outside decoder makes of it."""

    log: Path
    database: Path
    expected: Values


def recordings() -> list[str]:
    if not SHARED.is_dir():
        return ["own"]
    with (SHARED / "index.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["dbc"]]
    return ["own", *(row["file"].split(".")[0] for row in rows)]


def recording(name: str, folder: Path) -> Recording:
    if name != "own":
        with (SHARED / "index.csv").open() as file:
            [row] = [row for row in csv.DictReader(file) if row["file"].startswith(f"{name}.")]
        database = SHARED / "dbc" / row["dbc"]
        return Recording(SHARED / f"{name}.log", database, reference(name, database))
    frames = parts.car_frames(2000)
    log = folder / "own.log"
    log.write_text("".join(frame.line() for frame in frames))
    database = parts.database(folder, parts.CAR)
    judged = parts.judged(database, frames)
    expected = {
        key: [(time_ns / NS_PER_S - START_S, value) for time_ns, value in rows]
        for key, rows in judged.items()
    }
    return Recording(log, database, expected)


def reference(name: str, database: Path) -> Values:
    path = SHARED / f"reference_decode__{name}.parquet"
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT * FROM '{path}'")  # noqa: S608
        names = [column[0] for column in found.description]
        rows = found.fetchall()
    expected: Values = {}
    by_signal = {s.name: m.name for m in load_tables(database).messages for s in m.signals}
    for time_s, message, signal, value in rows:
        owner = message if "message" in names else by_signal[signal]
        expected.setdefault((owner, signal), []).append((time_s, value))
    return expected


@pytest.mark.parametrize("name", recordings())
def test_every_signal_has_the_values_and_times_of_the_reference(name: str, tmp_path: Path) -> None:
    real = recording(name, tmp_path)
    tables = load_tables(real.database)
    options = ReadOptions(can=CanOptions(tables), start_ns=0)
    found = parts.collected(read_file(real.log, options))
    [columns] = found.values()
    first = next(iter(blocks_of(real.log, reader_of("candump", name, options.zone))))
    # Times in the reference count from the first frame; of a clock that does, from its start.
    is_dated = first.time_ns[0] > NS_PER_S * 10**8
    start_ns = first.time_ns[0] if is_dated else 0
    column_of = {(m.name, s.name): s.column for m in tables.messages for s in m.signals}
    assert real.expected
    for key, rows in real.expected.items():
        time_s, values = (np.array(part) for part in zip(*rows, strict=True))
        there = ~np.isnan(values)
        time_ns, decoded = parts.series(columns[column_of[key]])
        np.testing.assert_allclose(decoded, values[there], rtol=1e-9, atol=1e-9, err_msg=str(key))
        since_s = (time_ns - start_ns) / NS_PER_S
        np.testing.assert_allclose(since_s, time_s[there], atol=5e-6, err_msg=str(key))


@pytest.mark.parametrize(
    "name", [name for name in recordings() if name.startswith("gt")] or ["own"]
)
def test_a_real_log_in_order_gives_rows_in_order(name: str, tmp_path: Path) -> None:
    real = recording(name, tmp_path)
    options = ReadOptions(can=CanOptions(load_tables(real.database)), chunk_bytes=50_000)
    times = [batch.time_ns for piece in read_file(real.log, options) for batch in piece.batches]
    assert len(times) > 1
    assert np.all(np.diff(np.concatenate(times)) >= 0)


def boat_log(folder: Path) -> Path:
    """Return the real boat's log; else one with three positions that are told both ways."""
    real = SHARED / "nmea2000_94C49784.log"
    if real.is_file():
        return real
    path = folder / "boat.log"
    frames: list[parts.Frame] = []
    for i in range(3):
        time_s = START_S + i
        latitude, longitude = 426_610_000 + i, -812_127_000 - i
        quick = struct.pack("<ii", latitude, longitude)
        whole = bytes(7) + struct.pack("<qq", latitude * 10**9, longitude * 10**9) + bytes(20)
        frames += fast_packets(whole, sequence=i, start_s=time_s)
        frames.append(parts.Frame(time_s + 0.1, "09F80123", quick.hex()))
    path.write_text("".join(frame.line() for frame in frames))
    return path


def test_a_boats_position_in_fast_packets_is_the_one_in_its_short_messages(tmp_path: Path) -> None:
    tables = parts.tables_of(tmp_path, parts.BOAT, "boat.dbc")
    pieces = list(read_file(boat_log(tmp_path), ReadOptions(can=CanOptions(tables), start_ns=0)))
    [columns] = parts.collected(pieces).values()
    for name in ("Latitude", "Longitude"):
        time_ns, slow = parts.series(columns[name])
        quick_ns, quick = parts.series(columns[f"Quick{name}"])
        near = quick[np.abs(quick_ns - time_ns[:, None]).argmin(axis=1)]
        np.testing.assert_allclose(slow, near, atol=2e-5)  # two metres: the boat moves
        assert len(slow) >= 3
    assert not any("were not complete" in note for piece in pieces for note in piece.notes)


def formats() -> list[Path]:
    return sorted((SHARED / "format_fixtures").glob("*.*")) if SHARED.is_dir() else []


def test_real_files_of_other_tools_are_known_and_read_to_their_ends() -> None:
    for path in formats():
        kind = log_kind(path.read_bytes()[:65_536])
        assert kind == path.suffix[1:], path.name
        reader = reader_of(kind, path.name, ReadOptions().zone)
        n_frames = sum(len(frames) for frames in blocks_of(path, reader))
        assert n_frames + reader.others > 0, path.name
        assert reader.refusals.rows == 0, path.name
