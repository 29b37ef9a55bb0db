"""Files of every shape, through the one door; the cases are folders in `tests/cases/formats`."""

from __future__ import annotations

import gzip
import os
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from telltale.errors import DecodeError
from telltale.formats.files import ReadOptions, read_file
from telltale.formats.start import id_of_name
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


def test_without_any_date_a_recording_ends_when_its_file_was_changed_last(tmp_path: Path) -> None:
    path = tmp_path / "drive.csv"
    path.write_text("t_s,rpm\n5,800\n6,850\n8,900\n6.5,850\n")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    first, *_ = list(read_file(path))
    (batch,) = joined(iter([first])).values()
    since_end_s = (batch.time_ns - 1_700_000_000 * 10**9) / 1e9
    assert since_end_s.tolist() == [-3.0, -2.0, -1.5, 0.0]
    assert "so that it ends when the file was last changed" in first.notes[0]


@pytest.mark.parametrize("chunk_bytes", [12, 50, 1 << 20])
def test_a_clock_that_begins_anew_goes_on_behind_what_came_before(
    tmp_path: Path, chunk_bytes: int
) -> None:
    path = tmp_path / "drive_2025-01-02.csv"
    path.write_text("t_s,rpm\n" + "".join(f"{t},{t}\n" for t in [*range(30), *range(1, 21)]))
    pieces = list(read_file(path, ReadOptions(chunk_bytes=chunk_bytes)))
    (batch,) = joined(iter(pieces)).values()
    offsets_s = (batch.time_ns - 1_735_776_000 * 10**9) // 10**9
    assert offsets_s.tolist() == list(range(50))
    notes = [note for piece in pieces for note in piece.notes if "begins anew" in note]
    assert len(notes) == 1


def test_an_undated_clock_that_restarts_still_ends_when_the_file_was_changed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "drive.csv"
    path.write_text("t_s,rpm\n" + "".join(f"{t},{t}\n" for t in [*range(30), *range(20)]))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    (batch,) = joined(read_file(path, ReadOptions(chunk_bytes=40))).values()
    assert len(batch) == 50
    assert batch.time_ns[-1] == 1_700_000_000 * 10**9


def test_a_step_back_of_the_loggers_clock_is_no_restart(tmp_path: Path) -> None:
    path = tmp_path / "drive_2025-01-02.csv"
    path.write_text("t_s,rpm\n" + "".join(f"{t},1\n" for t in [0, 1, 2, 1.5, 3, 60, 55, 61]))
    (batch,) = joined(read_file(path)).values()
    offsets_s = (batch.time_ns - 1_735_776_000 * 10**9) / 1e9
    assert offsets_s.tolist() == [0, 1, 1.5, 2, 3, 55, 60, 61]


@pytest.mark.parametrize("chunk_bytes", [40, 1 << 20])
def test_rows_out_of_order_are_all_kept_whatever_the_cuts(tmp_path: Path, chunk_bytes: int) -> None:
    path = tmp_path / "log.csv"
    order = [3, 0, 1, 2, 9, 4, 8, 5, 7, 6]
    path.write_text("time,a\n" + "".join(f"{1_763_712_000 + i},{i}\n" for i in order))
    (batch,) = joined(read_file(path, ReadOptions(chunk_bytes=chunk_bytes))).values()
    assert batch.columns["a"].tolist() == list(range(10))


@pytest.mark.parametrize(
    ("date", "time"),
    [
        ("2025-09-06", "14:05:06.500"),
        ("06.09.2025", "14:05:06,5"),
        ("9/6/2025", "2:05:06.5 PM"),
        ("20250906", "14:05:06.5"),
    ],
)
def test_a_day_and_a_time_in_two_columns_are_read_together(
    tmp_path: Path, date: str, time: str
) -> None:
    path = tmp_path / "log.csv"
    path.write_text(f"Time;Date;a\n{time};{date};1\n{time};{date};2\n")
    first, *_ = list(read_file(path))
    (batch,) = first.batches
    assert batch.time_ns[0] == 1_757_167_506_500_000_000
    assert list(batch.columns) == ["a"]
    assert "The day is in column 'Date', the time in 'Time'." in first.notes


