from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.batch import NS_PER_S, Batch, FloatArray
from telltale.formats.base import MAX_REASONS
from telltale.profiles.conform import Conformer, News
from telltale.profiles.parse import parse_profile

NOW_NS = 1_700_000_000 * NS_PER_S
PROFILE = parse_profile(
    """
title = "Test"
description = "A machine for tests."
[channels.oil_temp_c]
title = "Oil"
unit = "degC"
range = [-40, 200]
aliases = ["oil", { name = "OIL_TEMP", unit = "degF" }]
[channels.boost_bar]
title = "Boost"
unit = "bar"
range = [-1, 3]
aliases = [{ name = "boost", unit = "psi" }]
[channels.flag]
title = "Flag"
unit = "1"
range = [0, 9]
codes = { GF = 0, FCY = 1 }
[channels.lamp]
title = "Lamp"
unit = "1"
range = [0, 1]
""",
    id="test",
    file="test.toml",
)
CONFORMER = Conformer(PROFILE)
NAN, INF = math.nan, math.inf


def batch(
    columns: Mapping[str, Sequence[float]], first_ns: int = NOW_NS - 3600 * NS_PER_S
) -> Batch:
    n = len(next(iter(columns.values()), ()))
    time_ns = first_ns + np.arange(n, dtype=np.int64) * NS_PER_S
    return Batch("m", time_ns, {k: np.array(v, dtype=np.float64) for k, v in columns.items()})


def values(columns: Mapping[str, FloatArray]) -> dict[str, list[float | None]]:
    """Return columns as lists, NaN as None so that they compare."""
    return {k: [None if math.isnan(x) else x for x in v.tolist()] for k, v in columns.items()}


@pytest.mark.parametrize(
    ("name", "value", "channel", "expected"),
    [
        ("oil_temp_c", 90.0, "oil_temp_c", 90.0),
        ("Oil_Temp_C", 90.0, "oil_temp_c", 90.0),
        ("OIL", 90.0, "oil_temp_c", 90.0),
        ("oil_temp", 212.0, "oil_temp_c", 100.0),
        ("Oil Temp", 212.0, "oil_temp_c", 100.0),
        ("Oil (°F)", 212.0, "oil_temp_c", 100.0),
        ("OIL ()", 90.0, "oil_temp_c", 90.0),
        ("Boost", 14.5037738, "boost_bar", 1.0),
        ("boost [bar]", 1.0, "boost_bar", 1.0),
    ],
)
def test_a_feeds_name_becomes_the_channel_in_its_unit(
    name: str, value: float, channel: str, expected: float
) -> None:
    done = CONFORMER.conform(batch({name: [value]}), now_ns=NOW_NS)
    assert done.unknown == {}
    assert list(done.batch.columns) == [channel]
    assert done.batch.columns[channel][0] == pytest.approx(expected, rel=1e-6)


def test_the_unit_that_the_feed_declares_goes_before_the_alias() -> None:
    done = CONFORMER.conform(batch({"boost": [100.0]}), now_ns=NOW_NS, units={"boost": "kPa"})
    assert done.batch.columns["boost_bar"][0] == pytest.approx(1.0)


def test_a_declared_unit_that_nobody_knows_does_not_cost_a_channel_without_unit() -> None:
    done = CONFORMER.conform(batch({"flag": [1.0]}), now_ns=NOW_NS, units={"flag": "furlong"})
    assert values(done.batch.columns) == {"flag": [1.0]}


def test_a_declared_unit_of_another_quantity_is_told_and_the_column_left_out() -> None:
    done = CONFORMER.conform(
        batch({"boost": [1.0], "oil": [90.0]}), now_ns=NOW_NS, units={"boost": "rpm"}
    )
    assert list(done.batch.columns) == ["oil_temp_c"]
    assert "'rpm' (frequency) cannot become 'bar' (pressure)" in done.unknown["boost"]


def test_an_unknown_name_gets_a_suggestion_and_costs_nothing_else() -> None:
    done = CONFORMER.conform(batch({"oil_tmp_c": [1.0], "oil": [90.0]}), now_ns=NOW_NS)
    assert done.unknown == {"oil_tmp_c": "Did you mean 'oil_temp_c'?"}
    assert values(done.batch.columns) == {"oil_temp_c": [90.0]}
    assert (done.rejected_rows, done.rejected_values) == (0, 0)


def test_values_outside_the_range_become_missing_and_are_explained() -> None:
    done = CONFORMER.conform(
        batch({"oil_temp_c": [90.0, 201.0, INF, -41.0, NAN], "boost_bar": [0.0] * 5}), now_ns=NOW_NS
    )
    assert values(done.batch.columns)["oil_temp_c"] == [90.0, None, None, None, None]
    assert (done.rejected_rows, done.rejected_values) == (0, 3)
    assert [r.row for r in done.reasons] == [1, 2, 3]
    assert done.reasons[0].message == (
        "Row 1: 'oil_temp_c' is 201, expected a number in degC from -40 to 200."
    )


