"""Topic patterns: "plant/{machine}/{channel}" as a filter for the broker, and what it captures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from telltale.errors import SettingsError
from telltale.registry import suggest

MAX_TOPIC_BYTES = 65_535  # MQTT 3.1.1, 1.5.3
_FIELD = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class TopicPattern:
    """One pattern.

    Attributes:
        text: As written in the settings.
        topic_filter: What the broker is asked for, with + and #.
        names: What it captures, in order.
    """

    text: str
    topic_filter: str
    names: tuple[str, ...]
    regex: re.Pattern[str]

    def captures(self, topic: str) -> dict[str, str] | None:
        """Return what a topic holds for each name; None if the topic is another."""
        match = self.regex.fullmatch(topic)
        return None if match is None else match.groupdict(default="")


def parse_pattern(text: str) -> TopicPattern:
    """Read a pattern.

    A level is a word, `+` (any one), `{name}` (any one, captured, words may stand around it), and
    as the last one `#` (all below) or `{name#}` (all below, captured).

    Raises:
        SettingsError: It is no pattern; the message names the level.
    """
    if not isinstance(text, str) or not text.strip():
        raise SettingsError(f"topic is {text!r}. Give one such as plant/{{machine}}/{{channel}}.")
    if len(text.encode()) > MAX_TOPIC_BYTES or "\x00" in text:
        raise SettingsError("A topic has at most 65,535 bytes, none of them zero. Shorten it.")
    shared, levels = _shared(text)
    names: list[str] = []
    filters: list[str] = []
    regex = ""
    for i, level in enumerate(levels):
        is_last = i == len(levels) - 1
        wanted, pattern = _level(text, level, names, is_last=is_last)
        filters.append(wanted)
        if wanted == "#":  # "a/#" is also "a" itself
            regex = f"{regex}(?:/{pattern})?" if i else pattern
        else:
            regex += f"/{pattern}" if i else pattern
    return TopicPattern(text, shared + "/".join(filters), tuple(names), re.compile(regex, re.S))


def _shared(text: str) -> tuple[str, list[str]]:
    """Return the prefix of a shared subscription, which no topic bears, and the levels."""
    levels = text.split("/")
    if levels[0] != "$share":
        return "", levels
    if len(levels) < 3 or not levels[1]:
        raise SettingsError(f"topic {text!r}: write a shared one as $share/GROUP/TOPIC.")
    return f"$share/{levels[1]}/", levels[2:]


def _level(text: str, level: str, names: list[str], *, is_last: bool) -> tuple[str, str]:
    """Return one level as the broker writes it, and as a regular expression."""
    if level == "+":
        return "+", "[^/]*"
    if level == "#" and is_last:
        return "#", ".*"
    if is_last and level.startswith("{") and level.endswith("#}"):
        return "#", f"(?P<{_name(text, level[1:-2], names)}>.*)"
    if "#" in level or "+" in level:
        raise SettingsError(
            f"topic {text!r}: {level!r} mixes a wildcard with other text. "
            "Use + as a whole level, # as the whole last one, or {name} for what is to be captured."
        )
    if "{" not in level and "}" not in level:
        return level, re.escape(level)
    pattern, end = "", 0
    for match in _FIELD.finditer(level):
        name = _name(text, match[1], names)
        pattern += re.escape(level[end : match.start()]) + f"(?P<{name}>[^/]+)"
        end = match.end()
    rest = level[end:]
    if "{" in rest or "}" in rest:
        raise SettingsError(
            f"topic {text!r}: a bracket of {level!r} has no partner. Write {{name}}."
        )
    return "+", pattern + re.escape(rest)


def _name(text: str, name: str, names: list[str]) -> str:
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"topic {text!r}: {{{name}}} is no name. Use small letters, digits and _, "
            "such as {machine}."
        )
    if name in names:
        raise SettingsError(
            f"topic {text!r}: {{{name}}} is there twice. Name one of them otherwise."
        )
    names.append(name)
    return name


def check_template(where: str, template: str, known: Iterable[str]) -> None:
    """Check that a text such as "{site}-{machine}" names nothing that is not captured.

    Raises:
        SettingsError: It does; the message names the nearest.
    """
    known = tuple(known)
    for name in _FIELD.findall(template):
        if name not in known:
            raise SettingsError(
                f"{where} is {template!r}, but nothing gives {{{name}}}. {suggest(name, known)}"
            )


def filled(template: str, values: Mapping[str, str]) -> str:
    """Return the template with each {name} replaced; one that has no value is empty."""
    return _FIELD.sub(lambda match: values.get(match[1], ""), template)