def test_midnight_between_a_day_and_a_time_column_is_right(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("Date,Time,a\n2025-09-06,23:59:59,1\n2025-09-07,00:00:00,2\n")
    (batch,) = joined(read_file(path)).values()
    assert (batch.time_ns[1] - batch.time_ns[0]) == 10**9


def test_seconds_beside_a_day_count_from_that_day(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("Date,Time,a\n2025-09-06,0.0,1\n2025-09-06,0.5,2\n2025-09-06,1.0,3\n")
    (batch,) = joined(read_file(path)).values()
    assert (batch.time_ns - 1_757_116_800 * 10**9).tolist() == [0, 500_000_000, 10**9]


def test_a_column_of_days_alone_is_still_a_clock(tmp_path: Path) -> None:
    path = tmp_path / "daily.csv"
    path.write_text("Date,sold\n2025-09-06,3\n2025-09-07,4\n")
    (batch,) = joined(read_file(path)).values()
    assert (batch.time_ns - 1_757_116_800 * 10**9).tolist() == [0, 86_400 * 10**9]


def test_a_zip_with_one_file_reads_as_the_file(tmp_path: Path) -> None:
    plain, packed = tmp_path / "log.csv", tmp_path / "log.zip"
    plain.write_text("time,a\n1763712000,1\n1763712001,2\n")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(plain, "folder/log.csv")
    places: list[int] = []
    assert as_csv(read_file(packed, on_progress=places.append)) == as_csv(read_file(plain))
    assert 0 < places[-1] <= packed.stat().st_size


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("a.csv", "b.csv"), "holds 2 files: a.csv, b.csv. Unpack it"),
        (("xl/workbook.xml", "xl/sheet1.xml"), "an Excel workbook. Save its sheet as CSV"),
    ],
)
def test_a_zip_of_anything_else_says_what_to_do(
    tmp_path: Path, names: tuple[str, ...], said: str
) -> None:
    path = tmp_path / "log.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "time,a\n1,2\n")
    with pytest.raises(DecodeError, match=re.escape(said)):
        list(read_file(path))


