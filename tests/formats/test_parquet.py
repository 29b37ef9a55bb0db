"""Parquet files of the shapes that were recorded in cars, made here with DuckDB."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telltale.batch import Batch
from telltale.errors import DecodeError
from telltale.formats.base import LeftOut
from telltale.formats.files import preview, read_file
from telltale.formats.parquet import MAGIC
from telltale.formats.parquet_write import ParquetWriter
from tests.formats.cases import joined


def made(path: Path, query: str) -> Path:
    connection = duckdb.connect()
    connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    connection.close()
    return path


def test_a_wall_clock_takes_its_date_from_the_name(tmp_path: Path) -> None:
    query = (
        "SELECT * FROM (VALUES (0::FLOAT, '07:16:30.444', 31::FLOAT, NULL::FLOAT), "
        "(0.2, '07:16:30.625', 31, 96), (0.1, '07:16:30.535', 31, 95)) "
        'AS t(t_s, "Time", coolant_c, map_kpa)'
    )
    path = made(tmp_path / "2017-07-05_Seat_Leon_KA_S.parquet", query)
    batch = joined(read_file(path))["2017-07-05_Seat_Leon_KA_S"]
    assert batch.time_ns[0] == 1_499_238_990_444_000_000
    np.testing.assert_array_equal(batch.columns["map_kpa"], [np.nan, 95, 96])
    assert "t_s" not in batch.columns


def test_rows_within_a_second_of_run_time_are_spread_over_it(tmp_path: Path) -> None:
    query = "SELECT (i // 2)::FLOAT AS ENGINE_RUN_TIME, i::FLOAT AS ENGINE_RPM FROM range(7) r(i)"
    path = made(tmp_path / "drive_2025-01-02.parquet", query)
    (batch,) = joined(read_file(path)).values()
    assert (np.diff(batch.time_ns) == 500_000_000).all()
    assert len(batch) == 7


def test_the_long_form_is_pivoted(tmp_path: Path) -> None:
    query = (
        "SELECT '2025-09-06T18:40:01.6530Z' AS meta_time, name AS telemetry_name, "
        "value::FLOAT AS telemetry_value FROM (VALUES ('speed', 120.5), ('nmot', 5588)) "
        "AS t(name, value)"
    )
    (batch,) = joined(read_file(made(tmp_path / "car88.parquet", query))).values()
    assert {name: values.tolist() for name, values in batch.columns.items()} == {
        "speed": [120.5],
        "nmot": [5588.0],
    }


def test_what_is_written_reads_back_equal_to_the_nanosecond(tmp_path: Path) -> None:
    time_ns = np.array([1_763_712_000_123_456_789, 1_763_712_000_123_456_790])
    batch = Batch("pump-3", time_ns, {'odd "name"': np.array([1.5, np.nan]), "b": np.ones(2)})
    path = tmp_path / "pump-3.parquet"
    with ParquetWriter(path, tuple(batch.columns)) as writer:
        writer.write(batch.rows(0, 1))
        writer.write(batch.rows(1, 2))
        writer.finish()
    assert list(tmp_path.iterdir()) == [path]
    back = joined(read_file(path))["pump-3"]
    np.testing.assert_array_equal(back.time_ns, time_ns)
    for name, values in batch.columns.items():
        np.testing.assert_array_equal(back.columns[name], values)


def test_a_preview_needs_the_whole_file(tmp_path: Path) -> None:
    path = made(tmp_path / "a.parquet", "SELECT 1763712000 AS time, 2.5 AS oil_c")
    body = path.read_bytes()
    assert [column.source for column in preview(body, "a.parquet").columns] == ["time", "oil_c"]
    with pytest.raises(DecodeError, match="without a preview"):
        preview(body[:-5], "a.parquet")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    query = (
        "SELECT 1763712000 + i AS time, i::FLOAT AS oil_c, "
        "CASE WHEN i % 3 = 0 THEN 'RUN' ELSE 'IDLE' END AS mode FROM range(40) r(i)"
    )
    return made(tmp_path_factory.mktemp("sound") / "a.parquet", query).read_bytes()


def survives(folder: Path, body: bytes) -> None:
    path = folder / "damaged.parquet"
    path.write_bytes(body)
    with suppress(DecodeError):
        for piece in read_file(path):
            assert all(not np.isinf(v).any() for b in piece.batches for v in b.columns.values())
    with suppress(DecodeError):
        assert preview(body, path.name, modified_ns=10**18).columns


quick = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@quick
@given(st.binary(max_size=200))
def test_any_bytes_that_claim_to_be_parquet_give_rows_or_a_clear_error(
    tmp_path: Path, body: bytes
) -> None:
    for whole in (MAGIC + body, MAGIC + body + len(body).to_bytes(4, "little") + MAGIC):
        survives(tmp_path, whole)


@quick
@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.binary(min_size=1, max_size=4)), max_size=4),
    st.integers(0, 10**6),
)
def test_a_damaged_or_cut_parquet_file_gives_rows_or_a_clear_error(
    tmp_path: Path, sound: bytes, damage: list[tuple[int, bytes]], cut: int
) -> None:
    body = bytearray(sound)
    for place, new in damage:
        at = len(MAGIC) + place % (len(body) - 2 * len(MAGIC))
        body[at : at + len(new)] = new
    survives(tmp_path, bytes(body))
    survives(tmp_path, bytes(body)[: max(cut % len(body), len(MAGIC))])


def test_times_in_nanoseconds_are_a_clock_under_any_name(tmp_path: Path) -> None:
    query = "SELECT make_timestamp_ns(1763712000123456789 + i) AS at, i AS x FROM range(2) r(i)"
    (batch,) = joined(read_file(made(tmp_path / "a.parquet", query))).values()
    assert batch.time_ns.tolist() == [1_763_712_000_123_456_789, 1_763_712_000_123_456_790]


def test_a_column_of_lists_is_left_out_with_its_reason(tmp_path: Path) -> None:
    query = "SELECT 1763712000 + i AS time, i AS x, [i, i] AS pair FROM range(3) r(i)"
    first, *_ = read_file(made(tmp_path / "a.parquet", query))
    assert first.left_out == (LeftOut("pair", "lists or structures, not numbers"),)
