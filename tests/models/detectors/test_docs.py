"""The page on detectors names each of them, with every setting and its default."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_type_hints

import msgspec
import pytest

from telltale.errors import ModelError
from telltale.models.detectors import DETECTORS
from telltale.registry import load

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "detectors.md").read_text("utf-8")


def told(kind: str) -> dict[str, str]:
    """Return the settings and defaults that the page tells of a detector."""
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    section = next(text for text in sections if f"### `{kind}`" in text)
    shared, *own = re.split(r"^### ", section, flags=re.MULTILINE)
    mine = next(text for text in own if text.startswith(f"`{kind}`"))
    return dict(re.findall(r"^\| `(\w+)` \| ([^|]+?) \|", shared + mine, re.MULTILINE))


def test_every_detector_has_its_heading_and_no_other_has() -> None:
    headings = re.findall(r"^### `(\w+)`", PAGE, re.MULTILINE)
    assert sorted(headings) == sorted(DETECTORS)


@pytest.mark.parametrize("kind", DETECTORS)
def test_settings_and_defaults_are_those_of_the_code(kind: str) -> None:
    learn = load(DETECTORS, kind, group="telltale.detectors", error=ModelError)
    fields = msgspec.structs.fields(get_type_hints(learn)["settings"])
    assert told(kind) == {field.name: f"{field.default:g}" for field in fields}
