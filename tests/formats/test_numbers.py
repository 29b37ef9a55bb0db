"""Columns as a feed sent them become numbers; true and false are told apart from them."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import pytest

from telltale.formats.base import BOOLEANS
from telltale.formats.decode import decode
from telltale.formats.numbers import numbers
from telltale.formats.refusals import Refusals


def read(*values: Any) -> tuple[list[float | None], Refusals]:  # Any: whatever a feed may send
    refusals = Refusals()
    column = numbers(values, "a", refusals, lambda i: i)
    return [None if math.isnan(value) else value for value in column.tolist()], refusals


@pytest.mark.parametrize(
    ("values", "expected", "refused", "is_boolean"),
    [
        ((1, 0.0, None), [1.0, 0.0, None], 0, False),
        ((True, False, None), [1.0, 0.0, None], 0, True),
        ((True, 2.5, 1), [None, 2.5, 1.0], 1, False),
        ((False, "x"), [0.0, None], 1, True),
        ((7.0, True, "x"), [7.0, None, None], 2, False),
        ((None, None), [None, None], 0, False),
    ],
)
def test_booleans_are_noted_when_alone_and_refused_among_numbers(
    values: tuple[Any, ...], expected: list[float | None], refused: int, is_boolean: bool
) -> None:
    column, refusals = read(*values)
    assert column == expected
    assert refusals.values == refused
    assert refusals.booleans == ({"a"} if is_boolean else set())


def test_a_boolean_among_numbers_is_told_with_its_row() -> None:
    _, refusals = read(2.5, True)
    assert refusals.reasons[0].row == 1
    assert refusals.reasons[0].message == "a: true among numbers. Send it as a number."


ROWS = [{"time": 1763712000 + n, "lamp": n % 2 == 0, "x": 1.0} for n in range(100)]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (json.dumps(ROWS).encode(), "application/json"),
        ("\n".join(map(json.dumps, ROWS)).encode(), "application/x-ndjson"),
        (
            json.dumps({name: [row[name] for row in ROWS] for name in ROWS[0]}).encode(),
            "application/json",
        ),
        (msgspec.msgpack.encode(ROWS), "application/msgpack"),
    ],
    ids=["rows", "ndjson", "columns", "msgpack"],
)
def test_a_column_of_booleans_is_one_of_words_in_every_form(body: bytes, content_type: str) -> None:
    result = decode(
        body, content_type=content_type, machine="m", arrival_ns=1_763_712_100_000_000_000
    )
    assert result.codes == {"lamp": BOOLEANS}
    assert result.batches[0].columns["lamp"].tolist() == [1.0, 0.0] * 50
