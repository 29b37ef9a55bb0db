"""What every registered simulator promises; a new entry is tested the moment it is registered."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache

import numpy as np
import pytest

from telltale.batch import BoolArray, FloatArray, IntArray
from telltale.errors import SettingsError
from telltale.profiles.load import builtin_profiles
from telltale.profiles.schema import Channel, Profile
from telltale.simulators import SIMULATORS, make_simulator
from telltale.simulators.base import Simulator

START_NS = 1_763_712_000_000_000_000
RATE_HZ = 5
COVERED: set[str] = set()

# Channels of the profile that no simulator gives, with the reason.
NOT_SIMULATED = {
    "race_car": {
        # The feed that has these does not say what they measure.
        "tyre_stress_fl",
        "tyre_stress_fr",
        "tyre_stress_rl",
        "tyre_stress_rr",
        "fuel_consumption_rate",
        # These come from the organiser's tables, after the race.
        "outing",
        "lap_start",
        "lap_end",
        "lap_timed",
        "lap_time_s",
    }
}
FAULTS = [
    (name, fault.name)
    for name in SIMULATORS
    for fault in make_simulator(name, np.random.default_rng(0)).faults
]
SCENARIOS = [
    (name, scenario)
    for name in SIMULATORS
    for scenario in make_simulator(name, np.random.default_rng(0)).scenarios
]


def made(name: str, seed: int = 7, scenario: str | None = None) -> Simulator:
    COVERED.add(name)
    simulator = make_simulator(name, np.random.default_rng(seed))
    if scenario is not None:
        simulator.set_scenario(scenario)
    return simulator


def minutes(n: float, rate_hz: float) -> IntArray:
    n_samples = round(n * 60 * rate_hz)
    return START_NS + np.round(np.arange(n_samples) / rate_hz * 1e9).astype(np.int64)


@cache
def profile_of(name: str) -> Profile:
    return builtin_profiles()[made(name).profile]


def beyond_critical(readings: Mapping[str, FloatArray], channel: Channel, name: str) -> BoolArray:
    """Say per sample whether a critical limit is broken, its condition included."""
    values, limits = readings[name], channel.limits
    broken = np.zeros(len(values), dtype=np.bool_)
    if limits is None:
        return broken
    if limits.critical_above is not None:
        broken |= values > limits.critical_above
    if limits.critical_below is not None:
        broken |= values < limits.critical_below
    if limits.when is not None:
        other, side, level = limits.when
        broken &= readings[other] > level if side == "above" else readings[other] < level
    # An event needs the limit to be broken for hold_s.
    sustained = broken.copy()
    for back in range(1, round(limits.hold_s * RATE_HZ) + 1):
        sustained[back:] &= broken[:-back]
    return sustained


@cache
def healthy_readings(name: str, scenario: str) -> Mapping[str, FloatArray]:
    return made(name, scenario=scenario).advance(minutes(30, RATE_HZ))


@pytest.mark.parametrize("name", SIMULATORS)
def test_same_seed_and_times_give_the_same_bits_and_another_seed_others(name: str) -> None:
    time_ns = minutes(1, 20)
    first, again, other = (made(name, seed).advance(time_ns) for seed in (7, 7, 8))
    assert all(np.array_equal(first[channel], again[channel]) for channel in first)
    assert any(not np.array_equal(first[channel], other[channel]) for channel in first)


@pytest.mark.parametrize("cut", [0, 1, 7, 599, 600])
@pytest.mark.parametrize("name", SIMULATORS)
def test_readings_do_not_depend_on_where_the_time_axis_is_cut(name: str, cut: int) -> None:
    time_ns = minutes(0.5, 20)
    whole, pieces = made(name), made(name)
    for simulator in (whole, pieces):
        for fault in simulator.faults:
            simulator.set_fault(fault.name, 1.0)
    expected = whole.advance(time_ns)
    a, b = pieces.advance(time_ns[:cut]), pieces.advance(time_ns[cut:])
    for channel, values in expected.items():
        assert np.array_equal(values, np.concatenate((a[channel], b[channel]))), channel


@pytest.mark.parametrize("name", SIMULATORS)
def test_columns_are_the_channels_of_the_profile(name: str) -> None:
    simulator = made(name)
    readings = simulator.advance(minutes(0.1, 10))
    expected = set(profile_of(name).channels) - NOT_SIMULATED.get(name, set())
    assert set(readings) == set(simulator.channels) == expected
    assert all(values.dtype == np.float64 for values in readings.values())


@pytest.mark.parametrize(("name", "scenario"), SCENARIOS)
def test_a_healthy_machine_stays_in_range_and_raises_no_critical_limit(
    name: str, scenario: str
) -> None:
    readings = healthy_readings(name, scenario)
    for channel_name, channel in profile_of(name).channels.items():
        if channel_name not in readings:
            continue
        values = readings[channel_name]
        low, high = channel.range
        assert np.isfinite(values).all(), channel_name
        assert low <= values.min(), channel_name
        assert values.max() <= high, channel_name
        assert not beyond_critical(readings, channel, channel_name).any(), channel_name


@pytest.mark.parametrize("name", SIMULATORS)
def test_a_healthy_machine_stays_normal_as_it_is_shown_first(name: str) -> None:
    """Nearly always: 99 % of the samples of each channel lie in what the profile calls normal."""
    readings = healthy_readings(name, made(name).scenario)
    for channel_name, channel in profile_of(name).channels.items():
        if channel.normal is None or channel_name not in readings:
            continue
        low, high = channel.normal
        values = readings[channel_name]
        share = np.mean((values >= low) & (values <= high))
        assert share > 0.99, f"{channel_name}: {share:.3f} of the samples are normal"


@pytest.mark.parametrize(("name", "fault"), FAULTS)
def test_a_full_fault_changes_what_it_names_and_shows_beyond_normal(name: str, fault: str) -> None:
    """In at least one scenario: a boost leak shows little while idling.

    A stuck sensor shows as a channel that stands still instead.
    """
    profile = profile_of(name)
    named = next(set(f.channels) for f in made(name).faults if f.name == fault)
    unchanged, shown = set(named), set[str]()
    for scenario in made(name).scenarios:
        simulator = made(name, scenario=scenario)
        simulator.set_fault(fault, 1.0)
        readings = simulator.advance(minutes(30, RATE_HZ))
        healthy = healthy_readings(name, scenario)
        for channel in named:
            values, before = readings[channel][-1500:], healthy[channel][-1500:]
            if not np.array_equal(values, before):
                unchanged.discard(channel)
            low, high = profile.channels[channel].normal or (-np.inf, np.inf)
            stands_still = np.ptp(values) == 0.0 < np.ptp(before)
            if stands_still or np.mean((values < low) | (values > high)) > 0.002:
                shown.add(channel)
        if shown and not unchanged:
            return
    assert not unchanged, f"{fault} of {name} names channels that it does not change"
    assert shown, f"{fault} of {name} leaves every one of its channels normal"


@pytest.mark.parametrize("name", SIMULATORS)
def test_every_channel_that_is_not_constant_by_nature_moves(name: str) -> None:
    simulator = made(name)
    readings = simulator.advance(minutes(10, RATE_HZ))
    constant = {channel for channel, values in readings.items() if np.ptp(values) == 0.0}
    assert constant <= {"octane_adjust_ratio"}


@pytest.mark.parametrize("name", SIMULATORS)
def test_scenarios_and_faults_are_told_and_unknown_ones_refused(name: str) -> None:
    simulator = made(name)
    assert simulator.name == name
    assert simulator.title
    assert simulator.scenario in simulator.scenarios
    assert all(fault.title and fault.description for fault in simulator.faults)
    assert {fault.name for fault in simulator.faults} == set(simulator.severities())
    assert all(set(fault.channels) <= set(simulator.channels) for fault in simulator.faults)
    with pytest.raises(SettingsError, match="no scenario named 'holiday'"):
        simulator.set_scenario("holiday")
    with pytest.raises(SettingsError, match="no fault named 'gremlins'"):
        simulator.set_fault("gremlins", 1.0)
    simulator.set_fault(simulator.faults[0].name, 0.25)
    assert simulator.severities()[simulator.faults[0].name] == 0.25


@pytest.mark.parametrize("name", SIMULATORS)
def test_ten_seconds_at_50_hz_are_computed_in_milliseconds(name: str) -> None:
    """Target 5 ms; the bound here leaves room for a busy computer."""
    simulator = made(name)
    block_ns = START_NS + np.arange(500, dtype=np.int64) * 20_000_000
    took_s = []
    for k in range(8):
        before = time.perf_counter()
        simulator.advance(block_ns + k * 10_000_000_000)
        took_s.append(time.perf_counter() - before)
    assert min(took_s) < 0.015


def test_no_registered_simulator_was_left_out() -> None:
    for name in SIMULATORS:
        made(name)
    assert set(SIMULATORS) == COVERED
    assert {name for name, _ in FAULTS} == {name for name, _ in SCENARIOS} == set(SIMULATORS)
