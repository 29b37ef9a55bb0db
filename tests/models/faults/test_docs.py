"""The page on labels tells every setting of what is learnt from them, with its default."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from telltale.models.trainers import TRAINERS, LearnsFrom, settings_class

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "labels.md").read_text("utf-8")
KINDS = [kind for kind, one in TRAINERS.items() if one.learns_from is not LearnsFrom.NORMAL]


def written(default: object) -> str:
    if isinstance(default, tuple):
        return ", ".join(map(str, default)) or "none"
    return default or "none" if isinstance(default, str) else f"{default:g}"


@pytest.mark.parametrize("kind", KINDS)
def test_settings_and_defaults_are_those_of_the_code(kind: str) -> None:
    (section,) = [part for part in PAGE.split("\n## ") if part.startswith(f"`{kind}`")]
    told = dict(re.findall(r"^\| `([\w.]+)` \| ([^|]+?) \|", section, re.MULTILINE))
    fields = msgspec.structs.fields(settings_class(kind))
    assert told == {field.name: written(field.default) for field in fields}


def test_both_kinds_that_learn_from_labels_are_told() -> None:
    assert sorted(KINDS) == ["faults", "remaining_life"]
