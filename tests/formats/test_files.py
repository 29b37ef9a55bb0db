"""Files of every shape, through the one door; the cases are folders in `tests/cases/formats`."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from telltale.errors import DecodeError
from telltale.formats.files import ReadOptions, read_file
from tests.formats.cases import BAD, CASES, GOOD, as_csv, input_of, joined


def test_every_case_expects_something() -> None:
    assert len(GOOD) >= 20
    assert len(BAD) >= 4
    assert sorted(GOOD + BAD) == CASES


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.name)
def test_a_file_gives_the_samples_that_its_case_expects(case: Path) -> None:
    assert as_csv(read_file(input_of(case))) == (case / "expected.csv").read_text()


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
def test_a_broken_file_says_what_is_wrong(case: Path) -> None:
    with pytest.raises(DecodeError) as error:
        list(read_file(input_of(case)))
    assert str(error.value) == (case / "expected_error.txt").read_text().rstrip("\n")


@pytest.mark.parametrize("chunk_bytes", [40, 97, 256])
@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.name)
def test_the_size_of_the_chunks_changes_nothing(case: Path, chunk_bytes: int) -> None:
    whole = joined(read_file(input_of(case)))
    pieces = joined(read_file(input_of(case), ReadOptions(chunk_bytes=chunk_bytes)))
    assert pieces.keys() == whole.keys()
    for machine, batch in whole.items():
        names = sorted({*batch.columns, *pieces[machine].columns})
        cut = pieces[machine].select(names)
        np.testing.assert_array_equal(cut.time_ns, batch.time_ns)
        for name, values in batch.select(names).columns.items():
            np.testing.assert_array_equal(cut.columns[name], values)


def test_a_packed_file_reads_as_the_plain_one(tmp_path: Path) -> None:
    plain, packed = tmp_path / "log.csv", tmp_path / "log.csv.gz"
    plain.write_text("time,a\n1763712000,1\n1763712001,2\n")
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert as_csv(read_file(packed)) == as_csv(read_file(plain))


def test_the_start_that_the_user_gives_comes_before_the_date_in_the_name(tmp_path: Path) -> None:
    path = tmp_path / "drive_2025-01-02.csv"
    path.write_text("t_s,rpm\n0,800\n0.5,900\n")
    (given,) = joined(read_file(path, ReadOptions(start_ns=10**18))).values()
    (named,) = joined(read_file(path)).values()
    assert given.time_ns.tolist() == [10**18, 10**18 + 500_000_000]
    assert named.time_ns[0] == 1_735_776_000 * 10**9


def test_without_any_date_the_last_change_of_the_file_is_the_start(tmp_path: Path) -> None:
    path = tmp_path / "drive.csv"
    path.write_text("t_s,rpm\n0,800\n1,900\n")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    (batch,) = joined(read_file(path)).values()
    assert batch.time_ns.tolist() == [1_700_000_000 * 10**9, 1_700_000_001 * 10**9]


def test_a_large_file_is_read_a_piece_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("w") as file:
        file.write("time,a,b\n")
        for i in range(60_000):
            file.write(f"{1_763_712_000_000 + 100 * i},{i},{i / 2}\n")
    pieces = list(read_file(path, ReadOptions(chunk_bytes=64 * 1024)))
    assert sum(piece.rows for piece in pieces) == 60_000
    assert max(piece.rows for piece in pieces) < 5_000
    (batch,) = joined(pieces).values()
    assert batch.columns["a"].tolist() == list(range(60_000))


def test_a_quote_that_never_ends_is_an_error_not_a_full_memory(tmp_path: Path) -> None:
    path = tmp_path / "quote.csv"
    path.write_text("time,a\n1,2\n" + '1,"' + "x,\n" * 2_000_000)
    with pytest.raises(DecodeError, match="quote never ends"):
        list(read_file(path, ReadOptions(chunk_bytes=1 << 20)))


def test_the_users_machine_goes_before_the_cars_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "results_2025-09-06.csv"
    path.write_text("POSITION;NUMBER;LAPS\n1;13;27\n2;22;27\n")
    assert list(joined(read_file(path))) == ["car-13", "car-22"]
    named = joined(read_file(path, ReadOptions(machine="barber")))
    assert list(named) == ["barber-car-13", "barber-car-22"]


def test_words_keep_their_numbers_through_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "flags.csv"
    rows = "".join(f"{1_763_712_000 + i},{'GF' if i % 3 else 'FCY'}\n" for i in range(200))
    path.write_text("time,flag\n" + rows)
    pieces = list(read_file(path, ReadOptions(chunk_bytes=300)))
    assert len(pieces) > 3
    assert all(piece.codes["flag"] == {"FCY": 0.0, "GF": 1.0} for piece in pieces[1:])
    (batch,) = joined(pieces).values()
    assert batch.columns["flag"].tolist() == [1.0 if i % 3 else 0.0 for i in range(200)]


def test_the_named_time_column_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    path.write_text("time,sampled_at,a\n1763712000,1763712100,1\n1763712001,1763712101,2\n")
    (batch,) = joined(read_file(path, ReadOptions(time_column="sampled_at"))).values()
    assert batch.time_ns[0] == 1_763_712_100 * 10**9
