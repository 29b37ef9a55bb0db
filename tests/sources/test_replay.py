"""Replays on a hand-turned clock: speed, pause, seek, loop, and the times that samples bear."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from telltale.batch import NS_PER_S, Batch
from telltale.errors import SettingsError
from telltale.sources.base import SourceState
from telltale.sources.recording import PIECE_ROWS, BatchRecording, RangeRecording
from telltale.sources.replay import ReplaySource
from telltale.sources.stamps import LOOP_GAP_NS
from tests.doubles import START_NS, Collector, HandClock, settle

RECORDED_NS = 1_700_000_000 * NS_PER_S


def recorded(n: int = 100, rate_hz: float = 10.0, machine: str = "m") -> Batch:
    time_ns = RECORDED_NS + np.round(np.arange(n) / rate_hz * NS_PER_S).astype(np.int64)
    return Batch(machine, time_ns, {"x": np.arange(n, dtype=np.float64)})


def recording(n: int = 100, rate_hz: float = 10.0) -> BatchRecording:
    return BatchRecording("test drive", [recorded(n, rate_hz)])


async def test_at_speed_1_a_recording_takes_its_own_time_and_is_complete() -> None:
    clock = HandClock()
    async with Collector(ReplaySource(recording(), clock=clock)) as taken:
        await clock.turn(4.95)
        assert taken.rows == pytest.approx(50, abs=1)
        await clock.turn(5.1)
        assert taken.rows == 100
        assert taken.ended
        assert taken.column("x").tolist() == list(range(100))


@pytest.mark.parametrize(("speed", "after_s", "rows"), [(0.1, 10.0, 11), (10.0, 0.5, 51)])
async def test_speed_stretches_and_squeezes_time(speed: float, after_s: float, rows: int) -> None:
    clock = HandClock()
    async with Collector(ReplaySource(recording(), speed=speed, clock=clock)) as taken:
        await clock.turn(after_s)
        assert taken.rows == pytest.approx(rows, abs=1)


async def test_a_thousand_times_faster_gives_everything_at_once_and_in_order() -> None:
    clock = HandClock()
    async with Collector(ReplaySource(recording(5000), speed=1000, clock=clock)) as taken:
        await clock.turn(0.6)
        assert taken.column("x").tolist() == list(range(5000))


async def test_samples_bear_the_moment_at_which_they_are_played() -> None:
    clock = HandClock()
    async with Collector(ReplaySource(recording(), speed=2.0, clock=clock)) as taken:
        await clock.turn(10)
        times_ns = taken.times_ns()
        assert times_ns[0] == START_NS
        assert np.all(np.diff(times_ns) == 50_000_000)


async def test_original_times_are_kept_on_request_and_at_speed_0() -> None:
    for settings in ({"times": "original", "speed": 100.0}, {"speed": 0.0}):
        clock = HandClock()
        async with Collector(ReplaySource(recording(), clock=clock, **settings)) as taken:
            await clock.turn(1)
            assert np.array_equal(taken.times_ns(), recorded().time_ns)


async def test_a_pause_holds_still_and_resume_goes_on_without_loss() -> None:
    clock = HandClock()
    replay = ReplaySource(recording(), clock=clock)
    async with Collector(replay) as taken:
        await clock.turn(2)
        replay.pause()
        held, position_s = taken.rows, replay.position_s
        assert replay.status.state is SourceState.PAUSED
        await clock.turn(60)
        assert taken.rows == held
        assert replay.position_s == position_s
        replay.resume()
        await clock.turn(8.1)
        assert taken.column("x").tolist() == list(range(100))
        assert np.all(np.diff(taken.times_ns()) >= 0)


async def test_seeking_goes_on_from_there_both_ways() -> None:
    clock = HandClock()
    replay = ReplaySource(recording(), clock=clock)
    async with Collector(replay) as taken:
        await clock.turn(1)
        replay.seek(9.0)
        assert replay.position_s == 9.0
        await clock.turn(0.25)
        assert taken.column("x")[-1] >= 91
        replay.seek(0.5)
        before = taken.rows
        await clock.turn(0.05)
        assert taken.column("x")[before] == 5
        assert np.all(np.diff(taken.times_ns()) >= 0)


async def test_a_control_takes_effect_within_a_tenth_of_a_second_of_real_time() -> None:
    """The recording has one sample an hour, so the replay sleeps when the control comes."""
    replay = ReplaySource(recording(4, rate_hz=1 / 3600))
    async with Collector(replay) as taken:
        await taken.until_rows(1)
        for hours in (1, 2):
            rows = taken.rows
            replay.seek(hours * 3600.0)
            await taken.until_rows(rows + 1, within_s=0.1)
        rows = taken.rows
        replay.set_speed(0.1)
        replay.pause()
        replay.seek(3 * 3600.0)
        await asyncio.sleep(0.02)
        assert taken.rows == rows
        replay.resume()
        await taken.until_rows(rows + 1, within_s=0.1)


async def test_speed_can_change_on_the_way_without_a_jump() -> None:
    clock = HandClock()
    replay = ReplaySource(recording(), clock=clock)
    async with Collector(replay) as taken:
        await clock.turn(2)
        replay.set_speed(10)
        assert replay.position_s == pytest.approx(2.0)
        await clock.turn(0.8)
        assert taken.column("x").tolist() == list(range(100))
        assert np.all(np.diff(taken.times_ns()) >= 0)


@pytest.mark.parametrize("times", ["now", "original"])
async def test_a_loop_begins_again_and_times_go_on(times: str) -> None:
    clock = HandClock()
    replay = ReplaySource(recording(20), loop=True, times=times, clock=clock)
    async with Collector(replay) as taken:
        await clock.turn(9)
        assert taken.rows > 50
        assert taken.column("x")[:41].tolist() == [*range(20), *range(20), 0]
        assert np.all(np.diff(taken.times_ns()) > 0)
        if times == "original":
            assert taken.times_ns()[20] == recorded(20).time_ns[-1] + LOOP_GAP_NS
        replay.loop = False
        await clock.turn(10)
        assert taken.ended


async def test_several_machines_play_side_by_side() -> None:
    batches = [recorded(50, machine="a"), recorded(50, machine="b")]
    clock = HandClock()
    async with Collector(ReplaySource(BatchRecording("two", batches), clock=clock)) as taken:
        await clock.turn(2.0)
        assert len(taken.times_ns("a")) == len(taken.times_ns("b")) == pytest.approx(20, abs=1)


async def test_a_replay_can_play_as_another_machine() -> None:
    clock = HandClock()
    async with Collector(ReplaySource(recording(), machine="ghost", clock=clock)) as taken:
        await clock.turn(1)
        assert {batch.machine for decoded in taken.taken for batch in decoded.batches} == {"ghost"}


async def test_a_range_is_read_in_bounded_pieces_as_it_is_needed() -> None:
    n = 3 * PIECE_ROWS + 10
    kept = recorded(n, rate_hz=1000)
    asked: list[tuple[int, int]] = []

    async def read_range(start_ns: int, end_ns: int, limit: int) -> Batch:
        asked.append((start_ns, limit))
        inside = (kept.time_ns >= start_ns) & (kept.time_ns < end_ns)
        return kept.where(inside).rows(0, limit)

    whole = RangeRecording("day", read_range, start_ns=RECORDED_NS, end_ns=int(kept.time_ns[-1]))
    async with Collector(ReplaySource(whole, speed=0)) as taken:
        await taken.until_end()
        assert taken.column("x").tolist() == list(range(n))
        assert len(asked) == 4
        assert all(limit == PIECE_ROWS for _, limit in asked)


async def test_position_and_duration_are_told() -> None:
    clock = HandClock()
    replay = ReplaySource(recording(101), clock=clock)
    assert replay.duration_s == 10.0
    async with Collector(replay):
        await clock.turn(3)
        assert replay.position_s == pytest.approx(3.0)
        await clock.turn(30)
        assert replay.position_s == 10.0
    await clock.turn(30)
    assert replay.position_s == 10.0  # closed, it stays where it was


async def test_closing_while_it_waits_ends_it() -> None:
    replay = ReplaySource(recording(2, rate_hz=0.001))
    async with Collector(replay) as taken:
        await taken.until_rows(1)
        await replay.close()
        await taken.until_end(within_s=0.5)
        await settle()
        assert replay.status.state is SourceState.CLOSED


@pytest.mark.parametrize("speed", [-1.0, 0.05, 1001.0, float("nan"), float("inf")])
def test_a_speed_out_of_range_is_refused(speed: float) -> None:
    with pytest.raises(SettingsError, match=r"from 0\.1 to 1000"):
        ReplaySource(recording(), speed=speed)


async def test_what_cannot_be_is_refused_with_the_reason() -> None:
    with pytest.raises(SettingsError, match="runs ahead of now"):
        ReplaySource(recording(), speed=0, times="now")
    with pytest.raises(SettingsError, match="'now' or 'original'"):
        ReplaySource(recording(), times="yesterday")
    with pytest.raises(SettingsError, match="no sample"):
        BatchRecording("empty", [])
    replay = ReplaySource(recording())
    with pytest.raises(SettingsError, match="runs ahead of now"):
        replay.set_speed(0)
    with pytest.raises(SettingsError, match="position_s"):
        replay.seek(11.0)


def test_a_loop_as_fast_as_possible_is_refused_because_it_would_never_rest() -> None:
    with pytest.raises(SettingsError, match="without end"):
        ReplaySource(recording(), speed=0, loop=True)
    replay = ReplaySource(recording(), speed=10, loop=True, times="original")
    with pytest.raises(SettingsError, match="without end"):
        replay.set_speed(0)
    still = ReplaySource(recording(), speed=0)
    with pytest.raises(SettingsError, match="without end"):
        still.loop = True
    assert not still.loop


def test_a_recording_with_its_own_times_says_nothing_about_silence() -> None:
    assert not ReplaySource(recording(), speed=0).is_live
    assert ReplaySource(recording(), speed=1).is_live
