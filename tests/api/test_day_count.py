"""How many rows came today."""

from __future__ import annotations

from telltale.api.day_count import NS_PER_DAY, DayCount


def test_rows_are_counted_from_the_start_until_midnight_and_then_anew() -> None:
    noon_ns = NS_PER_DAY // 2
    today = DayCount(100, noon_ns)
    assert today.rows(130, noon_ns + 1) == 30
    assert today.since_ns == noon_ns
    assert today.rows(150, NS_PER_DAY + 5) == 0
    assert today.since_ns == NS_PER_DAY
    assert today.rows(170, NS_PER_DAY + 9) == 20
