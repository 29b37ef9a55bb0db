"""The schedule keeps rates where it can, shares fairly where it cannot, and lets silence rest."""

from __future__ import annotations

from collections import Counter

import pytest

from telltale.profiles.load import builtin_profiles
from telltale.sources.obd.schedule import MISSES, REST_S, Ability, Poll, Schedule, frames_of
from telltale.sources.obd.wanted import FAST_PIDS, Wanted, all_of, wanted_by


def polls(*rates: tuple[int, float]) -> list[Poll]:
    return [Poll(Wanted(0x01, bytes([pid]), "", hz, ())) for pid, hz in rates]


def played(schedule: Schedule, seconds: float, request_s: float, at_most: int) -> Counter[str]:
    """Return how often each PID was answered by an adapter that needs so long for a request."""
    now_s, answered = 0.0, Counter[str]()
    while now_s < seconds:
        chosen = schedule.next(now_s, at_most)
        if not chosen:
            now_s += max(schedule.wait_s(now_s), 1e-6)
            continue
        now_s += request_s
        schedule.answered(chosen, now_s, int(now_s * 1e9) + 1)
        answered.update(poll.wanted.key for poll in chosen)
    return answered


def test_every_pid_has_the_rate_that_was_asked_where_there_is_time() -> None:
    fast, slow = range(0x04, 0x0C), range(0x0C, 0x10)
    schedule = Schedule(polls(*((pid, 20.0) for pid in fast), *((pid, 2.0) for pid in slow)))
    answered = played(schedule, 60.0, 0.012, at_most=6)
    for pid in fast:
        assert answered[f"01{pid:02X}"] / 60 == pytest.approx(20.0, rel=0.03)
    for pid in slow:
        assert answered[f"01{pid:02X}"] / 60 == pytest.approx(2.0, rel=0.03)


def test_an_adapter_that_is_too_slow_is_shared_fairly() -> None:
    schedule = Schedule(polls((0x04, 20.0), (0x05, 20.0), (0x0C, 20.0), (0x0D, 2.0)))
    answered = played(schedule, 300.0, 0.1, at_most=1)
    assert sum(answered.values()) == pytest.approx(3000, rel=0.01)
    fast = [answered[f"01{pid:02X}"] for pid in (0x04, 0x05, 0x0C)]
    assert max(fast) - min(fast) <= 2
    assert fast[0] / 10 <= answered["010D"] <= fast[0] / 5


def test_only_pids_of_one_computer_whose_size_is_known_share_a_request() -> None:
    standard = polls((0x04, 1.0), (0x66, 1.0), (0x0C, 1.0))
    own = Poll(Wanted(0x22, b"\x04\xfe", "", 1.0, ()))
    elsewhere = Poll(Wanted(0x01, b"\x0d", "", 1.0, ()), address="7E1")
    schedule = Schedule([*standard, own, elsewhere])
    groups = []
    while chosen := schedule.next(0.5, 6):
        groups.append({poll.wanted.key for poll in chosen})
        schedule.answered(chosen, 0.5, 1)
    assert sorted(map(sorted, groups)) == [["0104", "010C"], ["010D"], ["0166"], ["2204FE"]]


def test_what_is_not_answered_five_times_rests_and_is_asked_again_later() -> None:
    (poll,) = polls((0x04, 10.0))
    schedule = Schedule([poll])
    for _ in range(MISSES):
        assert schedule.next(1.0, 6) == [poll]
        schedule.missed([poll], 1.0)
    assert schedule.next(1.0 + REST_S - 0.1, 6) == []
    assert schedule.rates(1)[0]["state"] == "not answered"
    assert schedule.next(1.0 + REST_S, 6) == [poll]
    schedule.missed([poll], 1.0 + REST_S)
    assert schedule.next(2.0 + REST_S, 6) == []
    schedule.answered([poll], 1.0 + 2 * REST_S, 1)
    assert schedule.rates(1)[0]["state"] == "read"


def test_what_was_refused_rests_at_once() -> None:
    (poll,) = polls((0x04, 10.0))
    schedule = Schedule([poll])
    schedule.missed([poll], 0.0, is_refused=True)
    assert schedule.next(1.0, 6) == []


def test_an_ability_shrinks_after_failures_and_is_tried_again() -> None:
    group = Ability(6, 1)
    for _ in range(3):
        group.failed()
    group.worked()
    assert group.now == 6, "three in a row are chance"
    for _ in range(4):
        group.failed()
    assert group.now == 3
    for _ in range(8):
        group.failed()
    assert group.now == 1
    for _ in range(10_000):
        group.worked()
    assert group.now == 6


@pytest.mark.parametrize(
    ("length", "frames"), [(1, 1), (7, 1), (8, 2), (13, 2), (14, 3), (20, 3), (21, 4)]
)
def test_frames_of_a_message_are_counted_by_iso_tp(length: int, frames: int) -> None:
    assert frames_of(length) == frames


def test_a_profile_s_groups_and_the_settings_give_the_rates() -> None:
    profile = builtin_profiles()["focus_st"]
    wanted = wanted_by(profile, fast_hz=20.0, slow_hz=2.0, rates_hz={"oil_temp_c": 5.0})
    by_key = {one.key: one for one in wanted}
    assert by_key["010C"].hz == 20.0
    assert by_key["0105"].hz == 2.0
    assert by_key["220546"].hz == 5.0
    assert len(wanted) == sum(channel.obd2 is not None for channel in profile.channels.values())


def test_a_car_without_a_profile_is_asked_for_all_that_it_has() -> None:
    wanted = all_of({0x00, 0x01, 0x05, 0x0C, 0x51, 0x20}, fast_hz=20, slow_hz=2, rates_hz={})
    assert {one.key: one.hz for one in wanted} == {
        "0101": 0.2,
        "0105": 2,
        "010C": 20,
        "0151": 0.2,
    }
    assert 0x0C in FAST_PIDS
