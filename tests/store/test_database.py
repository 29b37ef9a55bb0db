"""Opening: damage, owners, old and new schemas, copies."""

import asyncio
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from telltale.errors import StoreError
from telltale.labels import Label, LabelKind
from telltale.store import migrate
from telltale.store.backup_folder import back_up, restore
from telltale.store.base import RangeQuery, Write
from telltale.store.sqlite import SQLiteStore
from tests.store.samples import event, opened, profile, ramp, same

EVERYTHING = RangeQuery("pump-1", 0, 2**62)
ROOT = Path(__file__).parents[2]


async def kept(folder: Path, n: int = 1_000) -> None:
    store = await opened(folder)
    await asyncio.wrap_future(store.submit(Write(profile(), ramp(n), (event(5),))))
    await store.close()


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE is POSIX")
def test_a_system_that_refuses_bytes_costs_only_those_writes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.store.filling_child", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    first, problem, last = done.stdout.splitlines()
    n_kept, n_failed = int(first.split()[0]), int(first.split()[2])
    assert n_kept > 0
    assert n_failed > 0
    assert n_kept + n_failed == 20
    assert "Nothing of this was kept" in problem
    assert last == "True None None"


async def test_a_damaged_database_is_put_aside_and_a_new_one_begun(tmp_path: Path) -> None:
    await kept(tmp_path)
    path = tmp_path / "telltale.db"
    content = bytearray(path.read_bytes())
    content[8192:16384] = b"\xff" * 8192
    path.write_bytes(bytes(content))
    store = await opened(tmp_path)
    problem = (await store.status()).problem
    assert problem is not None
    assert "was damaged" in problem
    assert len(await store.read(EVERYTHING)) == 0
    await asyncio.wrap_future(store.submit(Write(profile(), ramp(3))))
    await store.close()
    (aside,) = (tmp_path / "quarantine").rglob("telltale.db")
    assert aside.read_bytes() == bytes(content)


async def test_a_file_that_is_no_database_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / "telltale.db").write_text("time,value\n" * 2_000)
    store = await opened(tmp_path)
    assert "not a database" in str((await store.status()).problem)
    await store.close()


@pytest.mark.parametrize("name", ["owner.lock", "commits.lock"])
async def test_a_lock_that_cannot_be_opened_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(StoreError, match=f"{name} cannot be opened.*Check the rights"):
        await SQLiteStore(tmp_path).open()


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file/data cannot be made"):
        await SQLiteStore(tmp_path / "file" / "data").open()


async def test_a_backup_made_while_writing_restores_what_was_there(tmp_path: Path) -> None:
    folder, copy = tmp_path / "data", tmp_path / "copies" / "monday"
    await kept(folder)
    store = await opened(folder)
    label = await store.save_label(Label("pump-1", 1, 2, LabelKind.NORMAL))
    pending = store.submit(Write(profile(), ramp(1_000, start_s=1_000.0)))
    assert back_up(folder, copy) > 0
    with pytest.raises(StoreError, match="is there already"):
        back_up(folder, copy)
    await asyncio.wrap_future(pending)
    with pytest.raises(StoreError, match="in use"):
        restore(copy, folder)
    await store.close()
    assert restore(copy, folder) is not None
    await store.open()
    found = await store.read(EVERYTHING)
    assert same(found.rows(0, 1_000), ramp(1_000))
    assert await store.events() == [event(5)]
    assert await store.labels() == [label]
    await store.close()


async def test_a_broken_backup_is_not_restored(tmp_path: Path) -> None:
    await kept(tmp_path / "data")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "telltale.db").write_text("nothing" * 2_000)
    with pytest.raises(StoreError, match="cannot be restored"):
        restore(tmp_path / "bad", tmp_path / "data")
    with pytest.raises(StoreError, match="is not there"):
        restore(tmp_path / "nowhere", tmp_path / "data")
    store = await opened(tmp_path / "data")
    assert len(await store.read(EVERYTHING)) == 1_000
    await store.close()


def schema(path: Path) -> set[tuple[str, str, str]]:
    """Return all columns of all tables and indexes: name, type, and whether it may be NULL."""
    connection = sqlite3.connect(path)
    names = connection.execute("SELECT type, name FROM sqlite_master").fetchall()
    found = {
        (kind, name, str(connection.execute(f'PRAGMA {kind}_xinfo("{name}")').fetchall()))
        for kind, name in names
    }
    connection.close()
    return found


async def test_an_old_database_is_copied_and_migrated_to_what_a_new_one_is(
    tmp_path: Path,
) -> None:
    await (await opened(tmp_path / "new")).close()
    (tmp_path / "old").mkdir()
    old = sqlite3.connect(tmp_path / "old" / "telltale.db")
    old.execute("CREATE TABLE notes (text TEXT)")
    old.execute("INSERT INTO notes VALUES ('from before the first schema')")
    old.commit()
    old.close()
    store = await opened(tmp_path / "old")
    status = await store.status()
    assert f"was migrated from base to {migrate.HEAD}" in status.notes[0]
    assert status.problem is None
    await store.close()
    await kept(tmp_path / "old")
    new = schema(tmp_path / "new" / "telltale.db")
    assert len(new) >= 15
    assert new <= schema(tmp_path / "old" / "telltale.db")
    (copy,) = (tmp_path / "old" / "backups").iterdir()
    assert copy.name.startswith("telltale-base-")
    assert {name for _, name, _ in schema(copy)} == {"notes"}


async def test_a_database_of_a_newer_telltale_is_left_alone(tmp_path: Path) -> None:
    await kept(tmp_path)
    connection = sqlite3.connect(tmp_path / "telltale.db")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match=f"schema 9999, this telltale knows up to {migrate.HEAD}"):
        await SQLiteStore(tmp_path).open()
    assert not (tmp_path / "quarantine").exists()


def test_head_is_the_newest_migration() -> None:
    files = sorted((migrate.MIGRATIONS / "versions").glob("[0-9]*.py"))
    assert files[-1].name.partition("_")[0] == migrate.HEAD


def test_a_current_database_opens_quickly_without_sqlalchemy(tmp_path: Path) -> None:
    asyncio.run(kept(tmp_path))
    code = (
        "import asyncio, sys, pathlib\n"
        "from telltale.store.sqlite import SQLiteStore\n"
        "store = SQLiteStore(pathlib.Path(sys.argv[1]))\n"
        "asyncio.run(store.open())\n"
        "print(sorted({'sqlalchemy', 'alembic', 'duckdb'} & set(sys.modules)))\n"
        "asyncio.run(store.close())\n"
    )
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
    assert time.monotonic() - started < 5.0


async def test_a_copied_folder_is_a_store_of_its_own(tmp_path: Path) -> None:
    await kept(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    one, two = await opened(tmp_path / "one"), await opened(tmp_path / "two")
    assert same(await one.read(EVERYTHING), await two.read(EVERYTHING))
    await one.close()
    await two.close()
