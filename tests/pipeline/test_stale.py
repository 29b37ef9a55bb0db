"""Silence is found by the clock, for the machine and for single channels."""

from __future__ import annotations

import numpy as np

from telltale.batch import NS_PER_S, Batch
from telltale.events import EventKind
from telltale.pipeline.stale import Silence
from telltale.profiles.schema import Profile
from tests.pipeline.streams import START_NS, column, profile_of

PROFILE: Profile = profile_of({"fast": None, "slow": None}, stale_after_s=10.0)


def at(t_s: float) -> int:
    return START_NS + round(t_s * NS_PER_S)


def reading(**values: float) -> Batch:
    # The machine's own clock is years off: silence goes by arrival.
    time_ns = np.array([1], dtype=np.int64)
    return Batch("m", time_ns, {name: column(value) for name, value in values.items()})


def listening() -> Silence:
    return Silence("m", PROFILE, last_arrival_ns=at(0), open_events=())


def test_a_machine_that_falls_silent_is_told_once_and_again_when_it_speaks() -> None:
    silence = listening()
    silence.heard(reading(fast=1), at(1))
    assert silence.check(at(11)) == ()
    (opened,) = silence.check(at(11.5))
    assert (opened.kind, opened.name, opened.is_open) == (EventKind.STALE, "", True)
    assert opened.start_ns == at(1)
    assert opened.message == "No more readings."
    assert silence.check(at(12)) == ()
    silence.heard(reading(fast=1), at(61))
    silence.heard(reading(fast=1), at(62))
    (ended,) = silence.check(at(62.5))
    assert (ended.key, ended.end_ns) == (opened.key, at(61))
    assert ended.message == "No readings for 60 s."
    assert silence.check(at(63)) == ()


def test_a_machine_that_never_sends_is_silent_from_when_listening_began() -> None:
    (event,) = listening().check(at(20))
    assert event.start_ns == at(0)


def test_a_channel_that_stops_while_the_machine_goes_on_is_told() -> None:
    silence = listening()
    for t in range(10):
        silence.heard(reading(fast=1, slow=1), at(t))
    for t in range(10, 25):
        silence.heard(reading(fast=1, slow=np.nan), at(t))
    (event,) = silence.check(at(24.5))
    assert (event.name, event.start_ns) == ("slow", at(9))
    assert event.message == "Slow: no more readings."
    silence.heard(reading(slow=2), at(25))
    (ended,) = silence.check(at(25.5))
    assert (ended.key, ended.end_ns) == (event.key, at(25))


def test_a_channel_that_comes_rarely_is_given_its_time() -> None:
    silence, told_at = listening(), []
    for t in range(400):
        silence.heard(reading(fast=1), at(t))
        if t % 20 == 0 and t <= 200:
            silence.heard(reading(slow=1), at(t))
        told_at += [t for _ in silence.check(at(t + 0.5))]
    assert told_at == [260]  # three of its 20 s after it came last


def test_a_channel_heard_only_a_few_times_has_no_usual_interval_yet() -> None:
    silence = listening()
    silence.heard(reading(slow=1), at(0))
    for t in range(100):
        silence.heard(reading(fast=1), at(t))
        assert silence.check(at(t)) == ()


def test_a_silent_machine_is_one_event_and_not_one_for_each_channel() -> None:
    silence = listening()
    for t in range(10):
        silence.heard(reading(fast=1, slow=1), at(t))
    events = [event for t in range(10, 200) for event in silence.check(at(t))]
    assert [event.name for event in events] == [""]


def test_an_outage_does_not_become_the_usual_interval() -> None:
    silence = listening()
    for t in [*range(10), *range(5000, 5010)]:
        silence.heard(reading(fast=1, slow=1), at(t))
    for t in range(5010, 5060):
        silence.heard(reading(fast=1), at(t))
    assert [event.name for event in silence.check(at(5059.5))] == ["slow"]


def test_an_event_that_was_open_before_a_restart_ends_when_the_machine_speaks() -> None:
    (opened,) = listening().check(at(20))
    after = Silence("m", PROFILE, last_arrival_ns=at(0), open_events=[opened])
    assert after.check(at(30)) == ()
    after.heard(reading(fast=1), at(31))
    (ended,) = after.check(at(31.5))
    assert (ended.key, ended.end_ns) == (opened.key, at(31))


def test_an_empty_batch_is_no_sign_of_life() -> None:
    silence = listening()
    silence.heard(Batch("m", np.empty(0, dtype=np.int64), {"fast": column()}), at(9))
    assert len(silence.check(at(11))) == 1


def told_at(silence: Silence, arrivals_s: list[float], until_s: int) -> list[tuple[str, int]]:
    """Return what opened and ended, and when, of a machine that is looked at every second."""
    said, waiting = [], sorted(arrivals_s)
    for t in range(until_s):
        while waiting and waiting[0] <= t:
            silence.heard(reading(fast=1), at(waiting.pop(0)))
        said += [("silent" if event.is_open else "back", t) for event in silence.check(at(t))]
    return said


INFERRED: Profile = profile_of({"fast": None}, stale_after_s=10.0, inferred=True)


def test_a_guessed_patience_follows_the_gaps_of_a_slow_feed_and_a_stated_one_does_not() -> None:
    every_minute = [60.0 * n for n in range(20)]
    guessed = Silence("m", INFERRED, last_arrival_ns=at(0), open_events=())
    assert told_at(guessed, every_minute, 2000) == [
        *[("silent", 11), ("back", 60), ("silent", 71), ("back", 120)],  # two gaps are needed
        ("silent", 19 * 60 + 5 * 60 + 1),  # five gaps after the last reading
    ]
    assert len(told_at(listening(), every_minute, 1200)) == 2 * 19 + 1


def test_outages_of_a_fast_feed_do_not_make_its_silence_unheard() -> None:
    silence = Silence("m", INFERRED, last_arrival_ns=at(0), open_events=())
    arrivals = [start + n for start in (0.0, 500.0, 1000.0) for n in range(6)]
    assert [t for what, t in told_at(silence, arrivals, 1100) if what == "silent"] == [
        *(16, 516, 1016),
    ]


def test_readings_that_come_in_bursts_are_awaited_until_the_next_burst() -> None:
    silence = Silence("m", INFERRED, last_arrival_ns=at(0), open_events=())
    bursts = [60.0 * n + k / 1000 for n in range(30) for k in range(3)]
    assert [t for what, t in told_at(silence, bursts, 1800) if what == "silent" and t > 300] == []


def test_what_was_learnt_of_the_gaps_outlives_a_change_of_the_profile() -> None:
    before = Silence("m", INFERRED, last_arrival_ns=at(0), open_events=())
    told_at(before, [60.0 * n for n in range(5)], 241)
    after = Silence("m", INFERRED, last_arrival_ns=at(240), open_events=())
    assert len(after.check(at(300))) == 1
    after = Silence("m", INFERRED, last_arrival_ns=at(240), open_events=())
    after.follow(before)
    assert after.check(at(300)) == ()
