"""A client's file name cannot lead anywhere but into the folder of its upload."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.errors import SettingsError
from telltale.runtime.uploads import safe_path


@pytest.mark.parametrize(
    ("filename", "path"),
    [
        ("log.csv", "log/log.csv"),
        ("drives/1.csv", "drives/1.csv"),
        ("C:\\logs\\1.csv", "logs/1.csv"),
        ("../../etc/passwd", "etc/passwd"),
        ("../1.csv", "log/1.csv"),
        ("/1.csv", "log/1.csv"),
    ],
)
def test_the_name_and_its_folder_are_kept(filename: str, path: str) -> None:
    assert safe_path(filename) == Path(path)


@given(st.text(alphabet="ab./\\ \n\x00", max_size=12))
def test_any_name_stays_inside_or_is_refused(filename: str) -> None:
    try:
        path = safe_path(filename)
    except SettingsError:
        return
    assert len(path.parts) == 2
    assert not path.is_absolute()
    assert not {".", ".."} & set(PurePosixPath(path).parts)
