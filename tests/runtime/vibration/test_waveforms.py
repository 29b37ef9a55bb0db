"""A waveform becomes a diagnosis, readings and events of its machine, and is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from telltale.batch import FOREVER_NS, NS_PER_S, Batch, FloatArray
from telltale.errors import ModelError, SettingsError, UnknownMachineError
from telltale.formats.base import Decoded
from telltale.models.vibration.bearings import PARTS, SKF_6205, Part
from telltale.runtime.core import Runtime
from telltale.runtime.models.shelf import card_of
from telltale.runtime.training.job import Stretch, Wish
from telltale.runtime.vibration import waveforms
from telltale.runtime.vibration.asked import Asked
from telltale.runtime.vibration.gear_normal import LEAST, NEEDED
from telltale.runtime.vibration.record import WaveformView
from telltale.runtime.vibration.waveforms import JOINED_NS, KEPT, UnknownPointError
from telltale.store.base import KeptWaveform, RangeQuery, UnknownWaveformError
from tests.doubles import START_NS, HandClock
from tests.formats.waveform_files import npy, wav
from tests.models.vibration.signals import RATE_HZ, SHAFT_RPM, bearing_waveform, gear_waveform
from tests.runtime.conftest import OpenRuntime
from tests.waiting import until

PROFILE = """title = "Motor"
description = "A motor and its gearbox."
stale_after_s = 7200
[channels.speed_hz]
title = "Speed"
unit = "Hz"
range = [0, 5000]
[points.drive_end]
rate_hz = 12000
shaft_rpm = 1772
bearing = { balls = 9, ball_mm = 7.94, pitch_mm = 39.04 }
[points.fan_end]
rate_hz = 12000
shaft_rpm = "speed_hz"
bearing = { balls = 9, ball_mm = 7.94, pitch_mm = 39.04 }
[points.gearbox]
rate_hz = 4000
shaft_rpm = 1800
gear = { teeth = 29 }
"""
GEAR_HZ = 4000.0


def shaken(part: Part | None, seed: int = 1, **how: float) -> FloatArray:
    return bearing_waveform(part, SKF_6205.orders(), np.random.default_rng(seed), **how)


def geared(seed: int, broken: float = 0.0, *, seconds: float = 8.0) -> bytes:
    rng = np.random.default_rng(seed)
    both = gear_waveform(rng, seconds=seconds, rate_hz=GEAR_HZ, broken=broken)
    return npy(both[:, 0])


@pytest.fixture
async def machine(
    tmp_path: Path, open_runtime: OpenRuntime, clock: HandClock
) -> AsyncIterator[Runtime]:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "motor.toml").write_text(PROFILE)
    async with open_runtime() as runtime:
        await runtime.fleet.register("m", profile="motor")
        yield runtime


async def sent(
    runtime: Runtime,
    body: bytes,
    *,
    point: str = "drive_end",
    time_ns: int | None = None,
    **said: Any,
) -> WaveformView:
    clock: Any = runtime.clock
    clock.jump(10.0)
    return await runtime.waveforms.take("m", point, body, time_ns=time_ns, asked=Asked(**said))


async def fed(runtime: Runtime, time_ns: int, **values: float) -> None:
    row = {name: np.array([value]) for name, value in values.items()}
    await runtime.ingest(Decoded((Batch("m", np.array([time_ns]), row),)))


async def column(runtime: Runtime, name: str) -> list[float]:
    batch = await runtime.store.read(RangeQuery("m", 0, FOREVER_NS, names=(name,)))
    values: list[float] = batch.columns[name].tolist()
    return values


@pytest.mark.parametrize("part", PARTS)
async def test_a_damaged_part_opens_an_event_with_the_evidence_and_a_sound_one_ends_it(
    machine: Runtime, part: Part
) -> None:
    live = machine.machine("m")
    view = await sent(machine, npy(shaken(None)))
    assert (view.answer, list(live.open_events)) == ("normal", [])
    view = await sent(machine, npy(shaken(part, strength=2.0)))
    assert view.answer == part.value
    (event,) = live.open_events.values()
    assert event.name == f"drive_end_{part.value}_share"
    assert view.sentence in event.message
    assert "harmonics" in event.message
    assert event.advice is not None
    assert await column(machine, f"drive_end_{part.value}_share") == pytest.approx(
        [0.0, view.bearing.shares[part.value] if view.bearing else -1.0], abs=0.2
    )
    assert (await column(machine, "drive_end_acceleration_rms_g"))[1] == view.statistics.rms
    await sent(machine, npy(shaken(None, 2)))
    assert not live.open_events
    (kept,) = [e for e in await machine.store.events("m") if e.name == event.name]
    assert kept.end_ns is not None
    assert view.sentence in kept.message


async def test_what_was_found_survives_a_restart_and_goes_with_the_machine(
    machine: Runtime, open_runtime: OpenRuntime
) -> None:
    before = await sent(machine, npy(shaken(Part.INNER_RACE)))
    await machine.stop()
    async with open_runtime() as runtime:
        assert [event.name for event in runtime.machine("m").open_events.values()] == [
            "drive_end_inner_race_share"
        ]
        assert await runtime.waveforms.list("m") == [before]
        detail = await runtime.waveforms.get("m", before.id)
        assert detail.spectrum is not None
        assert len(detail.spectrum.hz) <= 1000
        marked = (
            [line for line in before.bearing.lines if line.stands_out] if before.bearing else []
        )
        strongest = max(marked, key=lambda line: line.ratio or 0.0)
        assert max(detail.spectrum.ratio) >= (strongest.ratio or 0.0) * 0.999
        await runtime.fleet.remove("m")
        await runtime.fleet.register("m", profile="motor")
        assert await runtime.waveforms.list("m") == []
        with pytest.raises(UnknownWaveformError):
            await runtime.waveforms.get("m", before.id)


async def test_of_each_point_only_the_newest_are_kept(
    machine: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waveforms, "KEPT", 2)
    made = [await sent(machine, npy(shaken(None, seed, seconds=1.0))) for seed in range(3)]
    assert [view.id for view in await machine.waveforms.list("m")] == [made[2].id, made[1].id]
    assert len(await column(machine, "drive_end_kurtosis")) == 3


async def test_a_recorder_slower_than_the_feed_is_judged_and_old_waveforms_are_only_kept(
    machine: Runtime,
) -> None:
    newest_ns = START_NS + 30 * NS_PER_S
    await fed(machine, newest_ns, speed_hz=29.0)
    body = npy(shaken(Part.OUTER_RACE))
    view = await sent(machine, body, time_ns=newest_ns - JOINED_NS - 1)
    assert (view.is_late, view.reading_time_ns) == (True, newest_ns - JOINED_NS - 1)
    assert not machine.machine("m").open_events
    view = await sent(machine, body, time_ns=newest_ns - JOINED_NS)
    assert (view.is_late, view.reading_time_ns, view.time_ns) == (
        False,
        newest_ns,
        newest_ns - JOINED_NS,
    )
    assert len(machine.machine("m").open_events) == 1
    assert await column(machine, "speed_hz") == pytest.approx([np.nan, 29.0], nan_ok=True)


async def test_the_speed_is_taken_from_the_machine_at_that_time(machine: Runtime) -> None:
    body = npy(shaken(Part.INNER_RACE, shaft_rpm=1500.0))
    with pytest.raises(SettingsError, match="no reading of 'speed_hz' within 60 s"):
        await sent(machine, body, point="fan_end")
    for second, speed_hz in ((0, 25.0), (60, 40.0)):
        await fed(machine, START_NS + second * NS_PER_S, speed_hz=speed_hz)
    view = await sent(machine, body, point="fan_end", time_ns=START_NS + 20 * NS_PER_S)
    assert (view.answer, view.shaft_rpm) == ("inner_race", 1500.0)
    view = await sent(machine, body, point="fan_end", shaft_rpm=1500.0)
    assert view.answer == "inner_race"
    later_ns = START_NS + 200 * NS_PER_S
    await fed(machine, later_ns, speed_hz=0.0)
    view = await sent(machine, body, point="fan_end", time_ns=later_ns)
    assert (view.answer, view.bearing) == ("not_diagnosed", None)
    assert "stands still" in view.sentence


async def test_a_measured_speed_beyond_what_is_sampled_is_refused(machine: Runtime) -> None:
    await fed(machine, START_NS, speed_hz=4000.0)
    with pytest.raises(ModelError, match=r"at 240000 rpm .* Check the shaft speed"):
        await sent(machine, npy(shaken(None)), point="fan_end", time_ns=START_NS)
    assert await machine.waveforms.list("m") == []


@pytest.mark.parametrize(
    ("samples", "said", "told"),
    [
        (np.sin(2.0 * np.pi * np.arange(48_000) / RATE_HZ), {}, "Nothing but slow movement"),
        (np.arange(48_000.0), {}, "Nothing but slow movement"),
        (shaken(None), {"top_hz": 1000.0}, "So few frequencies do not show that it is sound"),
        (shaken(None), {"sample_rate_hz": 1000.0}, "So few frequencies"),
    ],
    ids=["1 Hz", "ramp", "low top_hz", "slow recorder"],
)
async def test_nothing_is_called_normal_where_nothing_can_be_told(
    machine: Runtime, samples: FloatArray, said: dict[str, Any], told: str
) -> None:
    view = await sent(machine, npy(samples), **said)
    assert view.answer == "not_diagnosed"
    assert told in view.sentence
    assert view.warnings
    assert not machine.machine("m").open_events


async def test_what_is_said_with_a_waveform_goes_before_the_profile(machine: Runtime) -> None:
    body = npy(shaken(Part.BALL, rate_hz=24_000.0, strength=2.0))
    view = await sent(machine, body, sample_rate_hz=24_000.0, top_hz=6000.0)
    assert (view.answer, view.rate_hz, view.seconds) == ("ball", 24_000.0, 2.0)
    other = Asked(balls=8, ball_mm=15.08, pitch_mm=65.0)
    view = await machine.waveforms.take("m", "drive_end", body, time_ns=None, asked=other)
    assert view.bearing is not None
    assert view.bearing.orders.bpfo == pytest.approx(3.072)
    file = wav(np.clip(shaken(Part.OUTER_RACE) / 8.0, -1, 1), 12_000)
    view = await sent(machine, file, scale=8.0)
    assert (view.answer, view.warnings) == ("outer_race", ())
    assert view.statistics.rms == pytest.approx(float(shaken(Part.OUTER_RACE).std()), rel=1e-3)
    view = await sent(machine, file)
    assert "no scale is given" in view.warnings[0]
    view = await sent(machine, wav(np.clip(shaken(None) / 8.0, -1, 1), 25_600), scale=8.0)
    assert "The file says 25600 Hz and the profile 12000 Hz" in view.warnings[0]


async def test_another_unit_becomes_the_points_own(machine: Runtime) -> None:
    view = await sent(machine, npy(9.80665 * shaken(Part.BALL)), unit="m/s2")
    assert view.unit == "g"
    assert view.statistics.rms == pytest.approx(float(shaken(Part.BALL).std()))
    assert await column(machine, "drive_end_acceleration_rms_g") == [view.statistics.rms]


async def test_a_point_that_the_profile_does_not_know_is_diagnosed_but_gives_no_readings(
    machine: Runtime,
) -> None:
    body = npy(shaken(Part.OUTER_RACE))
    with pytest.raises(UnknownPointError, match=r"no measuring point 'drive'.*\[points\.drive\]"):
        await sent(machine, body, point="drive")
    said: dict[str, Any] = {"sample_rate_hz": RATE_HZ, "shaft_rpm": SHAFT_RPM}
    geometry: dict[str, Any] = {"balls": 9, "ball_mm": 7.94, "pitch_mm": 39.04}
    view = await sent(machine, body, point="drive", **said, **geometry)
    assert (view.answer, view.reading_time_ns) == ("outer_race", None)
    assert [one.point for one in await machine.waveforms.list("m")] == ["drive"]
    assert not machine.machine("m").open_events
    with pytest.raises(SettingsError, match="cannot name a measuring point"):
        await sent(machine, body, point="Drive end", **said)
    with pytest.raises(UnknownMachineError):
        await machine.waveforms.take("else", "drive", body, time_ns=None, asked=Asked(**said))


@pytest.mark.parametrize(
    ("body", "said", "told"),
    [
        (npy(shaken(None)[:5000]), {}, r"0\.42 s .* 12\.3 turns .* Record at least 0\.51 s"),
        (npy(np.full(24_000, 0.1)), {}, "the sensor is dead"),
        (npy(shaken(None)), {"balls": 9}, "Missing: ball_mm, pitch_mm"),
        (npy(shaken(None)), {"shaft_rpm": float("inf")}, "shaft_rpm is inf"),
        (npy(shaken(None)), {"top_hz": 7000.0}, "above half the sampling rate, 6000 Hz"),
    ],
)
async def test_what_cannot_be_diagnosed_is_refused_and_nothing_of_it_is_kept(
    machine: Runtime, body: bytes, said: dict[str, Any], told: str
) -> None:
    with pytest.raises((ModelError, SettingsError), match=told):
        await sent(machine, body, **said)
    assert await machine.waveforms.list("m") == []
    assert not machine.machine("m").values


async def test_a_clipped_signal_is_diagnosed_with_a_warning(machine: Runtime) -> None:
    view = await sent(machine, npy(np.clip(shaken(None), -0.4, 0.4)))
    assert "clipped at -0.4 to 0.4 g" in view.warnings[0]


async def test_a_gear_is_learnt_by_itself_and_a_broken_tooth_is_beyond_it(
    machine: Runtime,
) -> None:
    for seed in range(NEEDED):
        view = await sent(machine, geared(seed), point="gearbox")
        assert (view.answer, view.gear and view.gear.score) == ("not_diagnosed", None)
    point = await machine.waveforms.point("m", "gearbox")
    assert point.gear is not None
    assert (point.gear.state, point.gear.waveforms, point.gear.model) == ("ready", NEEDED, 1)
    view = await sent(machine, geared(50), point="gearbox")
    assert view.answer == "normal"
    view = await sent(machine, geared(51, broken=3.0), point="gearbox")
    assert view.answer == "gear"
    assert view.gear is not None
    assert view.gear.score is not None
    assert view.gear.score > 1.0
    (event,) = machine.machine("m").open_events.values()
    assert event.name == "gearbox_gear_score"
    assert f"what {NEEDED} healthy waveforms show" in event.message
    view = await sent(machine, geared(52), point="gearbox", shaft_rpm=2400.0)
    assert view.gear is not None
    assert view.gear.score is None
    assert "learnt at 1800 to 1800 rpm" in view.gear.note


async def test_why_a_gear_is_not_learnt_is_told_until_a_further_waveform_makes_it_enough(
    machine: Runtime,
) -> None:
    for seed in range(NEEDED):
        shaft_rpm = 1800.0 if seed < NEEDED - 2 else 2400.0
        await sent(machine, geared(seed), point="gearbox", shaft_rpm=shaft_rpm)
    point = await machine.waveforms.point("m", "gearbox")
    assert point.gear is not None
    assert (point.gear.state, point.gear.waveforms) == ("learning", NEEDED)
    assert point.gear.problem is not None
    assert "2 waveforms at 4000 Hz and about 2400 rpm" in point.gear.problem
    assert "Record 1 more" in point.gear.problem
    await sent(machine, geared(NEEDED), point="gearbox", shaft_rpm=2400.0)
    point = await machine.waveforms.point("m", "gearbox")
    assert point.gear is not None
    assert (point.gear.state, point.gear.problem) == ("ready", None)


async def test_a_damaged_record_is_not_learnt_from_and_stops_nothing(machine: Runtime) -> None:
    for seed in range(LEAST):
        view = await sent(machine, geared(seed), point="gearbox")
        damaged = KeptWaveform("m", "gearbox", view.time_ns + 1, b'{"finding":null}', b"")
        await machine.store.save_waveform(damaged, KEPT)
    assert len(await machine.waveforms.list("m")) == LEAST
    point = await machine.waveforms.point("m", "gearbox")
    assert point.gear is not None
    assert point.gear.waveforms == LEAST
    point = await machine.waveforms.learn_normal("m", "gearbox")
    assert point.gear is not None
    assert (point.gear.state, point.gear.waveforms) == ("ready", LEAST)


async def test_a_gear_is_learnt_from_the_stretch_that_somebody_names(machine: Runtime) -> None:
    made = [await sent(machine, geared(seed), point="gearbox") for seed in range(LEAST)]
    broken = await sent(machine, geared(9, broken=3.0), point="gearbox")
    with pytest.raises(ModelError, match=r"2 waveforms .* Record 1 more"):
        await machine.waveforms.learn_normal("m", "gearbox", made[1].time_ns, broken.time_ns)
    point = await machine.waveforms.learn_normal("m", "gearbox", 0, broken.time_ns)
    assert point.gear is not None
    assert (point.gear.state, point.gear.waveforms, point.gear.version) == ("ready", LEAST, 1)
    (kept,) = await machine.store.models("m")
    assert (kept.name, kept.origin) == ("gearbox_gear", "trained")
    view = await sent(machine, geared(9, broken=3.0), point="gearbox")
    assert view.answer == "gear"
    with pytest.raises(ModelError, match="no waveform of drive_end with a gear"):
        await machine.waveforms.learn_normal("m", "drive_end")
    with pytest.raises(UnknownPointError, match="Did you mean 'gearbox'"):
        await machine.waveforms.learn_normal("m", "gear_box")


async def test_points_are_listed_with_their_channels_and_newest_finding(machine: Runtime) -> None:
    view = await sent(machine, npy(shaken(None)))
    points = {point.name: point for point in await machine.waveforms.points("m")}
    assert tuple(points) == ("drive_end", "fan_end", "gearbox")
    assert points["drive_end"].newest == view
    assert points["fan_end"].newest is None
    profile = machine.machine("m").profile
    for point in points.values():
        assert set(point.columns.values()) <= set(profile.channels)
        assert {"acceleration_rms", "kurtosis"} <= set(point.columns)
    assert points["gearbox"].gear is not None
    assert points["gearbox"].gear.state == "learning"
    assert points["gearbox"].columns["gear_score"] == "gearbox_gear_score"


async def test_a_removed_waveform_teaches_nothing_and_its_readings_stay(machine: Runtime) -> None:
    made = [await sent(machine, geared(seed), point="gearbox") for seed in range(LEAST)]
    await machine.waveforms.remove("m", made[0].id)
    with pytest.raises(ModelError, match="Record 1 more"):
        await machine.waveforms.learn_normal("m", "gearbox")
    assert len(await column(machine, "gearbox_kurtosis")) == LEAST


async def test_waveforms_of_some_time_ago_do_not_make_a_channel_silent(machine: Runtime) -> None:
    clock: Any = machine.clock
    for seed in range(8):
        await sent(machine, npy(shaken(None, seed, seconds=1.0)))
    for _ in range(30):
        clock.jump(300.0)
        await fed(machine, clock(), speed_hz=25.0)
    silence = machine.machine("m").silence
    assert silence is not None
    assert silence.check(clock()) == ()


async def test_what_comes_once_per_waveform_is_no_input_of_a_model_of_the_machine(
    machine: Runtime,
) -> None:
    await sent(machine, npy(shaken(None)))
    rng, start_ns = np.random.default_rng(1), START_NS + 20 * NS_PER_S
    times_ns = start_ns + np.arange(400) * NS_PER_S // 2
    speeds = {"speed_hz": 25.0 + rng.normal(0.0, 0.1, 400)}
    await machine.ingest(Decoded((Batch("m", times_ns, speeds),)))
    whole = Stretch(START_NS, int(times_ns[-1]) + 1)
    job = machine.trainings.start("m", Wish((whole,), kind="mahalanobis"))
    await until(lambda: job.is_over)
    assert (job.state, job.detail) == ("done", "")
    (kept,) = await machine.store.models("m")
    assert tuple(card_of(kept).inputs) == ("speed_hz",)
