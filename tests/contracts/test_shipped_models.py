"""Each model that telltale brings along loads, answers as it did, and fits its profile."""

from __future__ import annotations

import pytest

from telltale.models.folder import read_folder
from telltale.pipeline.run import Pipeline
from telltale.profiles.load import builtin_profiles
from telltale.runtime.models.shelf import SHIPPED

NAMES = sorted(folder.name for folder in SHIPPED.iterdir() if folder.is_dir())
PROFILES = builtin_profiles()


@pytest.mark.parametrize("name", NAMES)
def test_a_model_loads_answers_as_it_did_and_says_what_it_is(name: str) -> None:
    card = read_folder(SHIPPED / name).card
    assert card.name == name
    assert card.quality, "nothing was measured of it"
    assert all(one.protocol for one in card.quality)
    assert card.training.is_simulated
    assert card.training.sha256
    assert card.licence == "Apache-2.0"
    assert sum(file.stat().st_size for file in (SHIPPED / name).iterdir()) < 1_000_000


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_the_models_of_a_profile_run_beside_one_another_on_it(profile: str) -> None:
    models = {name: read_folder(SHIPPED / name).model for name in PROFILES[profile].models}
    outputs = Pipeline(PROFILES[profile], models).profile.outputs
    assert set(outputs) == {name for model in models.values() for name in model.card.outputs}


def test_every_shipped_model_is_some_profiles() -> None:
    assert sorted(name for profile in PROFILES.values() for name in profile.models) == NAMES
