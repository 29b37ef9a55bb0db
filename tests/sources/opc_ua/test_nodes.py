"""Which nodes are read: ids are checked, browse paths fit as they are written."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.errors import SettingsError
from telltale.sources.opc_ua.nodes import (
    channel_of,
    checked_nodes,
    checked_paths,
    matches,
    may_lead_to,
)

NAMES = st.lists(st.sampled_from(["a", "b", "ab"]), max_size=5)
PATTERNS = st.lists(st.sampled_from(["a", "b", "*", "a*", "**"]), min_size=1, max_size=5)


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("Plant/Pump3/Flow", "Plant/Pump3/Flow", True),
        ("Plant/*/Flow", "Plant/Pump3/Flow", True),
        ("Plant/*", "Plant/Pump3/Flow", False),
        ("Plant/**", "Plant/Pump3/Flow", True),
        ("**/Flow", "Plant/Pump3/Flow", True),
        ("**/Flow", "Flow", True),
        ("Plant/**/Flow", "Plant/Flow", True),
        ("Plant/Pump[34]/Flow", "Plant/Pump4/Flow", True),
        ("Plant/Pump[34]/Flow", "Plant/Pump5/Flow", False),
        ("plant/**", "Plant/Flow", False),
    ],
)
def test_a_path_fits_its_pattern(pattern: str, path: str, fits: bool) -> None:
    assert matches(path.split("/"), pattern.split("/")) is fits


def as_regular_expression(pattern: list[str]) -> re.Pattern[str]:
    """Return the same pattern for "/a/b": each name with its slash before it."""
    parts = ["(/[^/]+)*" if p == "**" else "/" + p.replace("*", "[^/]*") for p in pattern]
    return re.compile("".join(parts))


@given(NAMES, PATTERNS)
def test_patterns_mean_what_a_regular_expression_says(path: list[str], pattern: list[str]) -> None:
    text = "".join(f"/{name}" for name in path)
    assert matches(path, pattern) is bool(as_regular_expression(pattern).fullmatch(text))


@given(NAMES, PATTERNS)
def test_no_way_to_what_fits_is_cut_off(path: list[str], pattern: list[str]) -> None:
    if matches(path, pattern):
        assert all(may_lead_to(path[:n], pattern) for n in range(len(path)))


@pytest.mark.parametrize(
    ("pattern", "path", "channel"),
    [
        ("Plant/Pump3/Flow", "Plant/Pump3/Flow", "Flow"),
        ("Plant/Pump3/*", "Plant/Pump3/Flow", "Flow"),
        ("Plant/*/Flow", "Plant/Pump3/Flow", "Pump3.Flow"),
        ("Plant/**", "Plant/Pump3/Flow", "Pump3.Flow"),
        ("**", "Plant/Flow", "Plant.Flow"),
    ],
)
def test_a_channel_is_named_by_what_the_pattern_leaves_open(
    pattern: str, path: str, channel: str
) -> None:
    assert channel_of(path.split("/"), pattern.split("/")) == channel


@pytest.mark.parametrize(
    "node_id", ["i=85", "ns=2;s=Pump 3;x=1", "nsu=http://a.example/b;i=7", "ns=1;b=AAEC"]
)
def test_node_ids_are_taken_as_the_standard_writes_them(node_id: str) -> None:
    assert checked_nodes("opc_ua:m", {"x": node_id}) == {"x": node_id}


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ({"x": "Pump.Flow"}, "nodes['x'] is 'Pump.Flow'. Give a node id such as ns=2;s="),
        ({"x": 7}, "nodes['x'] is '7'"),
        ({"": "i=85"}, "a channel without a name"),
        (["i=85"], "Give channel to node id"),
    ],
)
def test_what_is_no_node_id_is_refused(nodes: Any, said: str) -> None:
    with pytest.raises(SettingsError) as told:
        checked_nodes("opc_ua:m", nodes)
    assert said in str(told.value)


@pytest.mark.parametrize("paths", ["Plant/*", ["Plant//Flow"], [""], [7]])
def test_what_is_no_list_of_paths_is_refused(paths: Any) -> None:
    with pytest.raises(SettingsError, match="paths"):
        checked_paths("opc_ua:m", paths)
