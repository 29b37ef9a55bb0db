"""What one column of a table is, told by its name and its first values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

import msgspec
import numpy as np

from telltale.formats.base import shown
from telltale.formats.durations import durations_to_ns
from telltale.formats.text_numbers import grouping_of, is_missing, may_be_grouped, number_of
from telltale.formats.times import texts_to_ns
from telltale.formats.unix_times import NOT_A_TIME

MAX_WORDS = 32  # more different words than this are free text
MAX_WORD_LENGTH = 40
TIME_NAMES = (
    "time", "datetime", "timestamp", "date_time", "date", "meta_time", "time_utc_seconds",
    "time_utc", "utc", "utc_time", "epoch", "unix_time", "time_ns", "time_us", "time_ms",
    "time_s", "t_s", "t_ms", "t", "zeit", "zeitstempel", "datum", "uhrzeit", "seconds",
    "elapsed", "elapsed_s", "elapsed_time", "engine_run_time", "log_time", "device_time",
)  # fmt: skip
_MACHINE_NAMES = ("machine", "machine_id")


class Role(StrEnum):
    """What a column is used for."""

    TIME = "time"
    MACHINE = "machine"
    NUMBER = "number"
    CODE = "code"  # few words, each becomes a number
    DURATION = "duration"  # m:ss.mmm, becomes seconds
    PIVOTED = "names and values of the long form"
    LEFT_OUT = "left out"


_DIGITS = tuple("0123456789")
KEPT = (Role.NUMBER, Role.CODE, Role.DURATION)


class Column(msgspec.Struct, frozen=True):
    """One column of a table.

    Attributes:
        source: Its name there.
        role: What it is used for.
        unit: "" if unknown.
        why: Why it is left out, or what is special.
        guess: True if unit and role were told by content alone.
        group: Sign between groups of digits, where its cells show that it has one.
    """

    source: str
    role: Role
    unit: str = ""
    why: str = ""
    guess: bool = False
    group: str = ""


def classified(source: str, texts: Sequence[str], unit: str, decimal: str) -> Column:  # noqa: PLR0911  a table of cases
    """Return what one column is, by its first values."""
    if source.strip().lower() in _MACHINE_NAMES:
        return Column(source, Role.MACHINE)
    filled = [text.strip() for text in texts if not is_missing(text)]
    if not filled:
        return Column(source, Role.NUMBER, unit, "empty at first", guess=True)
    if all(text.startswith(("[", "{")) for text in filled):
        return Column(source, Role.LEFT_OUT, "", "lists or structures, not numbers")
    if plain_key(source) in TIME_NAMES and plain_key(source) != "engine_run_time":
        return Column(source, Role.LEFT_OUT, "", "a second clock")
    group = grouping_of(filled)
    numeric = sum(not np.isnan(number_of(text, decimal, group)) for text in filled)
    durations = int(np.sum(durations_to_ns(filled) != NOT_A_TIME))
    if durations and durations + numeric == len(filled):
        return Column(source, Role.DURATION, "s")
    if numeric >= 0.5 * len(filled):
        return Column(source, Role.NUMBER, unit, group=group)
    if bool(np.all(texts_to_ns(filled[:20]) != NOT_A_TIME)):
        return Column(source, Role.LEFT_OUT, "", "a second clock")
    words = set(filled)
    if sum(word.lstrip("+-.,").startswith(_DIGITS) for word in words) > 0.5 * len(words):
        # "1,480" must not become the code 0: better no column than an invented number
        return Column(source, Role.LEFT_OUT, "", _unread_numbers(filled))
    if (
        len(words) <= MAX_WORDS
        and max(map(len, words)) <= MAX_WORD_LENGTH
        and (len(words) <= 2 or len(words) <= len(filled) / 2)
    ):
        return Column(source, Role.CODE, "", "words become numbers", guess=True)
    return Column(source, Role.LEFT_OUT, "", "free text")


def _unread_numbers(texts: Sequence[str]) -> str:
    """Return why a column of numbers is left out."""
    text = next((text for text in texts if may_be_grouped(text)), None)
    if text is not None:
        return f"{shown(text)!r} may be in thousands or a decimal fraction; write it without groups"
    return f"numbers written in a way that is not read, such as {shown(texts[0])!r}"


def plain_key(name: str) -> str:
    """Return a column's name in small letters, digits and _, to compare it."""
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")
