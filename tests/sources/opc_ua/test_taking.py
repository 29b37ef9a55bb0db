"""Values to readings: quality, times and kinds, without a server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from asyncua import ua
from asyncua.ua.status_codes import StatusCodes

from telltale.batch import NS_PER_S
from telltale.formats.base import Decoded
from telltale.sources.opc_ua.nodes import Wanted
from telltale.sources.opc_ua.taking import Change, Taker

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
NOW_NS = int(NOW.timestamp()) * NS_PER_S


def change(
    channel: str,
    value: Any,
    *,
    source_s: float | None = None,
    server_s: float | None = None,
    arrival_s: float = 0.0,
    status: int = 0,
    is_read: bool = False,
    kind: ua.VariantType | None = None,
) -> Change:
    """Return a value; times in seconds from NOW."""
    moments: list[Any] = [  # Any: asyncua's DateTime is a datetime
        None if s is None else NOW + timedelta(seconds=s) for s in (source_s, server_s)
    ]
    code: Any = status  # Any: its UInt32 is an int
    held = ua.Variant(value) if kind is None else ua.Variant(value, kind)
    data = ua.DataValue(held, ua.StatusCode(code), *moments)
    return Change(Wanted(channel, "i=1"), data, NOW_NS + round(arrival_s * NS_PER_S), is_read)


def rows(decoded: Decoded | None) -> list[tuple[float, dict[str, float]]]:
    """Return samples as seconds from NOW, and the values that are there."""
    if decoded is None:
        return []
    return [
        (
            (int(time_ns) - NOW_NS) / NS_PER_S,
            {n: c.item(i) for n, c in batch.columns.items() if not np.isnan(c[i])},
        )
        for batch in decoded.batches
        for i, time_ns in enumerate(batch.time_ns)
    ]


@pytest.mark.parametrize(
    ("times", "given", "expected"),
    [
        ("source", {"source_s": -1.5, "server_s": -1.0}, -1.5),
        ("source", {"server_s": -1.0}, -1.0),
        ("source", {}, 0.0),
        ("source", {"source_s": -3600.0, "server_s": -1.0}, -1.0),  # not believed
        ("source", {"source_s": 1e6, "server_s": -1e6}, 0.0),
        ("server", {"source_s": -1.5, "server_s": -1.0}, -1.0),
        ("arrival", {"source_s": -1.5, "server_s": -1.0}, 0.0),
    ],
)
def test_which_time_counts(times: str, given: dict[str, Any], expected: float) -> None:
    (row,) = rows(Taker("m", times=times).take([change("x", 1.0, **given)]))
    assert row == (expected, {"x": 1.0})


def test_times_to_the_microsecond_are_exact() -> None:
    decoded = Taker("m").take([change("x", 1.0, source_s=-0.123_457)])
    assert decoded is not None
    assert int(decoded.batches[0].time_ns[0]) == NOW_NS - 123_457_000


def test_bad_is_missing_and_counted_uncertain_is_kept_and_told() -> None:
    taker = Taker("m")
    bad = StatusCodes.BadSensorFailure
    decoded = taker.take(
        [
            change("a", 1.0, status=bad),
            change("b", 2.0, status=StatusCodes.UncertainLastUsableValue),
            change("c", 3.0),
        ]
    )
    assert decoded is not None
    assert {name for _, values in rows(decoded) for name in values} == {"b", "c"}
    assert decoded.rejected_values == 1
    assert "a: BadSensorFailure" in decoded.reasons[0].message
    quality = taker.quality()
    assert (quality["good"], quality["uncertain"], quality["bad"]) == (1, 1, 1)
    assert quality["bad_now"] == {"a": "BadSensorFailure"}
    assert quality["uncertain_now"] == {"b": "UncertainLastUsableValue"}
    taker.take([change("a", 1.5, arrival_s=1.0)])
    assert taker.quality()["bad_now"] == {}


def test_values_lost_in_the_servers_queue_are_counted() -> None:
    taker = Taker("m")
    taker.take([change("x", 1.0, status=0x480), change("x", 2.0, arrival_s=1.0)])
    assert taker.quality()["lost_in_server"] == 1
    assert taker.quality()["good"] == 2


def test_what_kinds_of_values_become() -> None:
    taker = Taker("m", words=["product", "tags"])
    decoded = taker.take(
        [
            change("run", True),
            change("n", 2**40),
            change("product", "milk"),
            change("free", "text"),
            change("list", [1.0, 2.5]),
            change("grid", [[1, 2], [3, 4]]),
            change("long", [0.0] * 65),
            change("label", ua.LocalizedText("x")),
            change("at", datetime(2026, 1, 1, tzinfo=UTC)),
            change("raw", b"\x01\x02"),
            change("none", None, kind=ua.VariantType.Null),
            change("nan", float("nan")),
        ]
    )
    assert decoded is not None
    values = {name: value for _, row in rows(decoded) for name, value in row.items()}
    grid = {f"grid_{i}": i + 1.0 for i in range(4)}
    expected = {"run": 1.0, "n": 2.0**40, "product": 0.0, "list_0": 1.0, "list_1": 2.5}
    assert values == {**expected, **grid}
    assert decoded.codes["product"] == {"milk": 0.0}
    assert decoded.codes["run"] == {"false": 0.0, "true": 1.0}
    left = {one.column: one.reason for one in decoded.left_out}
    assert set(left) == {"free", "long", "label", "at", "raw"}
    assert "65 items" in left["long"]
    again = taker.take([change("free", "more", arrival_s=1.0), change("run", False, arrival_s=1.0)])
    assert again is not None
    assert again.left_out == ()  # told once


def test_values_of_one_moment_are_one_sample_and_the_order_is_that_of_time() -> None:
    decoded = Taker("m").take(
        [
            change("a", 1.0, source_s=-1.0),
            change("b", 2.0, source_s=-2.0),
            change("c", 3.0, source_s=-1.0),
        ]
    )
    assert rows(decoded) == [(-2.0, {"b": 2.0}), (-1.0, {"a": 1.0, "c": 3.0})]


def test_times_never_go_back_and_what_was_moved_is_counted() -> None:
    taker = Taker("m")
    taker.take([change("a", 1.0, source_s=-1.0)])
    assert rows(taker.take([change("b", 2.0, source_s=-1.5)])) == [(-1.0, {"b": 2.0})]
    assert taker.quality()["moved_in_time"] == 1


def test_what_was_polled_and_has_not_changed_is_as_old_as_the_reading() -> None:
    taker = Taker("m")
    taker.take([change("a", 1.0, source_s=-1.0, is_read=True)])
    again = change("a", 1.0, source_s=-1.0, arrival_s=5.0, is_read=True)
    assert rows(taker.take([again])) == [(5.0, {"a": 1.0})]


def test_a_subscription_begins_with_what_was_read_and_gives_it_once() -> None:
    taker = Taker("m")
    taker.take([change("a", 1.0, source_s=-1.0, is_read=True)])
    taker.lag_s = 1.0
    assert taker.take([change("a", 1.0, source_s=-1.0)]) is None


def test_beside_a_subscription_only_what_has_not_changed_is_given_and_before_its_lag() -> None:
    taker = Taker("m", lag_s=1.0)
    taker.take([change("a", 1.0, source_s=-9.0), change("b", 5.0, source_s=-9.0)])
    read = [
        change("a", 1.0, source_s=-9.0, arrival_s=10.0, is_read=True),
        change("b", 6.0, source_s=9.5, arrival_s=10.0, is_read=True),
    ]
    assert rows(taker.take(read)) == [(9.0, {"a": 1.0})]
    told = change("b", 6.0, source_s=9.5, arrival_s=10.4)
    assert rows(taker.take([told])) == [(9.5, {"b": 6.0})]
    assert not taker.overdue


def test_a_change_that_is_read_twice_and_never_told_means_a_dead_subscription() -> None:
    taker = Taker("m", lag_s=1.0)
    taker.take([change("b", 5.0, source_s=-9.0)])
    for arrival_s in (10.0, 20.0):
        assert not taker.overdue
        taker.take([change("b", 6.0, source_s=9.5, arrival_s=arrival_s, is_read=True)])
    assert taker.overdue == "b"
    taker.connect_anew()
    assert not taker.overdue


def test_not_a_number_that_stays_so_is_no_change() -> None:
    taker = Taker("m", lag_s=1.0)
    taker.take([change("b", float("nan"), source_s=-9.0)])
    for arrival_s in (10.0, 20.0):
        taker.take([change("b", float("nan"), source_s=9.5, arrival_s=arrival_s, is_read=True)])
    assert not taker.overdue
