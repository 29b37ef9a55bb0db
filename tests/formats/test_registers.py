"""Registers to numbers: every type and order reads back what was written, exactly."""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.formats.registers import (
    Order,
    Register,
    RegisterType,
    Table,
    all_readings,
    decode,
    is_plausible,
)

KINDS = tuple(kind for kind in RegisterType if kind.value != "bit")
DTYPES: dict[RegisterType, np.dtype[Any]] = {kind: np.dtype(kind.value) for kind in KINDS}


def written(value: float, kind: RegisterType, order: Order) -> list[int]:
    """Return a value's registers, by way of NumPy's own byte orders."""
    array = np.array([value], dtype=DTYPES[kind])
    big = array.astype(array.dtype.newbyteorder(">")).tobytes()
    words = [big[i : i + 2] for i in range(0, len(big), 2)]
    if order in (Order.CDAB, Order.DCBA):
        words = words[::-1]
    if order in (Order.BADC, Order.DCBA):
        words = [word[::-1] for word in words]
    return [word[0] << 8 | word[1] for word in words]


def values_of(kind: RegisterType) -> st.SearchStrategy[float | int]:
    dtype = DTYPES[kind]
    if dtype.kind == "f":
        return st.floats(width=32 if kind is RegisterType.FLOAT32 else 64, allow_nan=False)
    limits = np.iinfo(dtype)
    return st.integers(int(limits.min), int(limits.max))


@given(st.data(), st.sampled_from(KINDS), st.sampled_from(Order))
def test_every_type_and_order_reads_back_exactly(
    data: st.DataObject, kind: RegisterType, order: Order
) -> None:
    value = data.draw(values_of(kind))
    words = written(value, kind, order)
    assert len(words) == kind.words
    assert decode(words, kind, order) == value


def test_the_standards_own_order_is_big_end_first() -> None:
    assert decode([0x4148, 0x0000], RegisterType.FLOAT32) == 12.5
    assert decode([0x0000, 0x4148], RegisterType.FLOAT32, Order.CDAB) == 12.5
    assert decode([0x4841, 0x0000], RegisterType.FLOAT32, Order.BADC) == 12.5
    assert decode([0x0000, 0x4841], RegisterType.FLOAT32, Order.DCBA) == 12.5
    assert decode([0xFFFE], RegisterType.INT16) == -2


@given(st.integers(0, 65_535), st.integers(0, 15))
def test_a_bit_of_a_register_is_counted_from_the_lowest(word: int, bit: int) -> None:
    register = Register("x", Table.HOLDING, 0, RegisterType.BIT, bit=bit)
    assert register.value([word]) == float(f"{word:016b}"[::-1][bit])


def test_scale_offset_and_the_missing_number() -> None:
    register = Register(
        "t", Table.INPUT, 3, RegisterType.INT16, scale=0.1, offset=-40.0, missing=-32_768
    )
    assert register.value([615]) == pytest.approx(21.5)
    assert math.isnan(register.value([0x8000]))
    assert register.end == 4


@given(st.lists(st.integers(0, 65_535), min_size=2, max_size=2))
def test_a_float_that_is_none_is_missing(words: list[int]) -> None:
    value = Register("x", Table.HOLDING, 0, RegisterType.FLOAT32).value(words)
    (expected,) = struct.unpack(">f", struct.pack(">HH", *words))
    assert value == expected if math.isfinite(expected) else math.isnan(value)


def test_all_four_orders_of_all_types_stand_side_by_side() -> None:
    readings = all_readings([0x0000, 0x4148, 0, 0])
    assert len(readings) == 8 * 4
    by_kind = {(one.kind, one.order): one for one in readings}
    assert by_kind[RegisterType.FLOAT32, Order.CDAB].value == 12.5
    assert by_kind[RegisterType.FLOAT32, Order.CDAB].is_plausible
    assert not by_kind[RegisterType.FLOAT32, Order.ABCD].is_plausible
    assert {one.kind.words for one in all_readings([1, 2])} == {1, 2}


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, True), (-40.0, True), (1e-4, True), (1e-38, False), (3e9, False), (math.nan, False)],
)
def test_plausible_is_what_a_machine_would_show(value: float, expected: bool) -> None:
    assert is_plausible(value) is expected
