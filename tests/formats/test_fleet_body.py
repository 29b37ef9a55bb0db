"""Bodies of many machines: shares go to their own machine, anything else is refused in words."""

from __future__ import annotations

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telltale.errors import DecodeError, TooLargeError
from telltale.formats.base import Decoded
from telltale.formats.fleet_body import decode_fleet

T_NS = 1_780_300_800_000_000_000
READINGS = st.dictionaries(
    st.text("abc", min_size=1, max_size=3), st.floats(-1e9, 1e9), min_size=1, max_size=3
)
FLEETS = st.dictionaries(
    st.text("mnop-123", min_size=1, max_size=5),
    st.lists(READINGS, min_size=1, max_size=3),
    min_size=1,
    max_size=4,
)


def decoded(body: bytes, content_type: str = "application/json") -> Decoded:
    return decode_fleet(body, content_type=content_type, arrival_ns=T_NS)


@given(FLEETS, st.sampled_from(["application/json", "application/msgpack"]))
@settings(max_examples=60, deadline=None)
def test_shares_by_machine_and_rows_that_name_it_are_the_same(
    fleet: dict[str, list[dict[str, float]]], content_type: str
) -> None:
    encode = msgspec.json.encode if "json" in content_type else msgspec.msgpack.encode
    rows = [{"machine": machine, **row} for machine, own in fleet.items() for row in own]
    by_share = decoded(encode({"machines": fleet}), content_type)
    by_row = decoded(encode(rows), content_type)
    assert by_share.rejected_rows == by_row.rejected_rows == 0
    of_share = {batch.machine: batch for batch in by_share.batches}
    assert of_share.keys() == fleet.keys()
    for batch in by_row.batches:
        same = of_share[batch.machine]
        assert len(same) == len(batch) == len(fleet[batch.machine])
        for name, values in batch.columns.items():
            assert same.columns[name].tolist() == pytest.approx(values.tolist(), nan_ok=True)


@given(st.binary(max_size=60) | st.binary(max_size=40).map(b'{"machines": '.__add__))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(DecodeError):
        assert decoded(body, "").rows >= 0


def test_rows_count_over_all_shares_together() -> None:
    share = {"x": [1.0] * 150_000}
    body = msgspec.json.encode({"machines": {"a": share, "b": share}})
    with pytest.raises(TooLargeError, match=r"^b: 150000 rows are more than 50000"):
        decoded(body)


def test_reasons_name_their_machine() -> None:
    body = b'{"machines": {"a": {"x": 1.0}, "b": [{"x": "hot"}, {"x": 2.0}]}}'
    found = decoded(body)
    assert (found.rows, found.rejected_rows) == (2, 1)
    assert found.reasons[0].message.startswith("b: ")


def test_two_units_for_one_name_cannot_be_told_apart_and_are_refused() -> None:
    share = b'{"columns": {"t": [1.0]}, "time_ns": [1780300800000000000], "units": {"t": "%s"}}'
    body = b'{"machines": {"a": ' + share % b"degC" + b', "b": ' + share % b"degF" + b"}}"
    with pytest.raises(DecodeError, match="Send these machines' readings apart"):
        decoded(body)
