"""An unknown machine gets the profile that fits, else one of its own that grows with its feed."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.batch import Batch
from telltale.errors import ProfileError
from telltale.formats.base import Decoded
from telltale.profiles.choose import (
    MAX_INFERRED_CHANNELS,
    chosen_profile,
    free_id,
    widened_profile,
)
from telltale.profiles.load import ProfileBook


def fed(machine: str, *names: str, value: float = 20.0) -> tuple[Batch, Decoded]:
    batch = Batch(machine, np.arange(3) * 10**9, {name: np.full(3, value) for name in names})
    return batch, Decoded((batch,))


def test_the_profile_that_knows_the_names_is_chosen() -> None:
    profile, fit = chosen_profile(*fed("p", "bearing_temp_c", "vibration_mm_s"), ProfileBook(None))
    assert profile.id == "industrial_pump"
    assert len(fit.matched) == 2


def test_a_feed_that_none_fits_gets_a_profile_of_its_own_in_the_book() -> None:
    book = ProfileBook(None)
    profile, _ = chosen_profile(*fed("Kiln 7", "zone_a_temp_c"), book)
    assert profile.inferred
    assert book.get("kiln_7") == profile


@pytest.mark.parametrize(
    ("machine", "taken", "expected"),
    [
        ("Kiln 7", (), "kiln_7"),
        ("Kiln 7", ("kiln_7", "kiln_7_2"), "kiln_7_3"),
        ("7 up", (), "m_7_up"),
        ("--", (), "machine"),
        ("x" * 200, (), "x" * 56),
    ],
)
def test_an_id_is_made_of_the_machines_and_is_free(
    machine: str, taken: tuple[str, ...], expected: str
) -> None:
    assert free_id(machine, taken) == expected


def test_too_many_channels_make_no_profile() -> None:
    names = [f"n{i}_bar" for i in range(MAX_INFERRED_CHANNELS + 1)]
    with pytest.raises(ProfileError, match="Split it"):
        chosen_profile(*fed("m", *names), ProfileBook(None))


def test_an_inferred_profile_takes_up_new_channels_and_keeps_the_old() -> None:
    profile, _ = chosen_profile(*fed("kiln", "zone_a_temp_c"), ProfileBook(None))
    batch, decoded = fed("kiln", "zone_a_temp_c", "zone_b_temp_c")
    wider = widened_profile(profile, batch, decoded, {"zone_b_temp_c"})
    assert wider is not None
    assert list(wider.channels) == ["zone_a_temp_c", "zone_b_temp_c"]
    assert wider.channels["zone_a_temp_c"] == profile.channels["zone_a_temp_c"]


def test_a_new_column_without_any_value_is_no_channel_yet() -> None:
    profile, _ = chosen_profile(*fed("kiln", "zone_a_temp_c"), ProfileBook(None))
    batch, decoded = fed("kiln", "zone_b_temp_c", value=np.nan)
    assert widened_profile(profile, batch, decoded, {"zone_b_temp_c"}) is None
