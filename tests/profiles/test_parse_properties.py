"""Whatever a profile file holds, reading it gives a profile or an error that names the line."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telltale.errors import ProfileError
from telltale.profiles.parse import MAX_PROBLEMS, MAX_SIGNALS, parse_profile
from telltale.profiles.schema import Profile
from telltale.profiles.write import to_toml

TOLD = re.compile(r"(p\.toml:\d+: \S|\.\.\. and (at least )?\d+ more\.)")
PUMP = (resources.files("telltale.profiles") / "data" / "industrial_pump.toml").read_text(
    encoding="utf-8"
)
# Without cards and charts, and with the first two of its ten channels.
PART = PUMP[PUMP.index("rate_hz") : PUMP.index("[channels.oil_pressure_bar]")]
SMALL = f'title = "Pump"\ndescription = "A pump."\n{PART}'
TOKENS = [*sorted(set(re.findall(r"[\w.-]+|[^\s\w]|\n", SMALL))), *(
    "nan", "-inf", "1e400", "9" * 400, "1979-05-27", '"""', "'''", "[[", "]]", "\\u0000", "\ufeff",
    "\x00", "é", "true", "{}", "[]", "=", "#", "[channels]", "[[channels]]", "\r\n", "\r",
)]  # fmt: skip
BOUNDED = settings(deadline=timedelta(seconds=2), max_examples=150)


def read(text: str) -> Profile | None:
    """Return the profile, None after an error whose every line says file and line."""
    try:
        return parse_profile(text, id="p", file="p.toml")
    except ProfileError as error:
        told = str(error)
    n_lines = text.count("\n") + 1
    assert TOLD.match(told), told
    assert all(0 < int(n) <= n_lines for n in re.findall(r"^p\.toml:(\d+)", told, re.MULTILINE))
    return None


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Return a good file after a few cuts, insertions, repetitions and exchanges."""
    text = SMALL
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        stop = min(len(text), start + draw(st.integers(0, 30)))
        piece = draw(st.sampled_from(TOKENS) | st.just(text[start:stop] * 2) | st.text(max_size=5))
        text = text[:start] + piece + text[stop:]
    return text


values = st.recursive(
    st.none().map(lambda _: "1979-05-27T07:32:00Z") | st.booleans() | st.integers() | st.floats()
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def written(value: object) -> str:
    """Return a value as TOML, by a way of its own."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return (
            '"' + "".join(f"\\U{ord(c):08X}" for c in value if not 0xD800 <= ord(c) < 0xE000) + '"'
        )
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(k)} = {written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return repr(value)


def test_the_file_that_is_mutated_is_good() -> None:
    profile = read(SMALL)
    assert profile is not None
    assert list(profile.channels) == ["motor_speed_rpm", "bearing_temp_c"]


@BOUNDED
@given(mutated())
def test_a_mutated_file_is_a_profile_or_an_error_with_its_line(text: str) -> None:
    profile = read(text)
    if profile is not None:
        assert parse_profile(to_toml(profile), id="p", file="p.toml").id == "p"


@BOUNDED
@given(st.text(max_size=200))
def test_any_text_is_a_profile_or_an_error_with_its_line(text: str) -> None:
    assert read(text) is None


@BOUNDED
@given(
    st.sampled_from(["title", "cards", "rate_hz", "channels", "metrics", "simulator", "inferred"]),
    st.sampled_from(["unit", "range", "scale", "aliases", "codes", "limits", "obd2", "decimals"]),
    values,
    values,
)
def test_any_value_in_any_place_is_taken_or_told_with_its_line(
    key: str, inner: str, one: object, other: object
) -> None:
    head = f"{key} = {written(one)}\n" + re.sub(rf"^{key} = .*\n", "", SMALL, flags=re.MULTILINE)
    read(head)
    read(f"{SMALL}\n[channels.x]\ntitle = 'X'\nunit = '1'\n{inner} = {written(other)}\n")


MANY = "\n".join(
    f"[channels.x{n}]\ntitle='X'\nunit='1'\nrange=[0,1]" for n in range(MAX_SIGNALS + 1)
)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a = " + "[" * 50_000, "nested too deeply"),
        ("title = 'x'\na = " + "[" * 300 + "]" * 300, "p.toml:"),
        ("title = 'x'\nn = " + "9" * 10_000, "p.toml:2: not a number"),
        (".".join("a" * 1_000) + " = 1", "p.toml:1: key a"),
        (f"{SMALL}\n{MANY}", "channels and metrics"),
        (
            f"{SMALL}\n[metrics.m]\ntitle='M'\nunit='1'\nfunction='product'\n"
            f"inputs=[{','.join(repr(f'motor_sped_{n}') for n in range(20_000))}]",
            f"at least {MAX_PROBLEMS - 10} more",
        ),
        (SMALL.replace("\n", f"\ncards = [{','.join(['0'] * 100_000)}]\n", 1), "p.toml:"),
    ],
    ids=["deep", "lists", "digits", "dots", "channels", "inputs", "cards"],
)  # fmt: skip
def test_a_hostile_file_is_refused_in_bounded_time(text: str, what: str) -> None:
    began_s = time.monotonic()
    with pytest.raises(ProfileError, match=re.escape(what)):
        parse_profile(text, id="p", file="p.toml")
    assert time.monotonic() - began_s < 10.0
