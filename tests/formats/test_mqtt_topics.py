"""Topic patterns: what the broker is asked for, and what a topic captures."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.errors import SettingsError
from telltale.formats.mqtt_topics import check_template, filled, parse_pattern

LEVEL = st.text(st.characters(blacklist_characters="/+#{}\x00", codec="utf-8"), max_size=8)


@pytest.mark.parametrize(
    ("pattern", "topic_filter", "topic", "captures"),
    [
        ("plant/{machine}/{channel}", "plant/+/+", "plant/p1/t", {"machine": "p1", "channel": "t"}),
        ("plant/{machine}/{channel}", "plant/+/+", "plant/p1", None),
        ("plant/{machine}/{channel}", "plant/+/+", "plant/p1/t/x", None),
        ("s/{a}-{b}/x", "s/+/x", "s/1-2/x", {"a": "1", "b": "2"}),
        ("s/+/{c#}", "s/+/#", "s/any/deep/er", {"c": "deep/er"}),
        ("s/#", "s/#", "s", {}),
        ("#", "#", "any/thing", {}),
        ("$share/g/a/{m}", "$share/g/a/+", "a/7", {"m": "7"}),
        ("tele/tasmota_{m}/SENSOR", "tele/+/SENSOR", "tele/tasmota_A1/SENSOR", {"m": "A1"}),
        ("tele/tasmota_{m}/SENSOR", "tele/+/SENSOR", "tele/other/SENSOR", None),
    ],
)
def test_a_pattern_is_a_filter_and_captures(
    pattern: str, topic_filter: str, topic: str, captures: dict[str, str] | None
) -> None:
    read = parse_pattern(pattern)
    assert read.topic_filter == topic_filter
    assert read.captures(topic) == captures


@pytest.mark.parametrize(
    "wrong", ["", "a/#/b", "a/b#", "a+/b", "a/{x", "a/x}", "a/{}", "a/{X}", "{m}/{m}", "$share/g"]
)
def test_what_is_no_pattern_is_refused_with_what_to_write(wrong: str) -> None:
    with pytest.raises(SettingsError, match=r"topic .+[.:] |\. Give"):
        parse_pattern(wrong)


@given(st.lists(LEVEL.filter(bool), min_size=2, max_size=4))
def test_what_was_written_into_a_topic_is_captured_again(levels: list[str]) -> None:
    names = [f"n{i}" for i in range(len(levels))]
    pattern = parse_pattern("/".join(f"{{{name}}}" for name in names))
    assert pattern.captures("/".join(levels)) == dict(zip(names, levels, strict=True))


@given(st.text(max_size=40))
def test_any_text_is_a_pattern_or_refused(text: str) -> None:
    with contextlib.suppress(SettingsError):
        parse_pattern(text).captures(text)


def test_a_template_names_only_what_is_captured() -> None:
    check_template("machine", "{site}-{machine}", ("site", "machine"))
    assert filled("{site}-{machine}", {"site": "a", "machine": "b"}) == "a-b"
    with pytest.raises(SettingsError, match="Did you mean 'machine'"):
        check_template("machine", "{machin}", ("machine",))
