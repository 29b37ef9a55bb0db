"""`telltale watch FOLDER`: what is there is read as an import reads it, then what is written."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Run, Served, until


def log(n: int) -> str:
    return "t [s],oil [°C]\n" + "".join(f"{i},{80 + i / 10}\n" for i in range(n))


def rows(served: Served, machine: str) -> int:
    found = {m["id"]: m["rows"] for m in served.get("/api/v1/machines")["machines"]}
    return int(found.get(machine, 0))


def test_a_folder_is_read_followed_and_taken_up_where_it_was_left(
    start: Callable[..., Served], tmp_path: Path
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "drive.csv").write_text(log(50), encoding="utf-8")
    (folder / "letter.txt").write_text("Dear reader,\nthis is a letter\n")
    served = start("watch", folder)
    until(lambda: rows(served, "drive") == 50)
    profile = served.get("/api/v1/profiles/drive")
    assert {name: c["unit"] for name, c in profile["channels"].items()} == {"oil_c": "degC"}
    until(
        lambda: "letter.txt has no column" in served.get("/api/v1/sources")["sources"][0]["detail"]
    )
    before = served.get("/api/v1/machines/drive")
    assert 0 <= before["age_s"] < 60  # the clock counts from 0, and ended when the file was written
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(20) == 0
    assert sorted(path.name for path in folder.iterdir()) == ["drive.csv", "letter.txt"]
    with (folder / "drive.csv").open("a") as file:
        file.write("50,85\n51,85.1\n")
    again = start("watch", folder)
    until(lambda: rows(again, "drive") == 52)
    after = again.get("/api/v1/machines/drive")
    assert after["last_time_ns"] - before["last_time_ns"] == 2 * 10**9


def test_only_what_is_new_is_taken_if_asked(
    start: Callable[..., Served], run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "old.csv").write_text("time,oil_c\n1763712000,80\n")
    served = start("watch", folder, "--only-new")
    (folder / "new.csv").write_text("time,oil_c\n1763712000,80\n1763712001,81\n")
    until(lambda: rows(served, "new") == 2)
    assert rows(served, "old") == 0


def test_a_file_that_cannot_be_read_is_told_in_one_sentence_and_nothing_is_served(
    run: Run, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "drive.log").write_bytes(bytes(range(256)) * 20)
    done = run("watch", "drive.log", "--port", 0, "--no-browser", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("telltale: drive.log is binary, not text.")
    assert done.stderr.count("\n") == 1
    assert not data.exists()
