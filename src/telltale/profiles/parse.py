"""Reads one profile from text; what is wrong is told with file, line and nearest valid key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from telltale.errors import ProfileError
from telltale.pipeline.metrics import METRICS
from telltale.profiles.check import Problem, problems
from telltale.profiles.point_channels import with_points
from telltale.profiles.points import MAX_POINTS, Point, PointBearing, PointGear, PointOrders
from telltale.profiles.schema import NOT_IN_FILE, Alias, Channel, Limits, Metric, Obd2, Profile
from telltale.profiles.schema import SimulatorSettings as Simulator
from telltale.profiles.toml_lines import Path, line_of, lines_of
from telltale.registry import suggest

MAX_SHOWN_PROBLEMS = 10
MAX_PROBLEMS = 100  # looked for: the nearest key of each takes a while to find
MAX_SIGNALS = 1_900  # channels and metrics: what a table of the store takes

Table = dict[str, Any]  # Any: what TOML holds, until it is converted

_TOML_LINE = re.compile(r"\(at line (\d+), column \d+\)")
_WRONG_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>[^`]*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.([A-Za-z_0-9]+)|\[(\d+)\]")
_UNKNOWN_KEY = re.compile(r"unknown field `(.*)`")
_TYPES: dict[tuple[str, ...], type[msgspec.Struct]] = {
    (): Profile,
    ("channels",): Channel,
    ("metrics",): Metric,
    ("limits",): Limits,
    ("obd2",): Obd2,
    ("aliases",): Alias,
    ("simulator",): Simulator,
    ("points",): Point,
    ("bearing",): PointBearing,
    ("orders",): PointOrders,
    ("gear",): PointGear,
}


def parse_profile(text: str, *, id: str, file: str) -> Profile:  # noqa: A002 - a profile's own word
    """Read a profile from text.

    Args:
        text: TOML.
        id: Names the profile; lower-case letters, digits and "_".
        file: Named in errors.

    Raises:
        ProfileError: "file:line: key ...: what is wrong; nearest valid key", each on a line.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = _TOML_LINE.search(str(error))
        line = int(at.group(1)) if at else text.count("\n") + 1
        what = _TOML_LINE.sub("", str(error)).strip()
        raise ProfileError(f"{file}:{line}: not valid TOML: {what}.") from error
    except ValueError as error:  # of a number that Python refuses for its length
        line = _line_with_most(text, "0123456789")
        raise ProfileError(f"{file}:{line}: not a number that can be read: {error}.") from error
    except RecursionError:
        line = _line_with_most(text, "[{")
        raise ProfileError(f"{file}:{line}: nested too deeply to be a profile.") from None
    found = list(islice(_shape(data), MAX_PROBLEMS))
    profile = None if found else _converted(data, id)
    if profile:
        found = list(islice(problems(profile, functions=METRICS), MAX_PROBLEMS))
    if profile is None or found:
        raise ProfileError(_told(file, text, found))
    return profile


def _line_with_most(text: str, characters: str) -> int:
    """Return the line that holds most of these: where what the parser gave up on must be."""
    counts = [sum(map(line.count, characters)) for line in text.split("\n")]
    return counts.index(max(counts)) + 1


def _converted(data: Table, profile_id: str) -> Profile:
    return with_points(msgspec.convert({"channels": {}, **data, "id": profile_id}, Profile))


def _shape(data: Table) -> Iterator[Problem]:
    """Yield unknown keys and wrong types, part by part so that every path is known in full."""
    parts = {key: data.get(key, {}) for key in ("channels", "metrics", "points")}
    head = {**data, **{key: {} for key in parts}}
    if isinstance(parts["points"], dict) and len(parts["points"]) > MAX_POINTS:
        yield Problem(("points",), f"more than {MAX_POINTS} points; make several machines")
        return
    if sum(len(part) for part in parts.values() if isinstance(part, dict)) > MAX_SIGNALS:
        yield Problem((), f"more than {MAX_SIGNALS} channels and metrics; make several machines")
        return
    if "id" in data:
        yield Problem(("id",), "unknown key; the id is the file's name")
    if "outputs" in data:
        yield Problem(("outputs",), "unknown key; the cards of its models say what they give")
    if "channels" not in data and not parts["points"]:
        yield Problem(("channels",), "is missing; a profile needs at least one channel")
    yield from _part({**head, "id": "x"}, Profile, ())
    for key, kind in (("channels", Channel), ("metrics", Metric), ("points", Point)):
        if not isinstance(parts[key], dict):
            yield Problem((key,), "must be a table of tables")
            continue
        for name, table in parts[key].items():
            yield from _part(table, kind, (key, name))


def _part(table: object, kind: type[msgspec.Struct], at: Path) -> Iterator[Problem]:
    """Yield what keeps one table from becoming a `kind`; msgspec reports the first fault."""
    try:
        msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        wrong = _WRONG_AT.match(str(error))
        what, path = (wrong["what"], wrong["path"] or "") if wrong else (str(error), "")
        steps = [int(i) if i else key for key, i in _STEP.findall(path)]
        unknown = _UNKNOWN_KEY.search(what)
        if unknown is None:
            yield Problem((*at, *steps), f"{what[:1].lower()}{what[1:]}")
            return
        known = _keys_of(kind, [step for step in steps if isinstance(step, str)])
        yield Problem(
            (*at, *steps, unknown.group(1)), f"unknown key. {suggest(unknown.group(1), known)}"
        )


def _keys_of(kind: type[msgspec.Struct], steps: list[str]) -> tuple[str, ...]:
    """Return the keys that are allowed where an unknown one was found."""
    inner = _TYPES.get((steps[-1],), kind) if steps else kind
    return tuple(name for name in inner.__struct_fields__ if name not in NOT_IN_FILE)


def _told(file: str, text: str, found: list[Problem]) -> str:
    """Return all problems as lines "file:line: key a.b: what", in the order of the file."""
    lines = lines_of(text)
    placed = sorted((line_of(lines, p.path), n, p) for n, p in enumerate(found))
    told = [f"{file}:{line}: key {_dotted(p.path)}: {_closed(p.what)}" for line, _, p in placed]
    more = len(told) - MAX_SHOWN_PROBLEMS
    at_least = "at least " if len(found) == MAX_PROBLEMS else ""
    tail = [f"... and {at_least}{more} more."] if more > 0 else []
    return "\n".join(told[:MAX_SHOWN_PROBLEMS] + tail)


def _closed(sentence: str) -> str:
    """Return a sentence with a full stop, unless it has its own."""
    return sentence if sentence.endswith((".", "?")) else f"{sentence}."


def _dotted(path: Path) -> str:
    """Return a path as TOML writes it: channels.oil_temp_c.range[0]."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.lstrip(".") or "(file name)"
