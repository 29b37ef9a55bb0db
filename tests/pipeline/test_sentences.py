"""Numbers and durations read as people write them."""

from __future__ import annotations

import pytest

from telltale.pipeline.sentences import duration_text, limit_text, value_text


@pytest.mark.parametrize(
    ("duration_s", "text"),
    [
        (0.44, "0.4 s"),
        (12.3, "12 s"),
        (89.0, "89 s"),
        (840.0, "14 min"),
        (3599.0, "1 h"),
        (7500.0, "2 h 5 min"),
        (86_400.0, "1 d"),
        (273_600.0, "3 d 4 h"),
    ],
)
def test_a_duration_has_at_most_two_units(duration_s: float, text: str) -> None:
    assert duration_text(duration_s) == text


@pytest.mark.parametrize(
    ("limit", "text"), [(7.1, "7.1"), (85.0, "85"), (0.05, "0.05"), (1e6, "1000000")]
)
def test_a_limit_reads_as_it_was_written(limit: float, text: str) -> None:
    assert limit_text(limit) == text


def test_a_value_beyond_its_limit_never_reads_like_the_limit() -> None:
    assert value_text(7.42, 1, 7.1) == "7.4"
    assert value_text(7.1004, 1, 7.1) == "7.1004"
