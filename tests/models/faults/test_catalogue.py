"""The fault catalogues are whole, and name what their profiles have."""

from __future__ import annotations

import pytest

from telltale.errors import ModelError
from telltale.models.faults.catalogue import catalogue, catalogues, parsed_catalogue
from telltale.profiles.load import builtin_profiles
from telltale.simulators.engine_2jz import EnginePlant


@pytest.mark.parametrize("profile", catalogues())
def test_each_category_names_channels_of_its_profile_and_says_what_to_do(profile: str) -> None:
    known = set(builtin_profiles()[profile].names)
    assert catalogues()[profile].categories
    for name, category in catalogues()[profile].categories.items():
        assert set(category.channels) <= known, name
        assert category.symptoms, name
        assert category.causes, name
        assert category.advice.endswith("."), name


def test_the_rotating_machine_has_the_eight_kinds_in_the_order_of_the_fd_system() -> None:
    kinds = catalogue("rotating_machine").categories
    assert [kind.number for kind in kinds.values()] == list(range(8))
    assert kinds["lubrication"].number == 0
    assert "Soft foot" in kinds["low_frequency"].causes[0]


def test_the_engine_has_every_fault_that_its_simulator_can_break() -> None:
    names = tuple(fault.name for fault in EnginePlant.faults)
    assert tuple(catalogue("toyota_2jz_gte").categories) == names


def test_an_unknown_profile_is_told_the_nearest() -> None:
    with pytest.raises(ModelError, match="rotating_machine"):
        catalogue("rotating_machin")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("source = 'x'\n[categories.a]\ntitle = 'A'\n", "symptoms"),
        ("source = 'x'\ncategories = 3\n", "categories"),
        ("source = ", "mine.toml"),
    ],
)
def test_a_broken_catalogue_is_refused_with_its_place(text: str, told: str) -> None:
    with pytest.raises(ModelError, match=told):
        parsed_catalogue(text, "mine.toml")
