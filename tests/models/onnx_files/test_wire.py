"""The small reader of protobuf reads what the `onnx` package wrote, and nothing else."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import NodeProto, TensorProto, helper, numpy_helper

from telltale.errors import ModelError
from telltale.models.onnx_files import fields, wire


@given(
    op=st.text(max_size=8),
    inputs=st.lists(st.text(max_size=4), max_size=4),
    ints=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=5),
    floats=st.lists(st.floats(width=32, allow_nan=False), max_size=5),
)
def test_a_node_is_read_as_onnx_wrote_it(
    op: str, inputs: list[str], ints: list[int], floats: list[float]
) -> None:
    written = NodeProto(op_type=op, input=inputs)
    written.attribute.append(helper.make_attribute("whole", ints, attr_type=7))
    written.attribute.append(helper.make_attribute("parts", floats, attr_type=6))
    found = wire.read_message(memoryview(written.SerializeToString()), fields.NODE)
    assert wire.text(found, "op_type") == op
    assert wire.texts(found, "input*") == inputs
    names = [wire.text(a, "name") for a in wire.inner(found, "attribute*", fields.ATTRIBUTE)]
    assert names == ["whole", "parts"]


@given(dims=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=6), kind=st.integers(0, 20))
def test_sizes_are_read_as_onnx_wrote_them(dims: list[int], kind: int) -> None:
    written = TensorProto(dims=dims, data_type=kind).SerializeToString()
    found = wire.read_message(memoryview(written), fields.TENSOR)
    assert wire.numbers(found, "dims*") == dims
    assert wire.number(found, "data_type") == kind


def test_packed_sizes_are_read_too() -> None:
    packed = b"\x0a\x03\x02\x80\x01"  # field 1, three bytes: 2, 128
    found = wire.read_message(memoryview(packed), fields.TENSOR)
    assert wire.numbers(found, "dims*") == [2, 128]


def test_a_million_numbers_of_a_tree_ensemble_are_gone_over_in_no_time() -> None:
    whole = helper.make_attribute("nodes_treeids", list(range(1_000_000)))
    modes = helper.make_attribute("nodes_modes", ["BRANCH_LEQ", "BRANCH_LT", "LEAF"] * 300_000)
    for attribute in (whole, modes):
        written = memoryview(attribute.SerializeToString())
        start = time.perf_counter()
        found = wire.read_message(written, fields.ATTRIBUTE)
        assert time.perf_counter() - start < 1.0
        assert wire.text(found, "name") == attribute.name


def test_what_follows_skipped_numbers_is_still_seen() -> None:
    attribute = helper.make_attribute("a", [1, 2, 3])
    attribute.t.CopyFrom(numpy_helper.from_array(np.zeros(3)))
    found = wire.read_message(memoryview(attribute.SerializeToString()), fields.ATTRIBUTE)
    assert "t" in found


@pytest.mark.parametrize(
    "data", [b"\x0a", b"\x0a\x05ab", b"\x08\x80", b"\x08" + b"\xff" * 11, b"\x80" * 20, b"\x0d\x01"]
)
def test_a_field_that_is_cut_off_is_refused(data: bytes) -> None:
    with pytest.raises(ModelError, match=r"cut off|not known"):
        wire.read_message(memoryview(data), fields.TENSOR)


def test_a_number_in_place_of_a_text_is_refused() -> None:
    found = wire.read_message(memoryview(b"\x18\x01"), fields.NODE)  # name, as a varint
    with pytest.raises(ModelError, match="where bytes belong"):
        wire.text(found, "name")


def test_a_text_that_is_not_utf_8_is_refused() -> None:
    found = wire.read_message(memoryview(b"\x1a\x01\xff"), fields.NODE)
    with pytest.raises(ModelError, match="not UTF-8"):
        wire.text(found, "name")
