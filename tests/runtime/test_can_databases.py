"""CAN databases are kept as files, within limits, and found again after a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from telltale.errors import DecodeError, SettingsError, StoreFullError, TooLargeError
from telltale.formats.can.databases import load_tables
from telltale.runtime.can_databases import CanDatabases, UnknownCanDatabaseError
from tests.formats.can import parts


async def pieces(text: str) -> AsyncIterator[bytes]:
    data = text.encode()
    for first in range(0, len(data), 100):
        yield data[first : first + 100]


async def test_a_database_is_kept_once_and_found_after_a_restart(tmp_path: Path) -> None:
    kept = CanDatabases(tmp_path / "can")
    assert kept.all() == []
    about = await kept.add("My Car.dbc", pieces(parts.CAR))
    assert about.id.startswith("my_car-")
    assert (about.name, about.messages, about.signals, about.j1939) == ("My Car.dbc", 3, 11, 0)
    assert await kept.add("My Car.dbc", pieces(parts.CAR)) == about
    again = CanDatabases(tmp_path / "can")
    assert again.all() == [about]
    path = parts.database(tmp_path, parts.CAR, "My Car.dbc")
    assert again.tables([about.id]) == load_tables(path)
    assert again.file(about.id).read_text() == parts.CAR


async def test_tables_that_are_lost_are_made_again_from_the_file(tmp_path: Path) -> None:
    kept = CanDatabases(tmp_path)
    about = await kept.add("truck.dbc", pieces(parts.TRUCK))
    assert about.j1939 == 3
    tables = kept.tables([about.id])
    (tmp_path / about.id / "tables.json").write_text("{")
    assert CanDatabases(tmp_path).tables([about.id]) == tables
    (tmp_path / about.id / "tables.json").unlink()
    assert CanDatabases(tmp_path).tables([about.id]) == tables


async def test_several_are_used_as_one(tmp_path: Path) -> None:
    kept = CanDatabases(tmp_path)
    ids = [
        (await kept.add("car.dbc", pieces(parts.CAR))).id,
        (await kept.add("truck.dbc", pieces(parts.TRUCK))).id,
    ]
    assert len(kept.tables(ids).messages) == 6


async def test_what_is_removed_is_gone_and_what_is_unknown_gets_the_nearest_name(
    tmp_path: Path,
) -> None:
    kept = CanDatabases(tmp_path)
    about = await kept.add("car.dbc", pieces(parts.CAR))
    with pytest.raises(UnknownCanDatabaseError, match=f"Did you mean '{about.id}'"):
        kept.get(about.id[:-1])
    kept.remove(about.id)
    assert kept.all() == []
    for id_ in (about.id, "../x", ".new-x", ""):
        with pytest.raises(UnknownCanDatabaseError):
            kept.tables([id_])
        with pytest.raises(UnknownCanDatabaseError):
            kept.remove(id_)


async def test_what_is_refused_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = CanDatabases(tmp_path)
    with pytest.raises(DecodeError, match="cannot be read as a DBC file"):
        await kept.add("car.dbc", pieces("these are words"))
    with pytest.raises(SettingsError, match=r"no CAN database's. Give one of \.dbc"):
        await kept.add("car.csv", pieces(parts.CAR))
    monkeypatch.setattr("telltale.runtime.can_databases.MAX_DATABASE_BYTES", 500)
    with pytest.raises(TooLargeError):
        await kept.add("car.dbc", pieces(parts.CAR))
    monkeypatch.undo()
    monkeypatch.setattr("telltale.runtime.can_databases.MAX_KEPT", 0)
    with pytest.raises(StoreFullError, match="Remove one"):
        await kept.add("car.dbc", pieces(parts.CAR))
    assert list(tmp_path.iterdir()) == []


async def test_a_database_that_takes_for_ever_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telltale.formats.can.convert.MAX_SECONDS", 0.01)
    with pytest.raises(TooLargeError, match="takes longer than"):
        await CanDatabases(tmp_path).add("car.dbc", pieces(parts.CAR))
