"""Times of every spelling to nanoseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.errors import DecodeError
from telltale.formats.durations import durations_to_ns
from telltale.formats.times import date_order_note, text_to_ns, texts_to_ns, values_to_ns
from telltale.formats.unix_times import NOT_A_TIME, number_to_ns, numbers_to_ns


@pytest.mark.parametrize(
    ("value", "time_ns"),
    [
        (1763712000, 1763712000_000000000),
        (1763712000123, 1763712000_123000000),
        (1763712000123456, 1763712000_123456000),
        (1763712000123456789, 1763712000_123456789),
        (1763712000.25, 1763712000_250000000),
        (1763712000.123456, 1763712000_123456000),
        (1763712000123.5, 1763712000_123500000),
        (0, 0),
        (-1.5, -1_500000000),
    ],
)
def test_a_unix_number_is_read_by_its_size(value: float, time_ns: int) -> None:
    assert number_to_ns(value) == time_ns


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300, 2**80, -(2**63)])
def test_a_number_beyond_time_is_refused(value: float) -> None:
    with pytest.raises(DecodeError, match="not a time"):
        number_to_ns(value)


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2023-11-06 15:00:00", "2023-11-06T15:00:00"),
        ("2023-11-06T15:00:00Z", "2023-11-06T15:00:00"),
        ("2023-11-06T15:00:00.123456789Z", "2023-11-06T15:00:00.123456789"),
        ("2025-09-06T18:40:01.6530Z", "2025-09-06T18:40:01.653"),
        ("20231106T150000Z", "2023-11-06T15:00:00"),
        ("20250718 02:15:46", "2025-07-18T02:15:46"),
        ("2026-01-31T10:00:00+05:30", "2026-01-31T04:30:00"),
        ("2026-01-31T10:00-0800", "2026-01-31T18:00:00"),
        ("5/17/2025 5:40:16 PM", "2025-05-17T17:40:16"),
        ("9/6/2025 12:41:18 AM", "2025-09-06T00:41:18"),
        ("17/5/2025 17:40", "2025-05-17T17:40:00"),
        ("17.05.2025 17:40:16,5", "2025-05-17T17:40:16.5"),
        ("2026-01-31", "2026-01-31T00:00:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00"),
        ("1763712000.5", "2025-11-21T08:00:00.5"),
    ],
)
def test_a_written_time_is_read(text: str, iso: str) -> None:
    assert text_to_ns(text) == np.datetime64(iso, "ns").astype(np.int64)


@pytest.mark.parametrize(
    "text", ["now", "today", "", "2023-13-01 00:00:00", "13:00 PM", "1/2/2025 13:00 PM", "NaT", "x"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(DecodeError, match="not a time"):
        text_to_ns(text)
    assert texts_to_ns(["2023-11-06 15:00:00", text])[1] == NOT_A_TIME


def test_a_zone_applies_to_times_without_one() -> None:
    zone = ZoneInfo("Europe/Berlin")
    texts = ["2025-01-15 12:00:00", "2025-07-15 12:00:00"]
    expected = [text_to_ns("2025-01-15T11:00:00Z"), text_to_ns("2025-07-15T10:00:00Z")]
    assert texts_to_ns(texts, zone).tolist() == expected
    assert [text_to_ns(text, zone) for text in texts] == expected
    assert texts_to_ns([f"{text}Z" for text in texts], zone).tolist() == [
        text_to_ns(text) for text in texts
    ]


@given(
    st.lists(
        st.datetimes(datetime(1970, 1, 1), datetime(2099, 12, 31)),  # noqa: DTZ001
        min_size=1,
        max_size=20,
    ),
    st.sampled_from([" ", "T"]),
    st.sampled_from(["", "Z"]),
)
def test_a_column_of_iso_times_reads_as_each_alone(
    times: list[datetime], middle: str, end: str
) -> None:
    texts = [time.isoformat(middle) + end for time in times]
    since = [time.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC) for time in times]
    expected = [delta // timedelta(microseconds=1) * 1000 for delta in since]
    assert texts_to_ns(texts).tolist() == expected
    assert [text_to_ns(text) for text in texts] == expected


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_a_column_of_integers_reads_as_each_alone(values: list[int]) -> None:
    together = numbers_to_ns(np.array(values, dtype=np.int64)).tolist()
    for value, time_ns in zip(values, together, strict=True):
        try:
            assert number_to_ns(value) == time_ns
        except DecodeError:
            assert time_ns == NOT_A_TIME


def test_mixed_values_are_read_one_by_one() -> None:
    values = [1763712000, "2025-11-21T08:00:00Z", None, 1763712000.0, "x", True, [1]]
    expected = [1763712000 * 10**9] * 2 + [NOT_A_TIME, 1763712000 * 10**9] + [NOT_A_TIME] * 3
    assert values_to_ns(values).tolist() == expected


def test_durations_are_read() -> None:
    texts = ["1:23.456", "14:15:46.020", "0:00:42.522", "+1:14.985", "-0:01", "83.4", ""]
    expected = [83_456_000_000, 51_346_020_000_000, 42_522_000_000, 74_985_000_000, -(10**9)]
    assert durations_to_ns(texts).tolist() == [*expected, NOT_A_TIME, NOT_A_TIME]


@pytest.mark.parametrize(
    ("texts", "day_first", "days"),
    [
        (["03/04/2026", "05/04/2026"], None, [(3, 4), (5, 4)]),  # as in the USA
        (["03/04/2026", "25/04/2026"], None, [(4, 3), (4, 25)]),
        (["03-04-2026", "04-25-2026"], None, [(3, 4), (4, 25)]),
        (["03.04.2026"], None, [(4, 3)]),
        (["03/04/2026"], True, [(4, 3)]),
        (["03.04.2026"], False, [(3, 4)]),
    ],
)
def test_dates_of_a_column_are_read_in_one_order(
    texts: list[str], day_first: bool | None, days: list[tuple[int, int]]
) -> None:
    expected = [int(datetime(2026, m, d, tzinfo=UTC).timestamp()) * 10**9 for m, d in days]
    assert texts_to_ns(texts, day_first=day_first).tolist() == expected


def test_a_date_against_the_told_order_is_no_time() -> None:
    assert texts_to_ns(["25/04/2026"], day_first=False).tolist() == [NOT_A_TIME]


def test_only_a_date_that_may_be_read_both_ways_gets_a_note() -> None:
    note = date_order_note(["03/04/2026 10:00"], "when")
    assert note is not None
    assert "'03/04/2026' in 'when'" in note
    assert "the month is taken" in note
    assert "the day is taken" in (date_order_note(["03-04-2026"], "when") or "")
    for texts in (["03/04/2026", "25/04/2026"], ["03.04.2026"], ["2026-04-03"], []):
        assert date_order_note(texts, "when") is None
