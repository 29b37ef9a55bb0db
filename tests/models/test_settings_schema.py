"""What can be set is told in words, also of settings within settings and of inherited ones."""

from __future__ import annotations

import pytest

from telltale.models.trainers import kinds, settings_schema


@pytest.mark.parametrize("kind", kinds())
def test_each_setting_has_a_sentence_or_its_class_has_one_alone(kind: str) -> None:
    for definition in settings_schema(kind)["$defs"].values():
        properties = definition["properties"]
        told = [name for name, one in properties.items() if "description" in one]
        assert told == list(properties) or len(properties) == 1


def test_an_inherited_setting_has_the_sentence_of_where_it_comes_from() -> None:
    definitions = settings_schema("autoencoder")["$defs"]
    own = definitions["AutoencoderSettings"]["properties"]
    assert own["units"]["description"] == "Of each LSTM layer."
    assert own["every_s"]["description"].startswith("One sample per step of this length")
    assert definitions["FitSettings"]["properties"]["epochs"]["description"] == "At most."
    assert own["units"]["maximum"] == 1024