@pytest.mark.parametrize("suffix", ["zip", "gz"])
def test_a_packed_file_that_was_cut_off_says_so(tmp_path: Path, suffix: str) -> None:
    plain, packed = tmp_path / "log.csv", tmp_path / f"log.{suffix}"
    plain.write_text("time,a\n" + "".join(f"{1_763_712_000 + i},{i**3}\n" for i in range(9999)))
    if suffix == "gz":
        packed.write_bytes(gzip.compress(plain.read_bytes())[:-2000])
    else:
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(plain, "log.csv")
        packed.write_bytes(packed.read_bytes()[:-2000])
    with pytest.raises(DecodeError, match=r"(cut off|broken|damaged).*(again)"):
        list(read_file(packed))


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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time,a\nsoon,1\nlater,2\n", "'soon' in column 'time' is not a time. Give Unix s"),
        ("name,colour\na,red\nb,blue\na,red\n", "has no column of numbers"),
        ("Dear reader,\nthis is a letter\n", "has no column of numbers"),
        ('time,a\n1763712000,1\n1763712001,"2\n', "A quote is opened and never ends"),
    ],
)
def test_a_table_that_holds_nothing_to_keep_says_why(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "log.csv"
    path.write_text(text)
    with pytest.raises(DecodeError, match=said):
        list(read_file(path))


def test_rows_before_an_endless_quote_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text('time,a\n1763712000,1\n1763712001,2\n1763712002,"3\n1763712003,4\n')
    pieces = read_file(path)
    kept = next(pieces)
    assert kept.batches[0].columns["a"].tolist() == [1, 2]
    with pytest.raises(DecodeError, match="never ends"):
        next(pieces)


def test_a_time_column_that_is_not_there_is_an_error_with_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("stamp,a\n1763712000,1\n")
    with pytest.raises(DecodeError, match=r"no column 'stmp'\. Did you mean 'stamp'"):
        list(read_file(path, ReadOptions(time_column="stmp")))


def test_one_readable_time_among_bad_ones_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("time,a\nsoon,1\n2025-13-45,2\n2025-01-01 00:00:00,3\n")
    (piece,) = read_file(path)
    assert (piece.rows, piece.rejected_rows) == (1, 2)
    assert piece.reasons[0].message.startswith("Row 0, time: 'soon' is not a time. Give Unix")


def test_two_tables_without_times_changed_in_one_moment_keep_apart(tmp_path: Path) -> None:
    texts = ("car,points\n1,10\n2,8\n", "car,points\n1,12\n2,9\n")
    firsts = []
    for name, text in zip("ab", texts, strict=True):
        path = tmp_path / f"{name}.csv"
        path.write_text(text, encoding="utf-8")
        os.utime(path, ns=(10**18, 10**18))
        for _ in range(2):
            (decoded,) = read_file(path, ReadOptions(machine="car"))
            firsts.append(int(decoded.batches[0].time_ns[0]))
    assert firsts[0] == firsts[1]
    assert firsts[2] == firsts[3]
    assert abs(firsts[0] - firsts[2]) >= 2
    assert all(0 <= first - 10**18 < 10**6 + 2 for first in firsts)


@pytest.mark.parametrize("chunk_bytes", [40, 1 << 20])
def test_columns_that_are_left_out_are_named_once_with_their_reason(
    tmp_path: Path, chunk_bytes: int
) -> None:
    path = tmp_path / "log.csv"
    rows = "".join(
        f'{1_763_712_000 + i},{i},"1,48{i % 10}",remark {i},{1_763_712_000 + i}\n'
        for i in range(50)
    )
    path.write_text("time,x,power_w,remark,timestamp\n" + rows)
    first, *rest = read_file(path, ReadOptions(chunk_bytes=chunk_bytes))
    reasons = {column.column: column.reason for column in first.left_out}
    assert list(reasons) == ["power_w", "remark", "timestamp"]
    assert reasons["power_w"].startswith("'1,480' may be in thousands or a decimal fraction")
    assert (reasons["remark"], reasons["timestamp"]) == ("free text", "a second clock")
    assert not any(piece.left_out for piece in rest)


def test_rows_that_share_a_time_are_spread_and_that_is_said_once(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("time,x\n" + "".join(f"{1_763_712_000 + i // 4},{i}\n" for i in range(40)))
    pieces = list(read_file(path, ReadOptions(chunk_bytes=60)))
    notes = [note for piece in pieces for note in piece.notes if "share a time" in note]
    assert notes == [
        "Rows share a time in column 'time': they are spread evenly over 1 s, so that each is kept."
    ]


def test_a_date_that_reads_both_ways_gets_a_note_unless_the_user_says(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("time,x\n03/04/2026 10:00,1\n")
    (noted,) = read_file(path)
    (told,) = read_file(path, ReadOptions(day_first=True))
    assert "the month is taken" in noted.notes[0]
    assert told.notes == ()
    assert told.batches[0].time_ns[0] - noted.batches[0].time_ns[0] == 30 * 86_400 * 10**9


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("log.json", "utf-16"),
        ("log.json", "utf-16-le"),
        ("log.ndjson", "utf-16"),
        ("log.dat", "utf-16"),
    ],
)
def test_json_in_utf_16_is_named(tmp_path: Path, name: str, encoding: str) -> None:
    path = tmp_path / name
    path.write_bytes(
        '{"time": 1763712000, "x": 1}\n{"time": 1763712001, "x": 2}\n'.encode(encoding)
    )
    with pytest.raises(DecodeError, match="UTF-16"):
        list(read_file(path))


@pytest.mark.parametrize(
    ("name", "machine"),
    [
        ("pump 7.csv.gz", "pump-7"),
        ("Kühl anlage.csv", "Kuehl-anlage"),
        ("Ölpumpe Nº1 é.csv", "Oelpumpe-No1-e"),
        ("насос 2.csv", "насос-2"),
        ("drives/1.csv", "drives-1"),
        ("1.csv", "log-1"),
        ("...csv", "machine"),
    ],
)
def test_a_machine_is_named_after_its_file(name: str, machine: str) -> None:
    assert id_of_name(name) == machine
