"""Bodies of readings: every form, every refusal."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import numpy as np
import pytest

from telltale.errors import DecodeError, TooLargeError
from telltale.formats.base import Decoded
from telltale.formats.decode import decode, format_of

ARRIVAL_NS = 1_763_712_000_123_456_789
JSON = "application/json"
PACKED = "application/msgpack"


def decoded(body: Any, content_type: str = JSON, machine: str | None = "m") -> Decoded:
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    return decode(body, content_type=content_type, machine=machine, arrival_ns=ARRIVAL_NS)


ROWS = [{"time": 1763712000 + i, "a": float(i), "b": i * 2} for i in range(40)]
COLUMNS = {name: [row[name] for row in ROWS] for name in ROWS[0]}
CSV = ("time,a,b\n" + "".join(f"{r['time']},{r['a']},{r['b']}\n" for r in ROWS)).encode()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (json.dumps(ROWS).encode(), JSON),
        (json.dumps(ROWS).encode(), ""),
        (json.dumps(COLUMNS).encode(), JSON),
        (b"\n".join(json.dumps(row).encode() for row in ROWS), "application/x-ndjson"),
        (b"\n".join(json.dumps(row).encode() for row in ROWS), "application/octet-stream"),
        (msgspec.msgpack.encode(ROWS), PACKED),
        (msgspec.msgpack.encode(COLUMNS), PACKED),
        (msgspec.msgpack.encode(COLUMNS), ""),
        (CSV, "text/csv; charset=utf-8"),
        (CSV, ""),
        (b"\xef\xbb\xbf" + json.dumps(ROWS).encode(), JSON),
    ],
)
def test_every_form_of_the_same_readings_gives_the_same_batch(
    body: bytes, content_type: str
) -> None:
    result = decoded(body, content_type)
    (batch,) = result.batches
    assert batch.machine == "m"
    assert batch.time_ns.tolist() == [row["time"] * 10**9 for row in ROWS]
    assert batch.columns["a"].tolist() == [row["a"] for row in ROWS]
    assert batch.columns["b"].tolist() == [row["b"] for row in ROWS]
    assert (result.rejected_rows, result.rejected_values) == (0, 0)


def test_one_object_is_one_sample_and_lack_of_time_means_arrival() -> None:
    (batch,) = decoded({"a": 1, "b": True}).batches
    assert batch.time_ns.tolist() == [ARRIVAL_NS]
    assert batch.columns["b"].tolist() == [1.0]


def test_rows_without_time_stay_distinct_and_in_order() -> None:
    (batch,) = decoded([{"a": i} for i in range(100)]).batches
    assert batch.time_ns.tolist() == [ARRIVAL_NS + i for i in range(100)]
    assert batch.columns["a"].tolist() == list(range(100))


def test_nanosecond_times_keep_every_digit() -> None:
    (batch,) = decoded([{"time": 1763712000123456789, "a": 1}]).batches
    assert batch.time_ns.tolist() == [1763712000123456789]


def test_rows_come_out_in_time_order() -> None:
    (batch,) = decoded([{"time": 1763712002 - i, "a": i} for i in range(3)]).batches
    assert batch.columns["a"].tolist() == [2.0, 1.0, 0.0]


def test_null_is_missing_and_not_an_error() -> None:
    result = decoded([{"time": 1, "a": None, "b": 2}] * 30)
    assert np.isnan(result.batches[0].columns["a"]).all()
    assert result.rejected_values == 0


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("hot", "Send it as a number"),
        ("71.2", "Send it as a number"),
        ({"deep": 1}, "an object in a number's place"),
        ([1, 2], "a list in a number's place"),
        (10**400, "too large"),
        (float("nan"), "NaN is not JSON"),
        (float("inf"), "Infinity is not JSON"),
        (float("-inf"), "-Infinity is not JSON"),
    ],
)
def test_a_wrong_value_costs_only_itself(value: object, what: str) -> None:
    rows = [dict(row) for row in ROWS]
    rows[17]["a"] = value  # type: ignore[assignment]
    result = decoded(rows)
    assert (result.rows, result.rejected_rows, result.rejected_values) == (40, 0, 1)
    (reason,) = result.reasons
    assert (reason.row, reason.field) == (17, "a")
    assert what in reason.message
    assert np.flatnonzero(np.isnan(result.batches[0].columns["a"])).tolist() == [17]


def test_a_row_that_lost_every_value_is_rejected() -> None:
    result = decoded([{"time": 1, "a": "x"}, {"time": 2, "a": 5}])
    assert (result.rows, result.rejected_rows, result.rejected_values) == (1, 1, 1)


@pytest.mark.parametrize("row", [3, "text", [1], None])
def test_what_is_no_object_is_rejected_as_a_row(row: object) -> None:
    result = decoded([{"time": 1, "a": 1}, row, {"time": 3, "a": "x", "b": 1}])
    assert (result.rows, result.rejected_rows) == (2, 1)
    assert [reason.row for reason in result.reasons] == [1, 2]


@pytest.mark.parametrize("time", ["yesterday", True, [1], 2**80, 1e300])
def test_a_row_with_a_time_that_is_none_is_rejected(time: object) -> None:
    result = decoded([{"time": time, "a": 1}, {"time": 1763712000, "a": 2}])
    assert (result.rows, result.rejected_rows) == (1, 1)
    assert result.reasons[0].row == 0


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b'[{"a": 1,}]', "byte 9"),
        (b'{"a": 1', "ends at byte 7"),
        (b'{"a": NaN', "not JSON"),
        (b'{"a": "\xff"}', "UTF-8"),
        (b"", "empty"),
        (b"   ", "empty"),
    ],
)
def test_broken_json_names_the_place(body: bytes, what: str) -> None:
    with pytest.raises(DecodeError, match=what):
        decoded(body)


def test_a_broken_line_of_ndjson_costs_only_itself() -> None:
    result = decoded(b'{"a": 1}\n\n{"a":\n{"a": NaN, "b": 1}\n{"a": 4}\n', "application/x-ndjson")
    assert (result.rows, result.rejected_rows, result.rejected_values) == (3, 1, 1)
    assert sorted(reason.row or 0 for reason in result.reasons) == [2, 3]


DEEP = [b"[" * 100_000, b'{"a":' * 100_000]


@pytest.mark.parametrize("deep", DEEP)
def test_deep_nesting_is_a_clean_error(deep: bytes) -> None:
    with pytest.raises(TooLargeError, match="nests too deeply"):
        decoded(deep)


@pytest.mark.parametrize("deep", DEEP)
def test_a_deeply_nested_line_costs_only_itself(deep: bytes) -> None:
    result = decoded(deep + b'\n{"a": 1}\n', "application/x-ndjson")
    assert (result.rows, result.rejected_rows) == (1, 1)
    assert "nests too deeply" in result.reasons[0].message


def test_deep_msgpack_is_a_clean_error() -> None:
    with pytest.raises(TooLargeError, match="nests too deeply"):
        decoded(b"\x91" * 100_000 + b"\x01", PACKED)


def test_too_many_rows_and_columns_name_the_limit() -> None:
    with pytest.raises(TooLargeError, match="more than 10"):
        decode(
            json.dumps([{"a": 1}] * 11).encode(),
            content_type=JSON,
            machine="m",
            arrival_ns=1,
            max_rows=10,
        )
    with pytest.raises(TooLargeError, match="more than 1000"):
        decoded({f"c{i}": 1 for i in range(1001)})


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(DecodeError, match="'b' holds 1, where others hold 2"):
        decoded({"time": [1, 2], "b": [1]})


def test_telltales_own_answer_is_taken_back() -> None:
    body = {"machine": "p", "units": {"a": "degC"}, "time_ns": [10**18], "columns": {"a": [1.5]}}
    result = decoded(body, machine=None)
    assert result.units == {"a": "degC"}
    assert result.batches[0].machine == "p"
    assert result.batches[0].time_ns.tolist() == [10**18]


def test_rows_may_name_their_machines() -> None:
    rows = [
        {"time": 1, "machine": "p1", "a": 1},
        {"time": 3, "machine": "p2", "b": 2},
        {"time": 2, "machine": "p1", "a": 3},
        {"time": 4, "a": 5},
        {"time": 5, "machine": "a/b", "a": 5},
    ]
    result = decoded(rows, machine=None)
    assert [(b.machine, list(b.columns), len(b)) for b in result.batches] == [
        ("p1", ["a"], 2),
        ("p2", ["b"], 1),
    ]
    assert result.rejected_rows == 2
    assert {reason.row for reason in result.reasons} == {3, 4}


def test_a_reading_of_another_machine_is_refused() -> None:
    result = decoded([{"machine": "m", "a": 1}, {"machine": "x", "a": 2}])
    assert (result.rows, result.rejected_rows) == (1, 1)
    assert "'x'" in result.reasons[0].message


def test_a_reading_without_a_value_is_rejected() -> None:
    assert decoded({"time": 1763712000}).rejected_rows == 1


def test_reasons_are_bounded_and_the_count_is_not() -> None:
    result = decoded([{"a": "x", "b": 1}] * 100)
    assert result.rejected_values == 100
    assert len(result.reasons) == 20


def test_an_unknown_content_type_names_the_known_ones() -> None:
    with pytest.raises(DecodeError, match="application/msgpack"):
        format_of("image/png", b"")


def test_the_fast_path_gives_what_the_plain_path_gives() -> None:
    fast = decoded(ROWS)
    plain = decoded([*ROWS[:-1], {**ROWS[-1], "c": None}])
    for name in ("a", "b"):
        np.testing.assert_array_equal(fast.batches[0].columns[name], plain.batches[0].columns[name])
    np.testing.assert_array_equal(fast.batches[0].time_ns, plain.batches[0].time_ns)


def test_csv_needs_a_machine() -> None:
    with pytest.raises(DecodeError, match="machine"):
        decoded(CSV, "text/csv", machine=None)
    result = decoded(b"time,machine,a\n1,p,2\n1,q,3\n", "text/csv", machine=None)
    assert [batch.machine for batch in result.batches] == ["p", "q"]


@pytest.mark.parametrize(
    ("reading", "named"),
    [
        ({"measured_at": "2026-01-31T14:05:00Z", "a": 1}, "'measured_at' looks like their time"),
        ({"a": 1, "Zeit": 1_763_712_000}, "'Zeit' looks like their time (1763712000)"),
        ({"sampled_at": 1_763_712_000_000, "a": 1}, "'sampled_at'"),
    ],
)
def test_a_time_under_a_name_of_its_own_is_pointed_at(reading: dict[str, Any], named: str) -> None:
    for body in ([reading], [reading] * 50, {key: [value] for key, value in reading.items()}):
        result = decode(json.dumps(body).encode(), content_type="", machine="m", arrival_ns=10**18)
        assert named in result.notes[0]
        assert result.batches[0].time_ns[0] == 10**18


@pytest.mark.parametrize(
    "reading",
    [{"time": 1_763_712_000, "made_at": "2026-01-31", "a": 1}, {"a": 1, "state": "on"}, {"at": 3}],
)
def test_what_is_no_time_or_not_needed_gets_no_note(reading: dict[str, Any]) -> None:
    body = json.dumps([reading]).encode()
    result = decode(body, content_type="", machine="m", arrival_ns=10**18)
    assert result.notes == ()


def test_a_csv_body_says_what_it_left_out_and_guessed() -> None:
    body = b"when,x,remark\n03/04/2026,1,a word\n03/04/2026,2,another\n05/04/2026,3,a third\n"
    result = decode(body, content_type="text/csv", machine="m", arrival_ns=10**18)
    assert [column.column for column in result.left_out] == ["remark"]
    assert "may begin with the day" in result.notes[0]
    assert "spread evenly" in result.notes[1]
    bare = decode(b"x\n1\n2\n", content_type="text/csv", machine="m", arrival_ns=10**18)
    assert any("No column holds times" in note for note in bare.notes)
