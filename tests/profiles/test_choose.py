"""An unknown machine gets the profile that fits, else one of its own that grows with its feed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from telltale.batch import Batch
from telltale.errors import ProfileError
from telltale.formats.base import Decoded
from telltale.profiles.choose import (
    MAX_INFERRED_CHANNELS,
    MAX_INFERRED_WORDS,
    better_profile,
    chosen_profile,
    free_id,
    widened_profile,
)
from telltale.profiles.conform import Conformer
from telltale.profiles.load import ProfileBook
from telltale.profiles.schema import Profile


def fed(machine: str, *names: str, value: float = 20.0) -> tuple[Batch, Decoded]:
    batch = Batch(machine, np.arange(3) * 10**9, {name: np.full(3, value) for name in names})
    return batch, Decoded((batch,))


def flags(*words: str, **more: float) -> tuple[Batch, Decoded]:
    """Return a feed whose column `flag` holds these words, in the feed's own numbering."""
    columns = {"flag": np.arange(len(words), dtype=np.float64)}
    columns |= {name: np.full(len(words), value) for name, value in more.items()}
    batch = Batch("post", np.arange(len(words)) * 10**9, columns)
    return batch, Decoded(
        (batch,), codes={"flag": {word: float(n) for n, word in enumerate(words)}}
    )


def grown(profile: Profile, batch: Batch, decoded: Decoded) -> Profile | None:
    """Return what a profile becomes for a batch that it does not know all of."""
    news = Conformer(profile).news(batch, decoded.units, decoded.codes)
    return widened_profile(profile, batch, decoded, news)


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
    wider = grown(profile, batch, decoded)
    assert wider is not None
    assert list(wider.channels) == ["zone_a_temp_c", "zone_b_temp_c"]
    assert wider.channels["zone_a_temp_c"] == profile.channels["zone_a_temp_c"]


def test_a_new_column_without_any_value_is_no_channel_yet() -> None:
    profile, _ = chosen_profile(*fed("kiln", "zone_a_temp_c"), ProfileBook(None))
    batch, decoded = fed("kiln", "zone_b_temp_c", value=np.nan)
    assert grown(profile, batch, decoded) is None


def test_a_column_that_can_become_no_new_channel_leaves_the_profile_as_it_is() -> None:
    profile, _ = chosen_profile(*fed("kiln", "zone_a_temp_c"), ProfileBook(None))
    batch, decoded = fed("kiln", "zone_a_temp_c")
    odd = replace(decoded, units={"zone_a_temp_c": "rpm"})
    assert Conformer(profile).news(batch, odd.units, {}).names == {"zone_a_temp_c"}
    wider = grown(profile, batch, odd)
    assert wider is not None
    assert grown(wider, batch, odd) is None


def test_an_inferred_profile_learns_words_and_the_old_ones_keep_their_numbers() -> None:
    profile, _ = chosen_profile(*flags("GF", "FCY", rain=0.5), ProfileBook(None))
    wider = grown(profile, *flags("SC", "FCY", "RED"))
    assert wider is not None
    assert wider.channels["flag"].codes == {"GF": 0.0, "FCY": 1.0, "SC": 2.0, "RED": 3.0}
    assert wider.channels["rain"] == profile.channels["rain"]
    batch, decoded = flags("RED", "gf", "SC")
    done = Conformer(wider).conform(batch, now_ns=10**18, codes=decoded.codes)
    assert done.batch.columns["flag"].tolist() == [3.0, 0.0, 2.0]
    assert grown(wider, *flags("RED", "gf ")) is None


def test_learnt_words_read_back_from_the_file_with_their_numbers(tmp_path: Path) -> None:
    book = ProfileBook(tmp_path)
    profile, _ = chosen_profile(*flags("GF", "FCY"), book)
    wider = grown(profile, *flags('"SC" \\ x'))
    assert wider is not None
    book.add(wider, replace=True)
    assert ProfileBook(tmp_path).get("post").channels["flag"].codes == wider.channels["flag"].codes


def test_a_channel_learns_no_more_words_than_its_bound() -> None:
    profile, _ = chosen_profile(*flags("GF", "FCY"), ProfileBook(None))
    wider = grown(profile, *flags(*(f"w{n}" for n in range(MAX_INFERRED_WORDS + 50))))
    assert wider is not None
    assert len(wider.channels["flag"].codes) == MAX_INFERRED_WORDS
    assert grown(wider, *flags("one more")) is None


def test_a_channel_that_may_have_held_numbers_learns_no_words() -> None:
    profile, _ = chosen_profile(*fed("post", "flag"), ProfileBook(None))
    assert grown(profile, *flags("GF")) is None


def test_a_column_without_any_value_does_not_spoil_the_fit() -> None:
    batch, decoded = fed("p", "bearing_temp_c", "vibration_mm_s")
    text = batch.adding({"note": np.full(3, np.nan)})
    assert chosen_profile(text, decoded, ProfileBook(None))[0].id == "industrial_pump"


def test_what_would_have_fitted_at_once_fits_later() -> None:
    book = ProfileBook(None)
    profile, _ = chosen_profile(*fed("engine", "rpm"), book)
    assert profile.inferred
    later, _ = fed("engine", "boost", "afr", "oil_temp")
    found = better_profile(profile, later, book)
    assert found is not None
    better, fit = found
    assert (better.id, set(fit.matched)) == ("toyota_2jz_gte", {"rpm", "boost", "afr", "oil_temp"})
    odd, _ = fed("engine", "zone_a_temp_c", "zone_b_temp_c")
    assert better_profile(profile, odd, book) is None


def test_a_header_with_its_unit_is_still_known_when_more_comes() -> None:
    book = ProfileBook(None)
    profile, _ = chosen_profile(*fed("pump", "Bearing Temp (°F)"), book)
    later, _ = fed("pump", "Vibration_mm_s")
    found = better_profile(profile, later, book)
    assert found is not None
    assert found[0].id == "industrial_pump"


def test_an_inferred_profile_never_moves_a_machine_to_another_inferred_one() -> None:
    book = ProfileBook(None)
    chosen_profile(*fed("kiln", "zone_a_temp_c", "zone_b_temp_c"), book)
    alone, _ = chosen_profile(*fed("oven", "zone_c_temp_c"), book)
    later, _ = fed("oven", "zone_a_temp_c", "zone_b_temp_c")
    assert better_profile(alone, later, book) is None


def test_a_profile_that_several_machines_have_does_not_bear_the_first_ones_name(
    tmp_path: Path,
) -> None:
    book = ProfileBook(tmp_path)
    names = ("zone_a_temp_c", "zone_b_temp_c")
    titles = [chosen_profile(*fed(f"kiln-{n}", *names), book)[0].title for n in range(3)]
    assert titles == ["Kiln 0", "Kiln 0 and alike", "Kiln 0 and alike"]
    assert ProfileBook(tmp_path).get("kiln_0").title == "Kiln 0 and alike"
