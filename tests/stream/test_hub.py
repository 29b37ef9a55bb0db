"""The hub: what viewers get, when, and what it costs."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from typing import Any

import numpy as np
import pytest

from telltale.batch import Batch
from telltale.errors import TelltaleError
from telltale.events import Event, EventKind, Level
from telltale.pipeline.base import Result
from telltale.stream.hub import EVENTS_PER_MESSAGE, Hub, TooManyViewersError, Viewer
from telltale.stream.subscription import Subscription, subscription

S = 1_000_000_000
FAST = subscription(rate_hz=200.0)


def reading(machine: str, time_ns: int, **values: float) -> Result:
    columns = {name: np.array([value]) for name, value in values.items()}
    return Result(Batch(machine, np.array([time_ns], dtype=np.int64), columns))


def episode(machine: str, number: int, *, name: str = "temp_c", end_ns: int | None = None) -> Event:
    return Event(
        key=f"{machine}/limit/{name}/critical_above/{number}",
        machine=machine,
        kind=EventKind.LIMIT,
        level=Level.CRITICAL,
        name=name,
        rule="critical_above",
        start_ns=number,
        end_ns=end_ns,
    )


def told(viewer: Viewer) -> list[dict[str, Any]]:
    messages = [json.loads(message.text) for message in viewer.take()]
    assert all(isinstance(message, dict) for message in messages)
    return messages


async def next_told(viewer: Viewer) -> list[dict[str, Any]]:
    async with asyncio.timeout(2):
        await viewer.wait()
    return told(viewer)


async def test_a_new_viewer_gets_everything_there_is_at_once() -> None:
    hub = Hub(clock=lambda: 10 * S)
    hub.publish(reading("a", 9 * S, temp_c=20.5))
    hub.publish(reading("b", 8 * S, temp_c=21.5))
    viewer = hub.join(FAST)
    (frame,) = await next_told(viewer)
    assert frame["type"] == "frame"
    assert frame["server_ms"] == 10_000
    assert frame["machines"]["a"]["values"] == {"temp_c": 20.5}
    assert frame["machines"]["a"]["age_s"] == 1.0
    assert frame["machines"]["b"]["age_s"] == 2.0


async def test_the_first_frame_says_when_it_was_made_though_others_watch_for_long() -> None:
    now_s = [10]
    hub = Hub(clock=lambda: now_s[0] * S)
    hub.publish(reading("a", 9 * S, temp_c=20.5))
    (first,) = await next_told(hub.join(FAST))
    now_s[0] = 70
    (late,) = await next_told(hub.join(FAST))
    assert (first["server_ms"], late["server_ms"]) == (10_000, 70_000)
    assert late["machines"]["a"]["age_s"] == 61.0
    assert late["seq"] > first["seq"]


async def test_a_frame_holds_only_the_machines_that_changed_since_the_last_one() -> None:
    hub = Hub()
    hub.publish(reading("a", S, temp_c=1.0))
    hub.publish(reading("b", S, temp_c=1.0))
    viewer = hub.join(FAST)
    await next_told(viewer)
    hub.publish(reading("b", 2 * S, temp_c=2.0))
    (frame,) = await next_told(viewer)
    assert list(frame["machines"]) == ["b"]


async def test_values_between_two_frames_coalesce_to_the_newest() -> None:
    hub = Hub()
    viewer = hub.join(FAST)
    told(viewer)
    for second in range(1, 50):
        hub.publish(reading("a", second * S, temp_c=float(second)))
    (frame,) = await next_told(viewer)
    assert frame["machines"]["a"]["values"] == {"temp_c": 49.0}
    assert frame["machines"]["a"]["time_ns"] == 49 * S


async def test_a_viewer_that_missed_frames_gets_every_machine_that_changed_meanwhile() -> None:
    hub = Hub()
    slow, quick = hub.join(FAST), hub.join(FAST)
    told(slow)
    told(quick)
    for step, machine in enumerate(["a", "b", "c"], start=1):
        hub.publish(reading(machine, step * S, temp_c=float(step)))
        (frame,) = await next_told(quick)
        assert list(frame["machines"]) == [machine]
        await asyncio.sleep(0.006)  # beyond one tick of 200 Hz
    (late,) = told(slow)
    assert set(late["machines"]) == {"a", "b", "c"}
    assert late["dropped"] == 2
    assert hub.dropped == 2


async def test_viewers_in_step_share_the_very_same_message() -> None:
    hub = Hub()
    viewers = [hub.join(FAST) for _ in range(5)]
    for viewer in viewers:
        told(viewer)
    hub.publish(reading("a", S, temp_c=1.0))
    await asyncio.sleep(0.01)
    frames = [viewer.take()[0] for viewer in viewers]
    assert all(frame is frames[0] for frame in frames)
    assert hub.frames == 1


async def test_frames_come_no_faster_than_asked_and_the_first_one_at_once() -> None:
    hub = Hub()
    viewer = hub.join(subscription(rate_hz=20.0))
    told(viewer)
    loop = asyncio.get_running_loop()
    begin_s = loop.time()
    times_s: list[float] = []
    while loop.time() - begin_s < 0.5:
        hub.publish(reading("a", S, temp_c=loop.time()))
        if told(viewer):
            times_s.append(loop.time() - begin_s)
        await asyncio.sleep(0.002)
    assert times_s[0] < 0.02
    assert min(np.diff(times_s)) > 0.04
    assert 5 <= len(times_s) <= 11


async def test_only_subscribed_machines_and_channels_are_sent() -> None:
    hub = Hub()
    viewer = hub.join(subscription(["a"], ["temp_c"], 200.0))
    hub.publish(reading("a", S, temp_c=1.0, speed_rpm=900.0))
    hub.publish(reading("b", S, temp_c=1.0))
    hub.publish_event(episode("b", 1))
    messages = await next_told(viewer)
    assert [message["type"] for message in messages] == ["frame"]
    assert messages[0]["machines"].keys() == {"a"}
    assert messages[0]["machines"]["a"]["values"] == {"temp_c": 1.0}


async def test_a_missing_value_leaves_the_newest_known_one_with_its_age() -> None:
    hub = Hub(clock=lambda: 12 * S)
    hub.publish(reading("a", 9 * S, temp_c=20.0, speed_rpm=900.0))
    hub.publish(reading("a", 11 * S, temp_c=21.0, speed_rpm=float("nan")))
    (frame,) = await next_told(hub.join(FAST))
    machine = frame["machines"]["a"]
    assert machine["values"] == {"temp_c": 21.0, "speed_rpm": 900.0}
    assert machine["ages_s"] == {"speed_rpm": 3.0}


async def test_open_events_set_the_states_and_their_end_clears_them() -> None:
    hub = Hub()
    hub.publish(reading("a", S, temp_c=120.0))
    hub.publish_event(episode("a", 1))
    viewer = hub.join(FAST)
    (frame,) = [m for m in await next_told(viewer) if m["type"] == "frame"]
    assert frame["machines"]["a"]["state"] == "critical"
    assert frame["machines"]["a"]["states"] == {"temp_c": "critical"}
    hub.publish_event(episode("a", 1, end_ns=5))
    await asyncio.sleep(0.01)
    (frame,) = [m for m in await next_told(viewer) if m["type"] == "frame"]
    assert frame["machines"]["a"]["state"] == "ok"
    assert frame["machines"]["a"]["states"] == {}


async def test_every_event_arrives_once_and_in_order_however_slow_the_viewer() -> None:
    hub = Hub()
    viewer = hub.join(FAST)
    n_events = 3 * EVENTS_PER_MESSAGE + 7
    for number in range(n_events):
        hub.publish_event(episode("a", number))
    seen: list[int] = []
    seqs: list[int] = []
    while len(seen) < n_events:
        for message in await next_told(viewer):
            if message["type"] == "events":
                assert message["missed"] == 0
                seqs.append(message["seq"])
                seen += [event["start_ns"] for event in message["events"]]
    assert seen == list(range(n_events))
    assert seqs == sorted(set(seqs))


async def test_a_viewer_too_far_behind_is_told_how_many_events_it_missed() -> None:
    hub = Hub(ring=10)
    viewer = hub.join(FAST)
    for number in range(25):
        hub.publish_event(episode("a", number))
    message = next(m for m in await next_told(viewer) if m["type"] == "events")
    assert message["missed"] == 15
    assert [event["start_ns"] for event in message["events"]] == list(range(15, 25))
    assert hub.missed_events == 15


@pytest.mark.parametrize("n_seen", [0, 1, 4, 9])
async def test_resume_brings_exactly_the_events_after_the_last_seen_number(n_seen: int) -> None:
    hub = Hub()
    seqs = [hub.seq]
    for number in range(9):
        hub.publish_event(episode("a", number))
        seqs.append(hub.seq)
    viewer = hub.join(FAST)
    assert hub.resume(viewer, seqs[n_seen], hub.epoch) == (True, 0)
    events = [m for m in told(viewer) if m["type"] == "events"]
    got = [event["start_ns"] for message in events for event in message["events"]]
    assert got == list(range(n_seen, 9))


async def test_resume_counts_what_the_ring_has_lost() -> None:
    hub = Hub(ring=4)
    begin = hub.seq
    for number in range(10):
        hub.publish_event(episode("a", number))
    viewer = hub.join(FAST)
    assert hub.resume(viewer, begin + 2, hub.epoch) == (True, 4)
    (message,) = [m for m in told(viewer) if m["type"] == "events"]
    assert [event["start_ns"] for event in message["events"]] == [6, 7, 8, 9]


async def test_a_number_of_another_start_is_not_resumed() -> None:
    old, new = Hub(clock=lambda: S), Hub(clock=lambda: 2 * S)
    old.publish_event(episode("a", 1))
    viewer = new.join(FAST)
    assert new.resume(viewer, old.seq, old.epoch) == (False, 0)
    assert new.resume(viewer, old.seq, None) == (False, 0)


async def test_a_viewer_that_never_takes_costs_no_memory() -> None:
    hub = Hub(ring=100)
    told(hub.join(FAST))
    hub.publish(reading("a", S, temp_c=1.0))
    await asyncio.sleep(0.01)

    async def publish_much() -> None:
        for number in range(3_000):
            hub.publish(reading("a", number * S, temp_c=1.0))
            hub.publish_event(episode("a", number, end_ns=number))
            if number % 100 == 0:
                await asyncio.sleep(0.006)

    await publish_much()
    tracemalloc.start()
    try:
        await publish_much()
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert hub.dropped >= 30
    assert grown < 1_500_000  # the counts of evicted events, bounded at 65,536


async def test_a_group_ends_with_its_last_viewer_and_leaving_twice_is_safe() -> None:
    hub = Hub()
    one, two = hub.join(FAST), hub.join(FAST)
    hub.leave(one)
    hub.leave(one)
    assert hub.viewers == 1
    hub.leave(two)
    hub.publish(reading("a", S, temp_c=1.0))
    await asyncio.sleep(0.01)
    assert (hub.viewers, hub.frames, hub.idle) == (0, 0, set())


async def test_more_viewers_than_places_are_refused() -> None:
    hub = Hub(max_viewers=1)
    hub.join(FAST)
    with pytest.raises(TooManyViewersError, match="All 1 places"):
        hub.join(FAST)


@pytest.mark.parametrize("rate_hz", [0.0, -1.0, 201.0, float("nan"), float("inf")])
def test_a_rate_out_of_range_is_refused(rate_hz: float) -> None:
    with pytest.raises(TelltaleError, match="rate_hz"):
        subscription(rate_hz=rate_hz)


def test_equal_wishes_have_one_form() -> None:
    assert subscription(["b", "a", "a"], ["*", "x"]) == Subscription(("a", "b"), ("*",))
    assert subscription([], []) == Subscription(("*",), ("*",))


def test_a_list_without_end_is_refused() -> None:
    with pytest.raises(TelltaleError, match="at most 1000"):
        subscription([str(number) for number in range(1001)])
