"""The simulator as a feed: real time without drift, the rate asked for, and standstills."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.errors import SettingsError
from telltale.simulators import make_simulator
from telltale.sources.base import SourceState
from telltale.sources.simulator import SimulatorSource
from tests.doubles import START_NS, Collector, HandClock


@pytest.mark.parametrize("rate_hz", [0.5, 10.0, 23.6, 200.0])
async def test_samples_come_at_the_rate_on_an_absolute_schedule(rate_hz: float) -> None:
    clock = HandClock()
    async with Collector(SimulatorSource("p", "pump", rate_hz=rate_hz, clock=clock)) as taken:
        await clock.turn(60)
        times_ns = taken.times_ns()
        assert len(times_ns) == pytest.approx(60 * rate_hz, abs=rate_hz / 10 + 1)
        expected = START_NS + np.round(np.arange(len(times_ns)) / rate_hz * 1e9).astype(np.int64)
        assert np.array_equal(times_ns, expected)
        rate = taken.source.status.rate
        assert rate.per_second(clock.now_ns() - 1) == pytest.approx(rate_hz, rel=0.15)
        assert len(taken.taken) <= 60 * 31  # batches of about 20 a second


async def test_the_readings_are_those_of_the_simulator_with_this_seed() -> None:
    clock = HandClock()
    async with Collector(SimulatorSource("p", "pump", seed=4, clock=clock)) as taken:
        await clock.turn(5)
        expected = make_simulator("pump", np.random.default_rng(4)).advance(taken.times_ns())
        assert np.array_equal(taken.column("flow_l_min"), expected["flow_l_min"])
        assert taken.source.simulated


async def test_a_faster_life_keeps_real_times() -> None:
    temps_c = []
    for speed in (1.0, 100.0):
        clock = HandClock()
        source = SimulatorSource("p", "pump", speed=speed, clock=clock)
        source.simulator.set_fault("bearing_wear", 1.0)
        async with Collector(source) as taken:
            await clock.turn(20)
            assert taken.times_ns()[-1] <= clock.now_ns()
            temps_c.append(taken.column("bearing_temp_c")[-1])
    assert temps_c[1] > temps_c[0] + 10


async def test_after_a_standstill_the_lost_time_is_counted_not_made_up() -> None:
    clock = HandClock()
    async with Collector(SimulatorSource("p", "pump", rate_hz=10, clock=clock)) as taken:
        await clock.turn(1)
        rows = taken.rows
        clock.jump(3600)  # the computer slept
        await clock.turn(1)
        assert taken.rows < rows + 30
        assert taken.source.status.dropped == pytest.approx(36_000, abs=30)
        assert np.all(np.diff(taken.times_ns()) > 0)


async def test_a_scenario_can_be_given_and_changed() -> None:
    clock = HandClock()
    source = SimulatorSource("st", "focus_st", settings={"scenario": "idle"}, clock=clock)
    async with Collector(source) as taken:
        await clock.turn(5)
        assert taken.column("speed_km_h").max() == 0.0
        source.simulator.set_scenario("hard")
        await clock.turn(30)
        assert taken.column("speed_km_h").max() > 40.0


async def test_closing_ends_it() -> None:
    source = SimulatorSource("p", "pump", rate_hz=0.01)
    async with Collector(source) as taken:
        await taken.until_rows(1)
        await source.close()
        await taken.until_end(within_s=1.0)
        assert source.status.state in (SourceState.CLOSED, SourceState.ENDED)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"rate_hz": 0}, "rate_hz"),
        ({"rate_hz": float("nan")}, "rate_hz"),
        ({"speed": -1}, "speed"),
        ({"seed": -1}, "seed"),
        ({"settings": {"scenario": "holiday"}}, "holiday"),
        ({"settings": {"colour": "red"}}, "colour"),
    ],
)
def test_settings_are_checked(settings: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        SimulatorSource("p", "pump", **settings)  # type: ignore[arg-type]


def test_an_unknown_simulator_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(SettingsError, match="Did you mean 'pump'"):
        SimulatorSource("p", "pumpe")
