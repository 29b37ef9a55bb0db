"""The reference page names every source and every setting."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from telltale.errors import SettingsError
from telltale.registry import load
from telltale.sources import SOURCES

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "sources.md"


def sections() -> dict[str, str]:
    parts = PAGE.read_text(encoding="utf-8").split("\n## `")[1:]
    return {part.split("`")[0]: part for part in parts}


def test_the_page_has_a_heading_for_each_source_and_no_other() -> None:
    assert set(sections()) == set(SOURCES)


@pytest.mark.parametrize("name", SOURCES)
def test_each_setting_of_a_source_is_described(name: str) -> None:
    source = load(SOURCES, name, group="telltale.sources", error=SettingsError)
    settings = list(inspect.signature(source).parameters)
    described = {
        line.split("`")[1] for line in sections()[name].splitlines() if line.startswith("- `")
    }
    assert described == set(settings)
