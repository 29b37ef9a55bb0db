from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from telltale.errors import ProfileError
from telltale.profiles.load import ProfileBook, builtin_profiles, load_profile, parse_profile
from telltale.profiles.schema import Channel, Profile

GOOD = (
    'title = "Mill"\ndescription = "A mill."\n'
    '[channels.load_pct]\ntitle = "Load"\nunit = "%"\nrange = [0, 100]\n'
)
MILL = Profile("mill", "Mill", "A mill.", {"load_pct": Channel("Load", "%", (0.0, 100.0))})


def test_a_file_is_named_by_its_stem(tmp_path: Path) -> None:
    (tmp_path / "mill.toml").write_text(GOOD, encoding="utf-8")
    assert load_profile(tmp_path / "mill.toml") == MILL


@pytest.mark.parametrize("content", [b"\xff\xfe", None, b"x" * (4 * 1024 * 1024 + 1)])
def test_a_file_that_cannot_be_read_is_told_by_name(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "mill.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ProfileError, match=r"mill\.toml: "):
        load_profile(path)


def test_a_broken_file_is_reported_and_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "mill.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "broken.toml").write_text(GOOD.replace("unit", "unti"), encoding="utf-8")
    book = ProfileBook(tmp_path)
    assert book.get("mill") == MILL
    assert set(book.all()) == {*builtin_profiles(), "mill"}
    assert list(book.problems) == ["broken.toml"]
    assert "broken.toml:5: key channels.load_pct.unti" in book.problems["broken.toml"]


def test_a_users_file_goes_before_a_built_in_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "focus_st.toml").write_text(GOOD, encoding="utf-8")
    assert ProfileBook(tmp_path).get("focus_st").title == "Mill"
    assert ProfileBook().get("focus_st").title == "Ford Focus ST"


def test_an_added_profile_is_there_after_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "profiles"
    assert ProfileBook(folder).add(MILL) == MILL
    assert ProfileBook(folder).get("mill") == MILL
    assert [file.name for file in folder.iterdir()] == ["mill.toml"]


def test_a_given_text_is_kept_as_it_is(tmp_path: Path) -> None:
    text = "# our mill\n" + GOOD
    ProfileBook(tmp_path).add(MILL, text)
    assert (tmp_path / "mill.toml").read_text(encoding="utf-8") == text


def test_a_taken_id_is_refused_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    book = ProfileBook(tmp_path)
    book.add(MILL)
    with pytest.raises(ProfileError, match="'mill' already"):
        book.add(MILL)
    assert book.add(MILL, GOOD.replace("Mill", "New mill"), replace=True).title == "New mill"


def test_a_faulty_text_is_not_kept(tmp_path: Path) -> None:
    book = ProfileBook(tmp_path)
    with pytest.raises(ProfileError, match=r"mill\.toml:4"):
        book.add(MILL, GOOD.replace('"Load"', "3"))
    assert list(tmp_path.iterdir()) == []
    assert "mill" not in book.all()


def test_a_book_without_a_folder_keeps_profiles_in_memory() -> None:
    book = ProfileBook()
    book.add(MILL)
    assert book.get("mill") == MILL


def test_an_unknown_profile_is_told_with_the_nearest() -> None:
    with pytest.raises(ProfileError, match="Did you mean 'industrial_pump'"):
        ProfileBook().get("industrial_pmp")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ProfileError, match="cannot be written"):
        ProfileBook(tmp_path / "file" / "profiles").add(MILL)


HAND_MADE = """
title = "Mine"
description = "Written by hand."
[channels.x_c]
title = "X"
unit = "degC"
range = [-40, 200]
"""


def test_a_file_that_came_since_the_start_is_never_written_over(tmp_path: Path) -> None:
    book = ProfileBook(tmp_path)
    (tmp_path / "kiln.toml").write_text(HAND_MADE, encoding="utf-8")
    mine = parse_profile(HAND_MADE, id="kiln", file="kiln.toml")
    assert "kiln" in book.taken()
    with pytest.raises(ProfileError, match="already"):
        book.add(mine)
    assert (tmp_path / "kiln.toml").read_text(encoding="utf-8") == HAND_MADE


def test_a_file_that_somebody_edits_is_not_replaced(tmp_path: Path) -> None:
    book = ProfileBook(tmp_path)
    mine = book.add(parse_profile(HAND_MADE, id="kiln", file="kiln.toml"))
    book.add(mine, replace=True)
    edited = HAND_MADE.replace("Mine", "Ours")
    (tmp_path / "kiln.toml").write_text(edited, encoding="utf-8")
    with pytest.raises(ProfileError, match="was changed since"):
        book.add(mine, replace=True)
    assert (tmp_path / "kiln.toml").read_text(encoding="utf-8") == edited


def test_a_suggestion_names_what_people_wrote_before_what_was_inferred() -> None:
    book = ProfileBook()
    for n in range(30):
        inferred = msgspec.structs.replace(MILL, id=f"focus_s{n}", inferred=True)
        book.add(inferred)
    with pytest.raises(ProfileError, match=r"Did you mean 'focus_st'\?"):
        book.get("focus_s")
    book.add(msgspec.structs.replace(MILL, id="zone_furnace", inferred=True))
    with pytest.raises(ProfileError, match=r"Did you mean 'zone_furnace'\?"):
        book.get("zone_furnce")
    with pytest.raises(ProfileError, match=r"Known: focus_st, gr86_cup, .*toyota_2jz_gte\.$"):
        book.get("xyz")