def test_an_explanation_speaks_in_the_feeds_own_unit() -> None:
    done = CONFORMER.conform(batch({"OIL_TEMP": [500.0], "boost": [1.0]}), now_ns=NOW_NS)
    assert done.reasons[0].value == "500"
    assert done.reasons[0].expected == "a number in degF from -40 to 392"


def test_the_ends_of_the_range_are_inside() -> None:
    done = CONFORMER.conform(batch({"oil_temp_c": [-40.0, 200.0]}), now_ns=NOW_NS)
    assert done.rejected_values == 0


def test_rows_without_a_value_are_rejected_and_the_others_kept() -> None:
    done = CONFORMER.conform(
        batch({"oil_temp_c": [NAN, 90.0, 999.0], "boost_bar": [NAN, NAN, NAN]}), now_ns=NOW_NS
    )
    assert values(done.batch.columns) == {"oil_temp_c": [90.0], "boost_bar": [None]}
    assert (done.rejected_rows, done.rejected_values) == (2, 1)
    assert [r.row for r in done.reasons] == [0, 2, 2]


def test_a_feed_of_unknown_names_only_is_rejected_row_by_row() -> None:
    done = CONFORMER.conform(batch({"x": [1.0, 2.0]}), now_ns=NOW_NS)
    assert (len(done.batch), done.rejected_rows) == (0, 2)
    assert "No name of this feed is a channel" in done.reasons[0].message


def test_rows_too_far_in_the_future_are_rejected() -> None:
    first_ns = NOW_NS + 298 * NS_PER_S
    done = CONFORMER.conform(batch({"oil": [1.0, 2.0, 3.0, 4.0]}, first_ns), now_ns=NOW_NS)
    assert values(done.batch.columns) == {"oil_temp_c": [1.0, 2.0, 3.0]}
    assert done.rejected_rows == 1
    assert done.reasons[0].row == 3
    assert "clock" in done.reasons[0].message


def test_of_two_names_for_a_channel_the_first_finite_value_wins() -> None:
    done = CONFORMER.conform(
        batch({"OIL_TEMP": [212.0, 212.0, 212.0, NAN], "oil_temp_c": [90.0, NAN, 999.0, NAN],
               "boost_bar": [0.0] * 4}),
        now_ns=NOW_NS,
    )  # fmt: skip
    oil = done.batch.columns["oil_temp_c"]
    assert oil[0] == 90.0
    assert oil[1:3] == pytest.approx([100.0, 100.0])
    assert math.isnan(oil[3])


def test_words_of_a_coded_channel_get_the_profiles_numbers() -> None:
    done = CONFORMER.conform(
        batch({"flag": [0.0, 1.0, 2.0, NAN], "oil": [1.0] * 4}),
        now_ns=NOW_NS,
        codes={"flag": {"fcy": 0.0, "GF": 1.0, "RED": 2.0}},
    )
    assert values(done.batch.columns)["flag"] == [1.0, 0.0, None, None]
    assert done.rejected_values == 1
    assert done.reasons[0].message == "Row 2: 'flag' is RED, expected one of GF, FCY."


@pytest.mark.parametrize("word", ["true", "OFF", "hot"])
def test_a_word_is_never_a_number_of_a_physical_quantity(word: str) -> None:
    done = CONFORMER.conform(
        batch({"oil": [0.0, 0.0], "boost": [1.0, 1.0]}), now_ns=NOW_NS, codes={"oil": {word: 0.0}}
    )
    assert values(done.batch.columns)["oil_temp_c"] == [None, None]
    assert done.rejected_values == 2
    assert done.reasons[0].message == (
        f"Row 0: 'oil' is {word}, expected a number in degC from -40 to 200."
    )
    assert done.unknown == {
        "oil": f"Holds words such as {word!r}, expected a number in degC from -40 to 200."
    }


def test_true_and_false_are_numbers_where_a_channel_has_no_unit() -> None:
    done = CONFORMER.conform(
        batch({"lamp": [0.0, 1.0, 2.0]}),
        now_ns=NOW_NS,
        codes={"lamp": {"TRUE": 0.0, "false": 1.0, "blinks": 2.0}},
    )
    assert values(done.batch.columns) == {"lamp": [1.0, 0.0]}
    assert done.rejected_values == 1
    assert done.unknown == {}


