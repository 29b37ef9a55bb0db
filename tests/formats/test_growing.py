"""A file that is fed as it grows gives what it gives as a whole, wherever it is cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from telltale.errors import DecodeError
from telltale.formats.base import Decoded
from telltale.formats.facts import ReadOptions
from telltale.formats.files import read_file
from telltale.formats.growing import growing_file, is_whole_only
from tests.formats.cases import GOOD, input_of, joined

IN_PARTS = [c for c in GOOD if not is_whole_only(input_of(c).read_bytes(), input_of(c).name)]


def fed(path: Path, step: int) -> list[Decoded]:
    """Return what a file gives that is fed so many bytes at a time, with a rest in the middle."""
    reader = growing_file(path, ReadOptions())
    assert reader is not None
    body = path.read_bytes()
    pieces = [reader.feed(body[i : i + step]) for i in range(0, len(body), step)]
    pieces.append(reader.feed(b"", rests=True))
    reader.end()
    return [piece for piece in pieces if piece is not None]


def test_most_cases_can_be_fed() -> None:
    assert len(IN_PARTS) >= 20


@pytest.mark.parametrize("step", [1, 7, 64, 100_000])
@pytest.mark.parametrize("case", IN_PARTS, ids=lambda case: case.name)
def test_where_a_file_is_cut_changes_nothing(case: Path, step: int) -> None:
    whole = joined(read_file(input_of(case)))
    parts = joined(fed(input_of(case), step))
    assert parts.keys() == whole.keys()
    for machine, batch in whole.items():
        names = sorted({*batch.columns, *parts[machine].columns})
        np.testing.assert_array_equal(parts[machine].time_ns, batch.time_ns)
        for name, values in batch.select(names).columns.items():
            np.testing.assert_array_equal(parts[machine].select(names).columns[name], values)


def test_what_is_said_of_the_whole_file_comes_with_its_first_readings(tmp_path: Path) -> None:
    path = tmp_path / "drive.csv"
    path.write_text("t_s,x,remark\n" + "".join(f"{i},{i},a remark {i}\n" for i in range(40)))
    first, *rest = fed(path, 100)
    assert "so that it ends" in first.notes[0]
    assert [column.column for column in first.left_out] == ["remark"]
    assert not any(piece.notes or piece.left_out for piece in rest)


def test_the_start_that_was_found_can_be_given_again(tmp_path: Path) -> None:
    path = tmp_path / "drive.csv"
    path.write_text("t_s,x\n0,1\n1,2\n")
    reader = growing_file(path, ReadOptions())
    assert reader is not None
    with path.open("a") as file:
        file.write("2,3\n")
    again = growing_file(path, ReadOptions(start_ns=reader.start_ns))
    assert again is not None
    assert again.start_ns == reader.start_ns


@pytest.mark.parametrize("text", ["time,x\n", "time,x"])
def test_a_header_alone_waits_for_its_rows(tmp_path: Path, text: str) -> None:
    path = tmp_path / "log.csv"
    path.write_text(text)
    assert growing_file(path, ReadOptions()) is None


def test_an_open_quote_is_told_when_the_file_rests(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text('time,x\n1763712000,1\n1763712001,"2\n')
    with pytest.raises(DecodeError, match="never ends"):
        fed(path, 10)
