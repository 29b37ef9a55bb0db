"""Which nodes of a server are read, and under which names: by id, or by browse path."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from telltale.errors import SettingsError
from telltale.formats.base import shown

ANY_DEPTH = "**"
MAX_NODES = 5_000
_NODE_ID = re.compile(
    r"(?:(?:ns=\d{1,5}|nsu=[^;]+);)?(?:i=\d{1,10}|s=.+|g=[0-9a-fA-F-]{36}|b=.+)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One channel and the node that it is.

    Attributes:
        channel: Its name.
        node_id: As the server knows it: "ns=2;s=Pump.Flow".
        unit: As the server says; "" if it does not.
        names: Number to name, where the node is an enumeration.
    """

    channel: str
    node_id: str
    unit: str = ""
    names: Mapping[str, float] = field(default_factory=dict)


def is_node_id(text: str) -> bool:
    """Tell whether a text is written as a node id."""
    return bool(_NODE_ID.fullmatch(text))


def checked_nodes(where: str, nodes: Mapping[str, str] | None) -> dict[str, str]:
    """Return channel to node id. Raises SettingsError."""
    if nodes is not None and not isinstance(nodes, Mapping):
        raise SettingsError(
            f"{where}: nodes is {shown(nodes)!r}. Give channel to node id, such as "
            '{"flow_l_min": "ns=2;s=Pump.Flow"}.'
        )
    found = dict(nodes or {})
    for channel, node_id in found.items():
        if not isinstance(channel, str) or not channel.strip():
            raise SettingsError(f"{where}: nodes holds a channel without a name. Name it.")
        if not isinstance(node_id, str) or not is_node_id(node_id):
            raise SettingsError(
                f"{where}: nodes[{channel!r}] is {shown(node_id)!r}. Give a node id such as "
                "ns=2;s=Pump.Flow, ns=3;i=1012 or nsu=http://maker.example/pump;s=Flow; "
                "`telltale opcua browse` shows them."
            )
    if len(found) > MAX_NODES:
        raise SettingsError(f"{where}: nodes holds more than {MAX_NODES:,}. Make it two sources.")
    return found


def checked_paths(where: str, paths: Sequence[str] | None) -> tuple[tuple[str, ...], ...]:
    """Return browse paths as their parts. Raises SettingsError."""
    if paths is not None and (isinstance(paths, str) or not isinstance(paths, Sequence)):
        raise SettingsError(f"{where}: paths is {shown(paths)!r}. Give a list of paths.")
    found: list[tuple[str, ...]] = []
    for path in paths or ():
        parts = tuple(path.strip("/").split("/")) if isinstance(path, str) else ()
        if not parts or not all(parts):
            raise SettingsError(
                f"{where}: paths holds {shown(path)!r}. Give browse names under Objects, such as "
                "Plant/Pump3/Flow, Plant/*/Flow or Plant/**."
            )
        found.append(parts)
    return tuple(found)


def matches(path: Sequence[str], pattern: Sequence[str]) -> bool:
    """Tell whether a browse path fits a pattern: * within a name, ** over any number of names."""
    reached = {0}
    for name in path:
        reached = _after(name, reached, pattern)
    return len(pattern) in _closed(reached, pattern)


def may_lead_to(path: Sequence[str], pattern: Sequence[str]) -> bool:
    """Tell whether something below a path can fit a pattern."""
    reached = {0}
    for name in path:
        reached = _after(name, reached, pattern)
    return any(at < len(pattern) for at in _closed(reached, pattern))


def channel_of(path: Sequence[str], pattern: Sequence[str]) -> str:
    """Return a node's channel: its path from the pattern's first wildcard on, with points."""
    fixed = 0
    while fixed < len(pattern) - 1 and not set("*?[") & set(pattern[fixed]):
        fixed += 1
    return ".".join(path[min(fixed, len(path) - 1) :])


def _closed(reached: set[int], pattern: Sequence[str]) -> set[int]:
    """Return the places with those that are reached without a name: ** may stand for none."""
    found = set(reached)
    for at in sorted(reached):
        place = at
        while place < len(pattern) and pattern[place] == ANY_DEPTH:
            place += 1
            found.add(place)
    return found


def _after(name: str, reached: set[int], pattern: Sequence[str]) -> set[int]:
    """Return the places in the pattern behind one more name."""
    found: set[int] = set()
    for at in _closed(reached, pattern):
        if at == len(pattern):
            continue
        if pattern[at] == ANY_DEPTH:
            found.add(at)
        elif fnmatchcase(name, pattern[at]):
            found.add(at + 1)
    return found
