"""Text columns to numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.formats.refusals import Refusals
from telltale.formats.text_numbers import (
    grouping_of,
    may_be_grouped,
    number_of,
    text_numbers,
)

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def read(texts: list[str], decimal: str = ".", group: str = "") -> tuple[list[float], Refusals]:
    refusals = Refusals()
    values = text_numbers(texts, "a", refusals, lambda i: i + 100, decimal=decimal, group=group)
    return values.tolist(), refusals


@given(st.lists(st.one_of(FINITE.map(repr), FINITE.map("{:.3f}".format), st.just("")), min_size=1))
def test_the_quick_way_gives_what_float_gives(texts: list[str]) -> None:
    values, refusals = read(texts)
    np.testing.assert_array_equal(values, [float(text) if text else np.nan for text in texts])
    assert refusals.values == 0


@given(st.lists(st.text(alphabet='0123456789.,eE+-_ "[]nultrfasiy', max_size=8), min_size=1))
def test_a_column_reads_as_each_cell_alone(texts: list[str]) -> None:
    values, _ = read(texts)
    alone = [number_of(text) for text in texts]
    np.testing.assert_array_equal(values, np.where(np.isinf(alone), np.nan, alone))


def test_what_is_no_number_is_refused_with_its_row() -> None:
    values, refusals = read(["1", "hot", "1_000", "1e999", "n/a", "007"])
    np.testing.assert_array_equal(values, [1, np.nan, np.nan, np.nan, np.nan, 7])
    assert [reason.row for reason in refusals.reasons] == [101, 102, 103]


@pytest.mark.parametrize(("text", "value"), [("1,5", 1.5), ("-0,25", -0.25), ("2", 2.0)])
def test_a_decimal_comma_is_understood(text: str, value: float) -> None:
    assert read([text], ",")[0] == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,480.5", 1480.5),
        ("-12,345,678", -12_345_678.0),
        ("1.480,5", 1480.5),
        ("1 480,5", 1480.5),
        ("1\u202f480.25", 1480.25),
        ("1'480.5", 1480.5),
        ("1\u2019480", 1480.0),
    ],
)
@pytest.mark.parametrize("decimal", [".", ","])
def test_digits_in_groups_that_mean_one_thing_are_read(
    text: str, value: float, decimal: str
) -> None:
    values, refusals = read([text, "1"], decimal)
    assert values == [value, 1.0]
    assert refusals.values == 0


@pytest.mark.parametrize("text", ["1,48.5", "12,34", "0,480.5", "1 48", "1,4800.5", "1 480 50"])
def test_digits_in_odd_groups_are_refused(text: str) -> None:
    assert read([text])[1].values == 1


def test_a_column_tells_what_a_single_cell_does_not() -> None:
    assert grouping_of(["1,480.5", "980.2", "1,200"]) == ","
    assert grouping_of(["1.480,5", "1.200", ""]) == "."
    assert grouping_of(["1,480", "2,300"]) == ""  # thousands, or decimal commas
    assert grouping_of(["1,480.5", "1,2"]) == ""
    assert read(["1,480", "980.5"], group=",")[0] == [1480.0, 980.5]
    assert read(["1,480", "980.5"])[1].values == 1
    assert may_be_grouped("1,480")
    assert not may_be_grouped("1,48")
