"""A card is read with every fault named, and its reference page explains every key."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.errors import ModelError
from telltale.models import card
from telltale.models.card import read_card, written_card
from tests.models.toys import toy_card

PAGE = (Path(__file__).parents[2] / "docs/reference/cards.md").read_text(encoding="utf-8")
STRUCTS = ("Card", "Input", "Feature", "Window", "Threshold", "Training", "Measured")


@pytest.mark.parametrize("name", STRUCTS)
def test_every_key_of_a_card_is_explained_and_no_other(name: str) -> None:
    section = PAGE.split(f"\n## {name}\n")[1].split("\n## ")[0]
    explained = re.findall(r"^\| `(\w+)` \| \S", section, flags=re.MULTILINE)
    assert explained == list(getattr(card, name).__struct_fields__)


def test_a_card_reads_back_equal() -> None:
    assert read_card(written_card(toy_card()), "toy") == toy_card()


@given(text=st.binary(max_size=200))
def test_any_bytes_are_a_card_or_a_model_error(text: bytes) -> None:
    with pytest.raises(ModelError, match=r"m/card\.json"):
        read_card(text, "m/card.json")


def test_an_unknown_key_and_a_wrong_type_are_named() -> None:
    text = msgspec.json.encode({**msgspec.to_builtins(toy_card()), "tittle": "x"})
    with pytest.raises(ModelError, match="tittle"):
        read_card(text, "m/card.json")
    text = msgspec.json.encode({**msgspec.to_builtins(toy_card()), "window": {"samples": 0}})
    with pytest.raises(ModelError, match=r"\$\.window\.samples"):
        read_card(text, "m/card.json")
