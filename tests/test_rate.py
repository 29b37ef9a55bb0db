"""The achieved rate is that of about the last ten seconds."""

from __future__ import annotations

import pytest

from telltale.batch import NS_PER_S
from telltale.rate import RateMeter

START_NS = 1_763_712_000_000_000_000


def fed(*, samples: int, every_s: float, for_s: float) -> tuple[RateMeter, int]:
    """Return a meter that was fed regularly, and the time when that ended."""
    meter = RateMeter()
    now_ns = START_NS
    for _ in range(round(for_s / every_s)):
        meter.add(samples, now_ns)
        now_ns += round(every_s * NS_PER_S)
    return meter, now_ns


@pytest.mark.parametrize(("samples", "every_s"), [(5, 0.1), (1, 1.0), (500, 0.25)])
def test_a_regular_feed_has_its_own_rate(samples: int, every_s: float) -> None:
    meter, now_ns = fed(samples=samples, every_s=every_s, for_s=30.0)
    assert meter.per_second(now_ns) == pytest.approx(samples / every_s, rel=0.11)


def test_a_young_feed_is_measured_since_its_first_sample() -> None:
    meter, now_ns = fed(samples=10, every_s=0.1, for_s=2.0)
    assert meter.per_second(now_ns) == pytest.approx(100.0, rel=0.06)


def test_nothing_and_silence_are_zero() -> None:
    assert RateMeter().per_second(START_NS) == 0.0
    meter, now_ns = fed(samples=5, every_s=0.1, for_s=30.0)
    assert meter.per_second(now_ns + 60 * NS_PER_S) == 0.0


def test_a_clock_that_steps_back_loses_no_count() -> None:
    meter = RateMeter()
    meter.add(10, START_NS + 5 * NS_PER_S)
    meter.add(10, START_NS)
    assert meter.per_second(START_NS + 6 * NS_PER_S) == pytest.approx(20.0)
