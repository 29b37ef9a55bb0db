from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.profiles.load import builtin_profiles, parse_profile
from telltale.profiles.schema import (
    Alias,
    Channel,
    Limits,
    Metric,
    Obd2,
    Profile,
    SimulatorSettings,
)
from telltale.profiles.write import to_toml

texts = st.text(max_size=40)
finite = st.floats(-1e15, 1e15)
ends = st.tuples(finite, finite).filter(lambda pair: pair[0] < pair[1])
seconds = st.floats(0, 1e6)
odd = st.text(alphabet='"\\ä\n\x7f#]', max_size=5)
settings_tables = st.dictionaries(
    texts.filter(bool),
    st.integers(-9, 9) | finite | texts | st.booleans() | st.lists(finite),
    max_size=3,
)


@st.composite
def limits(draw: st.DrawFn) -> Limits:
    low, high = sorted((draw(st.floats(-50, 50)), draw(st.floats(-50, 50))))
    return Limits(
        warn_below=low,
        warn_above=high,
        hysteresis=draw(seconds),
        hold_s=draw(seconds),
        when=draw(st.none() | st.just(("speed", "below", 2.5))),
        advice=draw(st.none() | texts),
    )


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    def channel(number: int) -> Channel:
        return Channel(
            title=draw(texts),
            unit=draw(st.sampled_from(["1", "degC", "m3/h"])),
            range=(-100.0, draw(st.floats(100, 1e300))),
            scale=draw(st.none() | ends),
            decimals=draw(st.integers(0, 9)),
            limits=draw(st.none() | limits()),
            aliases=tuple(
                Alias(name=f"{number} {k} {draw(odd)}x") if draw(st.booleans()) else f"{number} {k}"
                for k in range(draw(st.integers(0, 8)))
            ),
            codes=draw(st.dictionaries(texts, finite, max_size=3)),
            fill_s=draw(st.none() | seconds),
            obd2=draw(st.none() | st.just(Obd2("01", "0C"))),
            source=draw(st.none() | texts),
        )

    names = ("speed", *(f"channel{n}" for n in range(draw(st.integers(0, 3)))))
    metric = Metric("M", "1", "linear", ("speed",), draw(settings_tables), limits=draw(limits()))
    return Profile(
        id="p",
        title=draw(texts),
        description=draw(texts),
        channels={name: channel(number) for number, name in enumerate(names)},
        metrics={"sum_of_speeds": metric},
        cards=names[: draw(st.integers(0, 4))],
        rate_hz=draw(st.floats(1e-6, 1e6)),
        simulator=draw(st.none() | st.builds(SimulatorSettings, texts, settings=settings_tables)),
        inferred=draw(st.booleans()),
        sources=tuple(draw(st.lists(texts, max_size=3))),
    )  # fmt: skip


@given(profiles())
def test_what_is_written_reads_back_equal(profile: Profile) -> None:
    assert parse_profile(to_toml(profile), id="p", file="p.toml") == profile


@pytest.mark.parametrize("profile", builtin_profiles().values(), ids=lambda p: p.id)
def test_a_built_in_profile_reads_back_equal(profile: Profile) -> None:
    assert parse_profile(to_toml(profile), id=profile.id, file="x.toml") == profile


def test_keys_at_their_default_are_left_out() -> None:
    profile = Profile("p", "P", "D", {"a": Channel(title="A", unit="1", range=(0.0, 1e9))})
    assert to_toml(profile) == (
        'title = "P"\ndescription = "D"\n\n'
        '[channels.a]\ntitle = "A"\nunit = "1"\nrange = [0, 1e+09]\n'
    )


def test_numbers_are_written_short_and_exact() -> None:
    codes: dict[str, Any] = {"a": 0.1, "b": 1e300, "c": 123456789.0, "d": -0.5, "e": 3.0}
    profile = Profile("p", "P", "D", {"a": Channel("A", "1", (0.0, 1.0), codes=codes)})
    assert "a = 0.1, b = 1e+300, c = 123456789.0, d = -0.5, e = 3 }" in to_toml(profile)
