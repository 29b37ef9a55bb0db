"""What a preview tells before an import."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from telltale.errors import DecodeError
from telltale.formats.files import ReadOptions, preview
from tests.formats.cases import FOLDER, GOOD, input_of, joined, read_case


def test_a_preview_says_format_time_and_columns() -> None:
    head = b"Zeit;Druck [bar];Notiz\n17.05.2025 17:40:16;1,25;alles gut hier\n"
    head += b"17.05.2025 17:40:17;1,26;etwas anderes\n17.05.2025 17:40:18;1,3;noch ein Satz\n"
    seen = preview(head, "pump 7.csv")
    assert (seen.format, seen.machine, seen.machines) == ("CSV table", "pump-7", ("pump-7",))
    assert (seen.delimiter, seen.decimal) == (";", ",")
    assert (seen.time.column, seen.time.first_ns) == ("Zeit", 1_747_503_616_000_000_000)
    assert [(c.source, c.name, c.unit, c.kept) for c in seen.columns] == [
        ("Zeit", "zeit", "", False),
        ("Druck", "druck", "bar", True),
        ("Notiz", "notiz", "", False),
    ]
    assert seen.columns[1].first == ("1,25", "1,26", "1,3")
    assert seen.columns[2].why == "free text"


def test_a_clock_without_a_date_is_a_warning() -> None:
    seen = preview(b"t_s,rpm\n0,800\n1,900\n", "drive.csv", modified_ns=1_700_000_000 * 10**9)
    assert "began 2023-11-14 22:13:19 UTC, so that it ends when" in seen.warnings[0]
    assert seen.time.first_ns == 1_699_999_999 * 10**9
    named = preview(b"t_s,rpm\n0,800\n1,900\n", "drive_2025-07-18_0215pm.csv")
    assert "2025-07-18 14:15:00 UTC, taken from the file's name" in named.warnings[0]


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.name)
def test_a_preview_names_the_machines_and_columns_that_the_file_gives(case: object) -> None:
    path = FOLDER / str(case)
    batches = joined(read_case(path))
    seen = preview(input_of(path).read_bytes(), input_of(path).name)
    assert set(seen.machines) == set(batches)
    kept = {column.source for column in seen.columns if column.kept}
    assert {name for batch in batches.values() for name in batch.columns} <= kept


def test_a_packed_file_is_looked_into() -> None:
    body = gzip.compress(b"time,oil_c\n1763712000,90\n1763712001,91\n" * 1)
    assert preview(body, "log.csv.gz").machine == "log"


def test_the_start_of_a_large_undated_file_is_left_open() -> None:
    head = b"t_s,rpm\n" + b"".join(b"%d,800\n" % i for i in range(120_000))
    assert len(head) > 1024 * 1024
    seen = preview(head[: 1024 * 1024], "drive.csv", modified_ns=1_700_000_000 * 10**9)
    assert seen.time.first_ns is None
    assert "taken to end when the file was last changed" in seen.warnings[0]
    given = ReadOptions(start_ns=10**18)
    assert preview(head[: 1024 * 1024], "drive.csv", options=given).time.first_ns == 10**18


def test_a_zip_is_looked_into() -> None:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("log.csv", "time,oil_c\n1763712000,90\n1763712001,91\n")
    seen = preview(body.getvalue(), "log.zip")
    assert (seen.machine, seen.time.first_ns) == ("log", 1_763_712_000 * 10**9)


def test_a_file_of_nothing_is_refused() -> None:
    with pytest.raises(DecodeError, match="empty"):
        preview(b"", "log.csv")
