"""A machine in one word and one sentence: whether it is heard, and the worst that was found."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.batch import Batch
from telltale.errors import SettingsError
from telltale.formats.base import Decoded
from telltale.runtime.core import Runtime
from telltale.runtime.machine_view import MachineView, machine_view
from tests.doubles import HandClock
from tests.runtime.conftest import OpenRuntime
from tests.runtime.test_core import T0, readings
from tests.waiting import until

S = 1_000_000_000


def seen(runtime: Runtime, clock: HandClock) -> MachineView:
    return machine_view(runtime.machine("pump-1"), clock())


async def silent(runtime: Runtime, clock: HandClock, seconds: float) -> MachineView:
    clock.jump(seconds)
    await until(lambda: seen(runtime, clock).freshness == "stale")
    return seen(runtime, clock)


async def test_a_critical_machine_that_falls_silent_stays_critical_and_says_both(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(readings("calm", start_ns=clock() - 60 * S))
        await runtime.ingest(
            readings("pump-1", n=60, start_ns=clock() - 60 * S, bearing_temp_c=92.0)
        )
        live = seen(runtime, clock)
        assert (live.state, live.freshness) == ("critical", "live")
        assert live.headline.startswith("Bearing temperature 92.0 °C, limit 85, for 59 s.")
        view = await silent(runtime, clock, 180)
        assert view.state == "critical"
        assert view.headline == (
            "Silent for 3 min; before that: bearing temperature 92.0 °C, limit 85, for 59 s."
        )
        assert view.values["bearing_temp_c"].state == "critical"
        assert view.values["vibration_mm_s"].state == "stale"
        await until(lambda: runtime.machine("calm").state_word() == "stale")
        assert [one.machine.id for one in runtime.machines()] == ["pump-1", "calm"]
        assert view.open_events[0].name == "bearing_temp_c"
    async with open_runtime() as runtime:
        view = seen(runtime, clock)
        assert (view.state, view.freshness) == ("critical", "stale")
        assert "none since telltale started; before that: bearing" in view.headline


async def test_a_silent_machine_without_a_finding_is_stale_and_says_since_when(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(readings("pump-1", start_ns=clock() - 5 * S))
        view = await silent(runtime, clock, 3600)
    assert (view.state, view.headline) == ("stale", "Silent for 1 h.")
    assert {value.state for value in view.values.values()} == {"stale", "no_data"}


async def test_a_machine_that_is_known_from_a_recording_is_neither_live_nor_stale(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    old_ns = T0 - 400 * 86_400 * S
    async with open_runtime() as runtime:
        await runtime.ingest(
            readings("pump-1", n=60, start_ns=old_ns, bearing_temp_c=92.0), is_live=False
        )
        before = seen(runtime, clock)
        clock.jump(3600)
    async with open_runtime() as runtime:
        after = seen(runtime, clock)
        for view in (before, after):
            assert (view.state, view.freshness) == ("recorded", "recorded")
            assert view.headline == (
                "History until 17 Oct 2024 07:44 UTC; it ends with: "
                "bearing temperature 92.0 °C, limit 85, for 59 s."
            )
            assert {value.state for value in view.values.values()} == {"recorded", "no_data"}
        await runtime.ingest(readings("pump-1", start_ns=clock()))  # it begins to send
        assert seen(runtime, clock).freshness == "live"


async def test_the_age_is_that_of_the_reading_and_old_data_that_come_now_are_told_as_such(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(readings("pump-1", start_ns=clock() - 86_400 * S))
        clock.jump(12)
        view = seen(runtime, clock)
        assert view.age_s == 86_400 - 4 + 12
        assert view.last_arrival_ns == clock() - 12 * S
        assert "Last reading 20 Nov 2025 08:00 UTC; received 12 s ago." in view.headline
        view = await silent(runtime, clock, 168)
        assert view.headline == "Silent for 3 min, last reading 20 Nov 2025 08:00 UTC."


@pytest.mark.parametrize("is_machine_simulated", [True, False])
async def test_measurements_and_simulated_readings_are_never_mixed(
    open_runtime: OpenRuntime, *, is_machine_simulated: bool
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(readings("pump-1"), simulated=is_machine_simulated)
        with pytest.raises(SettingsError, match="are not kept with its own") as raised:
            await runtime.ingest(readings("pump-1"), simulated=not is_machine_simulated)
        assert "another id" in str(raised.value)
        assert runtime.machine("pump-1").rows == 5


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"bearing_temp_c": 42.0}, "1 of its 10 watched values is known and within its limits."),
        (
            {"bearing_temp_c": 42.0, "vibration_mm_s": 2.0},
            "2 of its 10 watched values are known and within their limits.",
        ),
    ],
)
async def test_what_was_never_measured_is_not_called_within_its_limits(
    open_runtime: OpenRuntime, clock: HandClock, values: dict[str, float], said: str
) -> None:
    async with open_runtime() as runtime:
        await runtime.fleet.register("pump-1", profile="industrial_pump")
        columns = {name: np.array([value]) for name, value in values.items()}
        await runtime.ingest(Decoded((Batch("pump-1", np.array([clock() - S]), columns),)))
        assert seen(runtime, clock).headline == said
