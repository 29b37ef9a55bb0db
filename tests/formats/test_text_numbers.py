"""Text columns to numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.formats.refusals import Refusals
from telltale.formats.text_numbers import number_of, text_numbers

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def read(texts: list[str], decimal: str = ".") -> tuple[list[float], Refusals]:
    refusals = Refusals()
    return text_numbers(texts, "a", refusals, lambda i: i + 100, decimal).tolist(), refusals


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
