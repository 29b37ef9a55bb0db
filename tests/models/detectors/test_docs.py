"""The page on detectors names each of them, with every setting and its default."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import pytest

from telltale.errors import ModelError
from telltale.models.detectors import DETECTORS
from telltale.models.novelty.detector import NoveltySettings
from telltale.models.trainers import GROUP, TRAINERS, kinds
from telltale.registry import load

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "detectors.md").read_text("utf-8")
ALL = (*kinds(), "novelty")


def told(kind: str) -> dict[str, str]:
    """Return the settings and defaults that the page tells of a detector."""
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    section = next(text for text in sections if f"### `{kind}`" in text)
    shared, *own = re.split(r"^### ", section, flags=re.MULTILINE)
    mine = next(text for text in own if text.startswith(f"`{kind}`"))
    return dict(re.findall(r"^\| `([\w.]+)` \| ([^|]+?) \|", shared + mine, re.MULTILINE))


def settings_of(kind: str) -> type[msgspec.Struct]:
    """Return the class of a detector's settings."""
    if kind == "novelty":
        return NoveltySettings
    if kind in TRAINERS:
        found = load({kind: TRAINERS[kind][1]}, kind, group=GROUP, error=ModelError)
    else:
        learn = load(DETECTORS, kind, group="telltale.detectors", error=ModelError)
        found = get_type_hints(learn)["settings"]
    settings: type[msgspec.Struct] = found
    return settings


def defaults(settings: type[msgspec.Struct] | msgspec.Struct) -> dict[str, str]:
    """Return each setting's default as the page writes it; those inside another by its name."""
    found: dict[str, str] = {}
    for field in msgspec.structs.fields(settings):
        default: Any = field.default
        if isinstance(default, msgspec.Struct):
            inner = defaults(default)
            found |= {f"{field.name}.{name}": value for name, value in inner.items()}
        elif isinstance(default, tuple):
            found[field.name] = ", ".join(map(str, default))
        else:
            found[field.name] = default if isinstance(default, str) else f"{default:g}"
    return found


def test_every_detector_has_its_heading_and_no_other_has() -> None:
    headings = re.findall(r"^### `(\w+)`", PAGE, re.MULTILINE)
    assert sorted(headings) == sorted(ALL)


@pytest.mark.parametrize("kind", ALL)
def test_settings_and_defaults_are_those_of_the_code(kind: str) -> None:
    assert told(kind) == defaults(settings_of(kind))
