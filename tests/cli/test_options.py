"""Options mean the same wherever they stand; commands answer scripts; looking makes no folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from telltale.cli.main import COMMANDS, cli
from tests.cli.conftest import Run, Served
from tests.test_docs import commands

# they do one thing, and say in a line that it is done
TELL_NOTHING = {"obd clear", "obd simulate", "opcua certificate"}


def test_every_command_answers_scripts() -> None:
    context = click.Context(cli)
    profile = cli.get_command(context, "profile")
    groups = {name for name, command in commands().items() if isinstance(command, click.Group)}
    assert groups == {
        *("machines", "models", "sessions", "db", "profile"),
        *("source", "obd", "modbus", "opcua"),
    }
    assert profile is not None
    silent = {
        typed
        for typed, command in commands().items()
        if not any("--json" in option.opts for option in command.params)
    }
    leading_on = {"modbus", "obd", "opcua"}  # their sub-commands answer
    assert {
        typed for typed in silent if not typed.startswith("profile")
    } - leading_on == TELL_NOTHING
    assert set(COMMANDS) <= set(commands())


@pytest.mark.parametrize("place", range(3))
def test_options_of_a_group_may_stand_anywhere(run: Run, tmp_path: Path, place: int) -> None:
    (tmp_path / "kiln.csv").write_text("time,oil_temp_c\n1763712000,80\n")
    other = tmp_path / "other"
    run("import", tmp_path / "kiln.csv", "--data", other)
    words: list[object] = ["machines", "show", "kiln"]
    words[place + 1 : place + 1] = ["--data", other, "--json"]
    assert json.loads(run(*words).stdout)["id"] == "kiln"


@pytest.mark.parametrize(
    "words",
    [
        ["machines"],
        ["machines", "show", "kiln"],
        ["sessions"],
        ["sessions", "name", "kiln/1", "x"],
        ["export", "kiln"],
        ["replay", "kiln/1"],
        ["db", "check"],
        ["db", "status"],
        ["doctor"],
    ],
    ids=" ".join,
)
def test_a_command_that_looks_makes_no_folder(run: Run, data: Path, words: list[str]) -> None:
    done = run(*words, check=False)
    assert not data.exists()
    assert "Traceback" not in done.stderr
    if words != ["doctor"]:
        assert done.returncode == 1
        assert "is not there" in done.stderr


def test_changes_and_checks_answer_scripts(run: Run, tmp_path: Path, data: Path) -> None:
    (tmp_path / "kiln.csv").write_text("time,oil_temp_c\n1763712000,80\n")
    run("import", tmp_path / "kiln.csv")
    changed = json.loads(run("machines", "change", "kiln", "--title", "Kiln 1", "--json").stdout)
    assert changed["title"] == "Kiln 1"
    (session,) = json.loads(run("sessions", "--json").stdout)
    named = json.loads(run("sessions", "name", session["id"], "first", "--json").stdout)
    assert named["title"] == "first"
    checked = json.loads(run("db", "check", "--json").stdout)
    assert (checked["sound"], checked["damage"]) == (True, None)
    backup = json.loads(run("db", "backup", tmp_path / "copy", "--json").stdout)
    assert backup["bytes"] > 0
    restored = json.loads(
        run("db", "restore", tmp_path / "copy", "--data", tmp_path / "again", "--yes", "--json")
        .stdout
    )  # fmt: skip
    assert restored["aside"] is None
    assert json.loads(run("db", "archive", "--before", "2026-01-31", "--json").stdout)["moved"] == 1


def test_a_mistake_is_told_in_commands_not_in_routes(run: Run, tmp_path: Path) -> None:
    (tmp_path / "kiln.csv").write_text("time,oil_temp_c\n1763712000,80\n")
    run("import", tmp_path / "kiln.csv")
    for words in (["replay", "nobody/1"], ["sessions", "name", "nobody/1", "x"]):
        done = run(*words, check=False)
        assert done.returncode == 1
        assert "`telltale sessions`" in done.stderr
        assert "GET /" not in done.stderr


def test_a_server_says_where_it_is_to_scripts(start: Callable[..., Served], data: Path) -> None:
    served = start("serve", "--udp-port", 0, "--json")
    assert served.data == data
    assert served.get("/healthz")


def test_a_telltale_with_another_folder_is_pointed_at(
    start: Callable[..., Served], run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = start("serve", "--udp-port", 0)
    monkeypatch.setenv("TELLTALE_PORT", served.url.rpartition(":")[2])
    done = run("machines", "--data", tmp_path / "nothing", check=False)
    assert done.returncode == 1
    assert f"The telltale at {served.url} keeps its readings elsewhere" in done.stderr
    assert "--data" in done.stderr
