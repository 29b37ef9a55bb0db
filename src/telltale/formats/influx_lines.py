"""Influx line protocol to groups of like lines: one series, one set of fields.

Source: docs.influxdata.com, InfluxDB v2, "Line protocol": measurement,tags fields timestamp;
backslash escapes; strings in double quotes, which may hold line ends.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from telltale.errors import DecodeError, TooLargeError
from telltale.formats.base import shown
from telltale.formats.raw_columns import BAD_ID, MAX_NAME_LENGTH, is_machine_id
from telltale.formats.refusals import Refusals
from telltale.formats.tagged import Naming, channel_of

MAX_LINES = 200_000
MAX_MACHINES = 1_000  # of one body
MAX_GROUPS = 50_000
EXPECTED = "measurement,tag=value field=1.5 timestamp"
_LAST_NS = 2**63 - 1
_NOT_MARKS = bytes(set(range(256)) - set(b",="))
_WORD = rb"(?:[^\\, \n=]|\\[^\n])++"
_VALUE = rb'(?:"(?:[^"\\]|\\.)*+"|[^", \n][^, \n]*+)'
_LINE = re.compile(
    rb"[ \t]*+((?:[^\\, \n]|\\[^\n])++(?:," + _WORD + rb"=" + _WORD + rb")*+)"
    rb"[ ]++(" + _WORD + rb"=" + _VALUE + rb"(?:," + _WORD + rb"=" + _VALUE + rb")*+)"
    rb"(?:[ ]++([+-]?\d{1,20}))?[ \t\r]*+(?:\n|\Z)",
    re.DOTALL,
)
_FIELD = re.compile(rb"(" + _WORD + rb")=(" + _VALUE + rb"),?", re.DOTALL)
_TAG = re.compile(rb",(" + _WORD + rb")=(" + _WORD + rb")")
_MEASUREMENT = re.compile(rb"(?:[^\\, \n]|\\[^\n])++")
_ESCAPED = re.compile(rb"\\([, =])")


@dataclass(slots=True)
class Group:
    """Lines of one series with the same fields.

    Attributes:
        machine: Whose.
        channels: Name per field.
        times_ns: Of each line.
        values: As written, line by line: len(times_ns) times len(channels).
        rows: Place of each line in the body, counted from 0.
    """

    machine: str
    channels: tuple[str, ...]
    times_ns: list[int] = field(default_factory=list)
    values: list[bytes] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)


class LineReader:
    """Reads one body.

    Args:
        naming: Whose a series is, and what its fields are called.
        scale_ns: Nanoseconds per unit of the timestamps.
        arrival_ns: Time of lines without one; a series' repeats follow 1 ns after one another.
        refusals: Gets the lines that cannot be read.
    """

    def __init__(
        self, naming: Naming, *, scale_ns: int, arrival_ns: int, refusals: Refusals
    ) -> None:
        self._naming = naming
        self._scale_ns = scale_ns
        self._arrival_ns = arrival_ns
        self._refusals = refusals
        self._groups: dict[tuple[bytes, ...], Group | str] = {}
        self._untimed: dict[bytes, int] = {}
        self._machines: set[str] = set()

    def read(self, body: bytes) -> list[Group]:
        """Return the groups, in the order of their first lines.

        Raises:
            TooLargeError: More lines, series or machines than one body may hold.
        """
        at, row = 0, 0
        while at < len(body):
            end = body.find(b"\n", at)
            end = len(body) if end < 0 else end
            line = body[at:end]
            if row >= MAX_LINES:
                raise TooLargeError(f"More than {MAX_LINES:,} lines in one body. Send fewer.")
            if not self._took_plain(line, row):
                match = _LINE.match(body, at)
                if match is None:
                    self._refuse(line, row)
                else:
                    fields = [part for pair in _FIELD.findall(match[2]) for part in pair]
                    self._take(match[1], fields, match[3] or b"", row, line)
                    end = max(end, match.end() - 1)
            at = end + 1
            row += 1
        return [group for group in self._groups.values() if isinstance(group, Group)]

    def _took_plain(self, line: bytes, row: int) -> bool:
        """Take a line without escapes, strings or needless blanks: what Telegraf mostly sends."""
        parts = line.split(b" ")
        if len(parts) == 3:
            series, written, time = parts
            if not time.isdigit():
                return False
        elif len(parts) == 2:
            (series, written), time = parts, b""
        else:
            return False
        if b'"' in line or b"\\" in line or line[-1:] == b"\r":
            return False
        fields = written.replace(b"=", b",").split(b",")
        marks = b"=" + b",=" * (len(fields) // 2 - 1)
        if written.translate(None, _NOT_MARKS) != marks or b"" in fields or not series:
            return False
        self._take(series, fields, time, row, line)
        return True

    def _take(self, series: bytes, fields: list[bytes], time: bytes, row: int, line: bytes) -> None:
        """Add a line; `fields` are names and values in turn."""
        key = (series, *fields[::2])
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = self._new_group(series, fields[::2])
        if isinstance(group, str):
            if group:  # a comment has no reason
                self._refusals.row(row, _text(line), EXPECTED, f"Line {row + 1}: {group}")
            return
        if time:
            time_ns = int(time) * self._scale_ns
            if not -_LAST_NS <= time_ns <= _LAST_NS:
                message = f"Line {row + 1}: {shown(_text(time))} is beyond the year 2262. Check "
                self._refusals.row(row, _text(line), EXPECTED, f"{message}'precision'.")
                return
        else:
            count = self._untimed[series] = self._untimed.get(series, -1) + 1
            time_ns = self._arrival_ns + count
        group.times_ns.append(time_ns)
        group.values += fields[1::2]
        group.rows.append(row)

    def _new_group(self, series: bytes, fields: list[bytes]) -> Group | str:
        """Return the group of a series and its fields; a text says why it is refused."""
        if series.startswith(b"#"):
            return ""
        if len(self._groups) > MAX_GROUPS:
            raise TooLargeError(f"More than {MAX_GROUPS:,} series in one body. Send fewer.")
        try:
            measurement, tags = _series(series)
            names = [_unescaped(name) for name in fields]
        except DecodeError as error:
            return str(error)
        machine, prefix = self._naming.of(measurement, tags)
        if not is_machine_id(machine):
            return f"{shown(machine)!r} {BAD_ID}"
        channels = tuple(channel_of(prefix, name) for name in names)
        if any(len(channel) > MAX_NAME_LENGTH for channel in channels):
            return f"A channel's name is longer than {MAX_NAME_LENGTH} characters. Use fewer tags."
        self._machines.add(machine)
        if len(self._machines) > MAX_MACHINES:
            raise TooLargeError(
                f"More than {MAX_MACHINES:,} machines in one body. Send fewer, or say with "
                "?machine_tag= which tag tells them apart."
            )
        return Group(machine, channels)

    def _refuse(self, line: bytes, row: int) -> None:
        text = line.strip()
        if text and not text.startswith(b"#"):
            why = _why_not(text)
            self._refusals.row(row, _text(text), EXPECTED, f"Line {row + 1}: {why}")


def _series(series: bytes) -> tuple[str, Mapping[str, str]]:
    """Return measurement and tags. Raises DecodeError."""
    match = _MEASUREMENT.match(series)
    if match is None:
        raise DecodeError("missing measurement. Begin the line with its name.")
    pairs = _TAG.findall(series, match.end())
    if match.end() + sum(len(key) + len(value) + 2 for key, value in pairs) != len(series):
        raise DecodeError("a tag is not name=value. Escape blanks, commas and '=' with '\\'.")
    return _unescaped(match[0]), {_unescaped(key): _unescaped(value) for key, value in pairs}


def _unescaped(text: bytes) -> str:
    try:
        return _ESCAPED.sub(rb"\1", text).decode()
    except UnicodeDecodeError as error:
        raise DecodeError(f"byte {error.start} of a name is not UTF-8. Send UTF-8.") from None


def _why_not(line: bytes) -> str:
    """Return what is wrong with a line, in the words of InfluxDB where it has them."""
    if b" " not in line:
        return "missing fields. After the tags and a blank write field=value."
    if b"=" not in line.partition(b" ")[2]:
        return "invalid field format. Write field=value, fields parted by commas."
    if line.count(b'"') % 2:
        return "unbalanced quotes. A string begins and ends with a double quote."
    return f"invalid line. Write {EXPECTED}; escape blanks, commas and '=' in names with '\\'."


def _text(line: bytes) -> str:
    return line[:200].decode("utf-8", "replace")
