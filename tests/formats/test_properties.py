"""Any bytes give an answer or a `DecodeError`, from every decoder; what is written reads back."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from telltale.batch import Batch
from telltale.errors import DecodeError
from telltale.formats.base import Decoded
from telltale.formats.datagrams import decode_datagrams
from telltale.formats.decode import decode
from telltale.formats.files import ReadOptions, preview, read_file
from telltale.formats.gzip_body import gunzip
from telltale.formats.write import (
    MEDIA_TYPES,
    Columns,
    Form,
    closing,
    column_lists,
    encoded_columns,
    opening,
    piece,
)
from tests.formats.cases import GOOD, input_of, joined

TYPES = ["application/json", "application/x-ndjson", "application/msgpack", "text/csv", "", "x/y"]
MACHINES = st.sampled_from([None, "m"])
FIELDS = st.sampled_from(
    ["time", "time_ns", "meta_time", "timestamp", "machine", "a", "b", "columns", "units"]
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(FIELDS | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
CSV_TEXT = st.text(alphabet='0123456789.,;\t|\n\r"ab-:TZ []()% /xtimemachineé', max_size=120)
quick = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def survives(body: bytes, content_type: str, machine: str | None) -> None:
    with suppress(DecodeError):
        result = decode(body, content_type=content_type, machine=machine, arrival_ns=10**18)
        for batch in result.batches:
            assert not any(np.isinf(values).any() for values in batch.columns.values())


@quick
@given(st.binary(max_size=200), st.sampled_from(TYPES), MACHINES)
def test_any_bytes_give_an_answer_or_a_decode_error(
    body: bytes, content_type: str, machine: str | None
) -> None:
    survives(body, content_type, machine)


@quick
@given(JSON_VALUES, st.sampled_from(TYPES), MACHINES)
def test_any_json_gives_an_answer_or_a_decode_error(
    value: Any, content_type: str, machine: str | None
) -> None:
    survives(json.dumps(value).encode(), content_type, machine)


@quick
@given(JSON_VALUES, MACHINES)
def test_any_msgpack_gives_an_answer_or_a_decode_error(value: Any, machine: str | None) -> None:
    try:
        body = msgspec.msgpack.encode(value)
    except OverflowError:  # integers beyond 64 bits do not pack
        return
    survives(body, "application/msgpack", machine)


@quick
@given(CSV_TEXT, MACHINES)
def test_any_csv_gives_an_answer_or_a_decode_error(text: str, machine: str | None) -> None:
    survives(text.encode(), "text/csv", machine)


@quick
@given(
    st.lists(
        st.binary(max_size=40)
        | st.text(alphabet='0123456789.,"{}:matrckhis[] ', max_size=40).map(str.encode),
        max_size=6,
    ),
    MACHINES,
)
def test_any_datagrams_give_an_answer(datagrams: list[bytes], machine: str | None) -> None:
    result = decode_datagrams(datagrams, arrival_ns=10**18, machine=machine)
    assert result.rows + result.rejected_rows == len(datagrams)


@quick
@given(st.binary(max_size=100))
def test_any_gzip_gives_an_answer_or_a_decode_error(body: bytes) -> None:
    for packed in (body, b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + body):
        with suppress(DecodeError):
            assert isinstance(gunzip(packed), bytes)
    assert gunzip(gzip.compress(body)) == body


@quick
@given(
    st.sampled_from(GOOD),
    st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=3)), min_size=1, max_size=4),
)
def test_a_damaged_file_gives_an_answer_or_a_decode_error(
    tmp_path: Path, case: Path, damage: list[tuple[int, bytes]]
) -> None:
    source = input_of(case)
    body = bytearray(source.read_bytes())
    for place, new in damage:
        at = place % len(body)
        body[at : at + len(new)] = new
    path = tmp_path / source.name
    path.write_bytes(body)
    with suppress(DecodeError):
        assert preview(bytes(body), path.name, modified_ns=10**18).columns
    with suppress(DecodeError):
        assert all(isinstance(piece, Decoded) for piece in read_file(path))


VALUES = st.floats(allow_nan=True, allow_infinity=False, width=64)
NAMES = st.text(alphabet='abcxyz_0 ."[],;', min_size=1, max_size=8).filter(
    lambda name: name.strip() == name and not name.endswith("]")
)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    n = draw(st.integers(1, 12))
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    steps_ns = draw(st.lists(st.integers(1, 10**12), min_size=n, max_size=n))
    time_ns = 1_763_712_000_000_000_000 + np.cumsum(np.array(steps_ns, dtype=np.int64))
    columns = {
        f"v_{name}": np.array(draw(st.lists(VALUES, min_size=n, max_size=n))) for name in names
    }
    return Batch("pump-3", time_ns, columns)


def assert_same(result: Decoded, batch: Batch) -> None:
    assert result.reasons == ()
    assert result.rejected_rows == 0
    (got,) = result.batches
    assert got.machine == batch.machine
    np.testing.assert_array_equal(got.time_ns, batch.time_ns)
    names: Mapping[str, Any] = batch.columns
    np.testing.assert_array_equal(
        list(got.select(list(names)).columns.values()), list(batch.columns.values())
    )


@quick
@given(batches())
@pytest.mark.parametrize("form", [Form.JSON, Form.MSGPACK])
def test_columns_that_are_written_read_back_equal(form: Form, batch: Batch) -> None:
    lists = column_lists(batch)
    columns = Columns(batch.machine, batch.time_ns.tolist(), lists, units={}, decimated=False)
    body = encoded_columns(columns, form)
    assert_same(
        decode(body, content_type=MEDIA_TYPES[form], machine=None, arrival_ns=1),
        batch,
    )


@quick
@given(batches(), st.integers(0, 12))
@pytest.mark.parametrize("form", [Form.JSON, Form.NDJSON, Form.CSV])
def test_a_file_that_is_written_in_pieces_reads_back_equal(
    form: Form, batch: Batch, cut: int
) -> None:
    assume(any(np.isfinite(values).any() for values in batch.columns.values()))
    parts = [part for part in (batch.rows(0, cut), batch.rows(cut, len(batch))) if len(part)]
    pieces = [piece(form, part, is_first=i == 0) for i, part in enumerate(parts)]
    body = opening(form, tuple(batch.columns)) + b"".join(pieces) + closing(form)
    assert_same(
        decode(body, content_type=MEDIA_TYPES[form], machine=batch.machine, arrival_ns=1),
        batch,
    )


@quick
@given(
    st.lists(st.tuples(VALUES, st.sampled_from(["GF", "FCY", "", 'a "b", c'])), min_size=1,
             max_size=30),
    st.integers(8, 200),
)  # fmt: skip
def test_cutting_a_csv_anywhere_changes_nothing(
    tmp_path: Path, rows: list[tuple[float, str]], chunk_bytes: int
) -> None:
    path = tmp_path / "cut.csv"
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["time", "value", "flag"])
        out.writerows([1763712000 + i // 3, value, flag] for i, (value, flag) in enumerate(rows))
    whole = joined(read_file(path))
    pieces = joined(read_file(path, ReadOptions(chunk_bytes=chunk_bytes)))
    assert sum(map(len, whole.values())) == len(rows)
    for machine, batch in whole.items():
        names = sorted(batch.columns)
        cut = pieces[machine].select(names)
        np.testing.assert_array_equal(cut.time_ns, batch.time_ns)
        for name in names:
            np.testing.assert_array_equal(cut.columns[name], batch.columns[name])
