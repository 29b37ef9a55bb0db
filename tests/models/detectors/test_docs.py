"""The page on detectors names each of them, with every setting and its default."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from telltale.models.trainers import TRAINERS, settings_class

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "detectors.md").read_text("utf-8")
ELSEWHERE = {"faults", "remaining_life"}  # learnt from labels, and told on a page of their own
ALL = sorted(set(TRAINERS) - ELSEWHERE)


def told(kind: str) -> dict[str, str]:
    """Return the settings and defaults that the page tells of a detector."""
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    section = next(text for text in sections if f"### `{kind}`" in text)
    shared, *own = re.split(r"^### ", section, flags=re.MULTILINE)
    mine = next(text for text in own if text.startswith(f"`{kind}`"))
    return dict(re.findall(r"^\| `([\w.]+)` \| ([^|]+?) \|", shared + mine, re.MULTILINE))


def defaults(settings: type[msgspec.Struct] | msgspec.Struct) -> dict[str, str]:
    """Return each setting's default as the page writes it; those inside another by its name."""
    found: dict[str, str] = {}
    for field in msgspec.structs.fields(settings):
        default: Any = field.default
        if default is msgspec.NODEFAULT:
            found[field.name] = "required"
        elif isinstance(default, msgspec.Struct):
            inner = defaults(default)
            found |= {f"{field.name}.{name}": value for name, value in inner.items()}
        elif isinstance(default, tuple):
            found[field.name] = ", ".join(map(str, default)) or "none"
        elif default is None:
            found[field.name] = "none"
        else:
            found[field.name] = default if isinstance(default, str) else f"{default:g}"
    return found


def test_every_detector_has_its_heading_and_no_other_has() -> None:
    headings = re.findall(r"^### `(\w+)`", PAGE, re.MULTILINE)
    assert sorted(headings) == sorted(ALL)


@pytest.mark.parametrize("kind", ALL)
def test_settings_and_defaults_are_those_of_the_code(kind: str) -> None:
    assert told(kind) == defaults(settings_class(kind))
