"""Limits: one event per episode, against a plain loop over samples and by example."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.batch import Batch, FloatArray
from telltale.errors import ProfileError
from telltale.events import Event, Level
from telltale.pipeline.run import Pipeline
from telltale.profiles.schema import Channel, Limits, Profile
from tests.pipeline.streams import START_NS, batches, column, profile_of, seconds


def events_of(limits: Limits, values: FloatArray, times_s: Sequence[float]) -> list[Event]:
    pipeline = Pipeline(profile_of({"a": limits}))
    batch = Batch("m", seconds(*times_s), {"a": values})
    return list(pipeline.run(batch, pipeline.start())[0].events)


def told(event: Event) -> tuple[str, float, float | None, float | None]:
    """Return level, start and end in seconds since the stream began, and worst value."""
    end_s = None if event.end_ns is None else (event.end_ns - START_NS) / 1e9
    return str(event.level), (event.start_ns - START_NS) / 1e9, end_s, event.value


def test_an_episode_is_one_event_told_when_it_opens_and_when_it_ends() -> None:
    events = events_of(Limits(warn_above=10), column(5, 11, 13, 12, 9), range(5))
    assert [told(event) for event in events] == [("warn", 1, None, 11), ("warn", 1, 3 + 1, 13)]
    assert events[0].key == events[1].key == f"m/limit/a/above/{START_NS + 10**9}"


def test_an_episode_that_worsens_keeps_its_key_and_raises_its_level() -> None:
    limits = Limits(warn_above=10, critical_above=20)
    events = events_of(limits, column(11, 25, 15, 30, 5), range(5))
    assert [told(event) for event in events] == [
        ("warn", 0, None, 11),
        ("critical", 0, None, 25),
        ("critical", 0, 4, 30),
    ]
    assert len({event.key for event in events}) == 1
    assert [event.rule for event in events] == ["warn_above", "critical_above", "critical_above"]
    assert [event.limit for event in events] == [10, 20, 20]


def test_a_value_that_jumps_beyond_both_bounds_opens_one_critical_event() -> None:
    (event,) = events_of(Limits(warn_above=10, critical_above=20), column(5, 25), range(2))
    assert told(event) == ("critical", 1, None, 25)


def test_a_value_below_its_limit_is_as_abnormal_as_one_above() -> None:
    limits = Limits(warn_below=3, critical_below=2, warn_above=8)
    events = events_of(limits, column(5, 2.5, 1.5, 9), range(4))
    assert [(event.rule, event.value, event.is_open) for event in events] == [
        ("warn_below", 2.5, True),
        ("critical_below", 1.5, True),
        ("warn_above", 9, True),
        ("critical_below", 1.5, False),
    ]


def test_hysteresis_makes_one_episode_of_a_value_that_trembles_at_its_limit() -> None:
    trembling = column(9, 10.1, 9.9, 10.1, 9.9, 10.1, 7.9)
    assert len(events_of(Limits(warn_above=10), trembling, range(7))) == 6
    (opened, ended) = events_of(Limits(warn_above=10, hysteresis=2), trembling, range(7))
    assert told(opened)[:3] == ("warn", 1, None)
    assert told(ended)[:3] == ("warn", 1, 6)


def test_a_value_opens_only_after_it_has_held_and_the_event_says_since_when() -> None:
    limits = Limits(warn_above=10, hold_s=2)
    assert events_of(limits, column(11, 11, 9, 11, 11), range(5)) == []
    (event,) = events_of(limits, column(9, 11, 15, 12, 19), range(5))
    assert told(event) == ("warn", 1, None, 15)


def test_an_event_ends_only_after_the_value_has_stayed_inside() -> None:
    limits = Limits(warn_above=10, clear_s=2)
    opened, ended = events_of(limits, column(11, 9, 11, 9, 9, 9), range(6))
    assert told(opened) == ("warn", 0, None, 11)
    assert told(ended) == ("warn", 0, 3, 11)


def test_worsening_needs_to_hold_as_well() -> None:
    limits = Limits(warn_above=10, critical_above=20, hold_s=2)
    events = events_of(limits, column(11, 11, 11, 25, 25, 11, 25, 25, 25), range(9))
    assert [told(event) for event in events] == [("warn", 0, None, 11), ("critical", 0, None, 25)]


def test_missing_samples_neither_open_nor_end_an_event() -> None:
    nan = np.nan
    limits = Limits(warn_above=10, hold_s=2)
    (event,) = events_of(limits, column(11, nan, nan, 11, nan, nan), range(6))
    assert told(event) == ("warn", 0, None, 11)
    assert events_of(limits, column(11, nan, nan), range(3)) == []


def test_a_limit_with_a_condition_counts_only_while_that_holds() -> None:
    limits = Limits(critical_below=1.0, when=("speed", "above", 500))
    pipeline = Pipeline(profile_of({"oil": limits, "speed": None}, fill_s=10))
    oil = column(0, 0, 0, 0, 0)
    speed = column(0, 3000, np.nan, 3000, 0)
    batch = Batch("m", seconds(*range(5)), {"oil": oil, "speed": speed})
    result, _ = pipeline.run(batch, pipeline.start())
    assert [told(event) for event in result.events] == [
        ("critical", 1, None, 0),
        ("critical", 1, 4, 0),
    ]


def test_a_condition_that_is_not_known_neither_opens_nor_ends() -> None:
    limits = Limits(critical_below=1.0, when=("speed", "above", 500))
    pipeline = Pipeline(profile_of({"oil": limits, "speed": None}, fill_s=1))
    state = pipeline.start()
    seen = []
    for t, columns in enumerate([{"oil": 0.0}, {"speed": 900.0}, {"oil": 0.0}, {}, {"oil": 5.0}]):
        batch = Batch("m", seconds(t), {name: column(value) for name, value in columns.items()})
        result, state = pipeline.run(batch, state)
        seen.append(len(result.events))
    assert seen == [0, 0, 1, 0, 0]


def test_the_message_is_a_plain_sentence_with_numbers_and_units() -> None:
    vibration = Channel(
        title="Vibration",
        unit="mm/s",
        range=(0, 100),
        limits=Limits(critical_above=7.1, advice="Stop the pump."),
    )
    profile = Profile(
        id="pump", title="Pump", description="A pump.", channels={"vibration_mm_s": vibration}
    )
    pipeline = Pipeline(profile)
    batch = Batch("p", seconds(0, 60, 840), {"vibration_mm_s": column(7.1004, 7.42, 5)})
    opened, ended = pipeline.run(batch, pipeline.start())[0].events
    assert opened.message == "Vibration reached 7.1004 mm/s, limit 7.1."
    assert ended.message == "Vibration was above 7.1 mm/s for 14 min and reached 7.4 mm/s."
    assert opened.advice == "Stop the pump."
    assert opened.level is Level.CRITICAL


def test_an_event_ends_on_the_way_down_and_says_how_low_it_was() -> None:
    _, ended = events_of(Limits(warn_below=3), column(2.5, 4), (0, 5))
    assert ended.message == "A was below 3 for 5.0 s and reached 2.5."


STORY = (9, 11, 12, 25, 30, 21, 18, 16, 9)  # a second each; warns above 10, calls above 20
TOLD = (
    "",
    "A 11.0, limit 10, for 0.0 s.",
    "A 12.0, limit 10, for 1.0 s.",
    "A 25.0, limit 20, for 0.0 s.",
    "A 30.0, limit 20, for 1.0 s.",
    "A 21.0, limit 20, for 2.0 s.",
    "A 18.0, limit 10, for 5.0 s; reached 30.0, limit 20.",
    "A 16.0, limit 10, for 6.0 s; reached 30.0, limit 20.",
    "A reached 30.0, limit 20; now 9.0.",
)


@pytest.mark.parametrize("stop", range(1, len(STORY)))
def test_an_open_event_is_told_with_the_value_now_and_each_limit_with_its_own_time(
    stop: int,
) -> None:
    limits = Limits(warn_above=10, critical_above=20, clear_s=9)
    pipeline = Pipeline(profile_of({"a": limits}))
    batch = Batch("m", seconds(*range(stop + 1)), {"a": column(*STORY[: stop + 1])})
    _, state = pipeline.run(batch, pipeline.start())
    (event,) = pipeline.open_events("m", state)
    newest_ns = int(batch.time_ns[-1])
    assert pipeline.sentence(event, state, STORY[stop], newest_ns) == TOLD[stop]


def test_an_ended_event_tells_the_time_beyond_the_mild_bound_and_the_limit_that_was_reached() -> (
    None
):
    *_, ended = events_of(
        Limits(warn_above=10, critical_above=20), column(*STORY), range(len(STORY))
    )
    assert ended.message == "A was above 10 for 7.0 s and reached 30.0, limit 20."


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (Limits(warn_above=5, critical_above=4), "Exchange them"),
        (Limits(warn_below=4, critical_below=5), "Exchange them"),
        (Limits(warn_above=4, when=("b", "above", 1)), "'b', which is no channel"),
    ],
)
def test_limits_that_cannot_be_meant_are_refused(limits: Limits, says: str) -> None:
    with pytest.raises(ProfileError, match="sample: limits of 'a'") as raised:
        Pipeline(profile_of({"a": limits}))
    assert says in str(raised.value)


def test_a_limit_on_a_metric_and_events_of_several_limits_come_in_time_order() -> None:
    pipeline = Pipeline(profile_of({"b": Limits(warn_above=1), "a": Limits(warn_above=1)}))
    columns = {"a": column(2, 0, 2), "b": column(0, 2, 0)}
    result, _ = pipeline.run(Batch("m", seconds(0, 1, 2), columns), pipeline.start())
    assert [(event.name, event.is_open) for event in result.events] == [
        ("a", True), ("b", True), ("a", False), ("b", False), ("a", True),
    ]  # fmt: skip


def test_a_value_that_chatters_on_every_sample_costs_a_bounded_time() -> None:
    n, channels = 20_000, [f"c{number}" for number in range(4)]
    pipeline = Pipeline(profile_of(dict.fromkeys(channels, Limits(warn_above=0))))
    chatter = np.where(np.arange(n) % 2, 1.0, -1.0)
    batch = Batch("m", START_NS + np.arange(n) * 10**6, dict.fromkeys(channels, chatter))
    began_s = time.process_time()
    result, _ = pipeline.run(batch, pipeline.start())
    assert len(result.events) == 4 * (n - 1)
    assert time.process_time() - began_s < 20.0  # takes 0.7 s


@given(
    batch=batches("a"),
    hysteresis=st.sampled_from([0.0, 20.0]),
    hold_s=st.sampled_from([0.0, 0.15, 1.0]),
    clear_s=st.sampled_from([0.0, 0.15, 1.0]),
    critical=st.sampled_from([None, 50.0, 90.0]),
)
def test_events_are_those_of_a_plain_loop(
    batch: Batch, hysteresis: float, hold_s: float, clear_s: float, critical: float | None
) -> None:
    limits = Limits(
        warn_above=50.0,
        critical_above=critical,
        hysteresis=hysteresis,
        hold_s=hold_s,
        clear_s=clear_s,
    )
    pipeline = Pipeline(profile_of({"a": limits}))
    result, _ = pipeline.run(batch, pipeline.start())
    found = [(str(e.level), e.start_ns, e.end_ns, e.value) for e in result.events]
    assert found == plain_events(batch, limits)


def plain_events(batch: Batch, limits: Limits) -> list[tuple[str, int, int | None, float]]:
    """Return level, start, end and worst value of each event, by a loop over the samples."""
    events: list[tuple[str, int, int | None, float]] = []
    hold_ns, clear_ns = limits.hold_s * 1e9, limits.clear_s * 1e9
    critical = np.inf if limits.critical_above is None else limits.critical_above
    start = inside = severe = None
    level, worst = "", 0.0
    for t, x in zip(batch.time_ns.tolist(), batch.columns["a"].tolist(), strict=True):
        if np.isnan(x):
            continue
        is_beyond = x > 50 or (start is not None and inside is None and x > 50 - limits.hysteresis)
        is_severe = x > critical or (severe is not None and x > critical - limits.hysteresis)
        severe = (t if severe is None else severe) if is_severe else None
        if not is_beyond and not level:
            start = None
        elif not is_beyond:
            inside = t if inside is None else inside
            if t - inside >= clear_ns:
                events.append((level, start or 0, inside, worst))
                start, inside, level = None, None, ""
        else:
            start, worst = (t, x) if start is None else (start, max(worst, x))
            inside = None
            reached = "warn" if t - start >= hold_ns else level
            reached = "critical" if severe is not None and t - severe >= hold_ns else reached
            if level not in {reached, "critical"}:
                level = reached
                events.append((level, start, None, worst))
    return events
