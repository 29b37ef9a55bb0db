"""Columns of an earlier profile are found under the channels that they mean now."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.batch import Batch
from telltale.profiles.conform import Conformer
from telltale.profiles.load import builtin_profiles
from telltale.runtime.former import Former, former_columns, joined, with_former_names

CONFORMER = Conformer(builtin_profiles()["toyota_2jz_gte"])
NAN = np.nan


@pytest.mark.parametrize(
    ("name", "channel", "kept", "now"),
    [
        ("nmot", "engine_speed_rpm", 3000.0, 3000.0),
        ("oil_temp_f", "oil_temp_c", 212.0, 100.0),
        ("boost", "boost_bar", 14.5037738, 1.0),
        ("map_kpa", "manifold_pressure_kpa", 100.0, 100.0),
    ],
)
def test_a_former_column_is_the_channel_that_its_name_means(
    name: str, channel: str, kept: float, now: float
) -> None:
    former = former_columns([name, "afr", "afr_change"], CONFORMER)
    assert [one.name for one in former] == [name]
    assert with_former_names([channel], former) == (channel, name)
    batch = Batch("m", np.arange(1), {name: np.array([kept])})
    assert joined(batch, [channel], former).columns[channel] == pytest.approx([now], rel=1e-6)


@pytest.mark.parametrize(
    ("name", "unit"), [("zone_a_temp_c", "degC"), ("boost_rpm", "rpm"), ("odd", "1")]
)
def test_what_means_no_channel_keeps_its_name_and_unit(name: str, unit: str) -> None:
    assert former_columns([name], CONFORMER) == (Former(name, unit),)


def test_the_present_column_goes_before_a_former_one_and_nothing_else_is_touched() -> None:
    former = former_columns(["rpm", "odd"], CONFORMER)
    batch = Batch(
        "m",
        np.arange(3),
        {
            "engine_speed_rpm": np.array([1.0, NAN, NAN]),
            "rpm": np.array([9.0, 2.0, NAN]),
            "odd": np.array([5.0, 6.0, 7.0]),
        },
    )
    names = ["engine_speed_rpm", "odd", "afr"]
    done = joined(batch, names, former)
    assert list(done.columns) == names
    assert done.columns["engine_speed_rpm"][:2].tolist() == [1.0, 2.0]
    assert np.isnan(done.columns["engine_speed_rpm"][2])
    assert done.columns["odd"].tolist() == [5.0, 6.0, 7.0]
    assert np.isnan(done.columns["afr"]).all()
    assert batch.columns["engine_speed_rpm"][0] == 1.0
    assert np.isnan(batch.columns["engine_speed_rpm"][1])