def test_the_news_of_a_batch_are_its_unknown_names_and_words() -> None:
    fed = batch({"flag": [0.0, 1.0], "empty": [NAN, NAN], "x": [1.0, NAN], "oil": [1.0, 1.0]})
    news = CONFORMER.news(fed, {}, {"flag": {"gf ": 0.0, "RED": 1.0, "not here": 2.0}})
    assert news == News(frozenset({"x"}), {"flag": ("RED",)})
    assert news
    assert not CONFORMER.news(batch({"oil": [1.0]}), {}, {})


def test_a_long_list_of_words_is_shortened_in_a_reason() -> None:
    many = msgspec.structs.replace(
        PROFILE.channels["flag"], codes={f"w{n}": float(n) for n in range(200)}
    )
    profile = msgspec.structs.replace(PROFILE, channels={"flag": many})
    done = Conformer(profile).conform(
        batch({"flag": [0.0]}), now_ns=NOW_NS, codes={"flag": {"x": 0.0}}
    )
    assert done.reasons[0].expected.endswith("w11 and 188 more")


def test_reasons_are_bounded_and_counts_are_not() -> None:
    done = CONFORMER.conform(
        batch({"oil": [999.0] * 5000, "boost_bar": [9.0] * 5000}, 0), now_ns=NOW_NS
    )
    assert len(done.reasons) == MAX_REASONS
    assert (done.rejected_values, done.rejected_rows) == (10_000, 5000)


def test_clean_columns_are_handed_on_without_a_copy() -> None:
    given_batch = batch({"oil_temp_c": [1.0, 2.0], "boost_bar": [NAN, 1.0]})
    done = CONFORMER.conform(given_batch, now_ns=NOW_NS)
    assert done.batch.time_ns is given_batch.time_ns
    assert done.batch.columns["oil_temp_c"] is given_batch.columns["oil_temp_c"]


def test_one_pass_over_clean_columns_gives_the_same_bits_as_column_by_column() -> None:
    fahrenheit = np.linspace(-40.0, 392.0, 997).tolist()
    psi = np.linspace(-14.0, 43.0, 997).tolist()
    clean = CONFORMER.conform(batch({"OIL_TEMP": fahrenheit, "boost": psi}), now_ns=NOW_NS)
    refused = CONFORMER.conform(
        batch({"OIL_TEMP": [*fahrenheit, 999.0], "boost": [*psi, 1.0]}), now_ns=NOW_NS
    )
    assert (clean.rejected_values, refused.rejected_values) == (0, 1)
    for name, column in clean.batch.columns.items():
        assert column.tobytes() == refused.batch.columns[name][:-1].tobytes()


def test_the_ends_of_the_range_are_inside_in_the_feeds_unit_too() -> None:
    done = CONFORMER.conform(batch({"OIL_TEMP": [392.0, -40.0]}), now_ns=NOW_NS)
    assert done.rejected_values == 0
    assert done.batch.columns["oil_temp_c"] == pytest.approx([200.0, -40.0])


def test_an_empty_batch_stays_empty() -> None:
    done = CONFORMER.conform(batch({"oil": []}), now_ns=NOW_NS)
    assert (len(done.batch), done.rejected_rows, done.reasons) == (0, 0, ())


def test_plans_do_not_pile_up() -> None:
    conformer = Conformer(PROFILE)
    for n in range(2000):
        conformer.conform(batch({"oil": [1.0], f"x{n}": [1.0]}), now_ns=NOW_NS)
    assert len(conformer._plans) <= 256


wild = st.floats(allow_nan=True, allow_infinity=True) | st.floats(-100, 300)


@given(
    st.lists(st.tuples(wild, wild, wild), min_size=1, max_size=30),
    st.integers(0, 30),
)
def test_conforming_does_not_depend_on_where_the_stream_is_cut_and_keeps_its_input(
    rows: list[tuple[float, float, float]], cut: int
) -> None:
    columns = dict(
        zip(("oil", "OIL_TEMP", "boost"), map(list, zip(*rows, strict=True)), strict=True)
    )
    whole = batch(columns, NOW_NS + 290 * NS_PER_S)
    before = {name: column.copy() for name, column in whole.columns.items()}
    parts = [whole.rows(0, cut), whole.rows(cut, len(whole))]
    done = CONFORMER.conform(whole, now_ns=NOW_NS)
    split = [CONFORMER.conform(part, now_ns=NOW_NS) for part in parts]

    for name, column in done.batch.columns.items():
        joined = np.concatenate([part.batch.columns[name] for part in split])
        np.testing.assert_array_equal(column, joined)
        low, high = PROFILE.channels[name].range
        assert not np.any((column < low - 1e-6) | (column > high + 1e-6))
    assert done.rejected_rows == sum(part.rejected_rows for part in split)
    assert done.rejected_values == sum(part.rejected_values for part in split)
    assert done.rejected_rows + len(done.batch) == len(whole)
    for name, column in whole.columns.items():
        np.testing.assert_array_equal(column, before[name])
