"""Commands do what they say, with and without a server, and fail with a sentence."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Served, until

LOG = "time;Oil Temp [°C];Oil Pressure [bar]\n" + "".join(
    f"2026-01-02 10:00:{s:02d};{80 + s / 10:.1f};{4.0 + s / 100:.2f}\n" for s in range(60)
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "kiln.csv"
    path.write_text(LOG, encoding="utf-8")
    return path


def test_import_without_a_server_keeps_every_row_once(run: Run, log: Path) -> None:
    for _ in range(2):
        (job,) = json.loads(run("import", log, "--json").stdout)
        assert (job["state"], job["rows"], job["rejected"]) == ("done", 60, 0)
    (machine,) = json.loads(run("machines", "--json").stdout)
    assert (machine["id"], machine["last_time_ns"]) == ("kiln", 1_767_348_059_000_000_000)
    (session,) = json.loads(run("sessions", "--json").stdout)
    assert session["rows"] == 60


def test_import_goes_to_the_server_that_owns_the_folder(
    run: Run, log: Path, start: Callable[..., Served]
) -> None:
    served = start("serve", "--udp-port", 0)
    run("import", log)
    assert [m["id"] for m in served.get("/api/v1/machines")["machines"]] == ["kiln"]


def test_export_gives_back_what_was_imported(run: Run, log: Path, tmp_path: Path) -> None:
    run("import", log)
    run("export", "kiln", tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 61
    assert "80.0" in lines[1]
    assert "4.59" in lines[-1]


def test_an_inferred_profile_passes_its_own_check(run: Run, log: Path, tmp_path: Path) -> None:
    run("profile", "infer", log, "--out", tmp_path / "kiln.toml")
    text = (tmp_path / "kiln.toml").read_text(encoding="utf-8")
    assert "[channels.oil_temp_c]" in text
    assert "2 channels" in run("profile", "check", tmp_path / "kiln.toml").stdout


def test_a_profile_of_a_file_named_by_a_number_is_named_after_its_folder_too(
    run: Run, log: Path, tmp_path: Path
) -> None:
    (tmp_path / "valve1").mkdir()
    log.rename(tmp_path / "valve1" / "0.csv")
    assert run("profile", "infer", "valve1/0.csv").stdout.startswith('title = "Valve1-0"')


def test_an_inferred_profile_is_not_written_over_a_file_unasked(
    run: Run, log: Path, tmp_path: Path
) -> None:
    out = tmp_path / "kiln.toml"
    out.write_text("mine", encoding="utf-8")
    done = run("profile", "infer", log, "--out", out, check=False)
    assert done.returncode == 2
    assert "--force" in done.stderr
    assert out.read_text(encoding="utf-8") == "mine"
    run("profile", "infer", log, "--out", out, "--force")
    assert "[channels.oil_temp_c]" in out.read_text(encoding="utf-8")


def test_a_profile_is_shown_as_a_file_that_passes_the_check(run: Run, tmp_path: Path) -> None:
    shown = tmp_path / "my_pump.toml"
    shown.write_text(run("profile", "show", "industrial_pump").stdout, encoding="utf-8")
    assert "10 channels" in run("profile", "check", shown).stdout
    as_json = json.loads(run("profile", "show", "industrial_pump", "--json").stdout)
    assert as_json["channels"]["bearing_temp_c"]["unit"] == "degC"
    missing = run("profile", "show", "industrial_pmp", check=False)
    assert missing.returncode == 1
    assert "Did you mean 'industrial_pump'?" in missing.stderr


def test_a_broken_profile_is_refused_with_file_and_line(
    run: Run, log: Path, tmp_path: Path
) -> None:
    run("profile", "infer", log, "--out", tmp_path / "kiln.toml")
    broken = (tmp_path / "kiln.toml").read_text(encoding="utf-8").replace("range =", "rnage =", 1)
    (tmp_path / "kiln.toml").write_text(broken, encoding="utf-8")
    line = 1 + broken[: broken.index("rnage =")].count("\n")
    done = run("profile", "check", tmp_path / "kiln.toml", check=False)
    assert done.returncode == 1
    assert f"kiln.toml:{line}" in done.stderr
    assert "range" in done.stderr


def test_machines_can_be_renamed(run: Run, log: Path) -> None:
    run("import", log)
    run("machines", "change", "kiln", "--title", "Kiln 1", "--place", "hall C")
    (machine,) = json.loads(run("machines", "--json").stdout)
    assert (machine["title"], machine["place"]) == ("Kiln 1", "hall C")


def test_a_replay_whose_command_is_terminated_does_not_play_on(
    run: Run, log: Path, start: Callable[..., Served], data: Path
) -> None:
    served = start("serve", "--udp-port", 0)
    run("import", log)
    (session,) = json.loads(run("sessions", "--json").stdout)
    command = [sys.executable, "-m", "telltale", "replay", session["id"], "--data", str(data)]
    with subprocess.Popen([*command, "--loop"], stdout=subprocess.DEVNULL) as playing:
        until(lambda: served.get("/api/v1/replays")["replays"])
        time.sleep(0.3)  # the command has its answer by now
        playing.terminate()
        playing.wait(20)
    assert served.get("/api/v1/replays") == {"replays": []}


def test_sessions_can_be_named(run: Run, log: Path) -> None:
    run("import", log)
    (session,) = json.loads(run("sessions", "--json").stdout)
    run("sessions", "name", session["id"], "first firing")
    (session,) = json.loads(run("sessions", "--json").stdout)
    assert session["title"] == "first firing"


def test_machines_and_recordings_can_be_removed(run: Run, log: Path) -> None:
    run("import", log, "--machine", "fan 2")
    run("import", log)
    (session,) = json.loads(run("sessions", "--machine", "fan 2", "--json").stdout)
    asked = run("sessions", "remove", session["id"], check=False)
    assert asked.returncode != 0
    assert "60 readings" in asked.stderr
    assert "Removed" in run("sessions", "remove", session["id"], "--yes").stdout
    assert json.loads(run("sessions", "--machine", "fan 2", "--json").stdout) == []
    removed = json.loads(run("machines", "remove", "fan 2", "--yes", "--json").stdout)
    assert removed == {"removed": "fan 2", "rows": 0}
    assert [m["id"] for m in json.loads(run("machines", "--json").stdout)] == ["kiln"]
    assert "fan 2" in run("machines", "remove", "fan 2", "--yes", check=False).stderr


def test_a_recording_can_be_replayed_as_another_machine(run: Run, log: Path) -> None:
    run("import", log)
    (session,) = json.loads(run("sessions", "--json").stdout)
    ended = json.loads(run("replay", session["id"], "--speed", "0", "--json").stdout)
    assert ended["rows"] == 60
    machines = json.loads(run("machines", "--json").stdout)
    assert {m["id"]: m["rows"] for m in machines} == {"kiln": 60, "kiln-replay": 60}


def test_a_backup_can_be_restored_elsewhere(run: Run, log: Path, tmp_path: Path) -> None:
    run("import", log)
    run("db", "backup", tmp_path / "copy")
    other = tmp_path / "other"
    run("db", "restore", tmp_path / "copy", "--data", other, "--yes")
    (machine,) = json.loads(run("machines", "--data", other, "--json").stdout)
    assert machine["rows"] == 60
    assert "sound" in run("db", "check", "--data", other).stdout


def test_the_doctor_finds_this_installation_well(run: Run) -> None:
    findings = json.loads(run("doctor", "--json").stdout)
    assert {f["check"] for f in findings} >= {"Python", "SQLite", "page", "profiles", "data folder"}
    assert not [f for f in findings if f["verdict"] == "bad"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["imprt"], "Did you mean 'import'"),
        (["export", "nobody"], "No machine has the id 'nobody'"),
        (["serve", "--host", "0.0.0.0"], "--open-to-network"),
        (["db", "check", "--data", "nowhere"], "is not there"),
        (["replay", "nobody/1"], "nobody"),
    ],
)
def test_a_mistake_ends_in_one_sentence_and_an_exit_code(
    run: Run, log: Path, arguments: list[str], says: str
) -> None:
    run("import", log)
    done = run(*arguments, check=False)
    assert done.returncode in {1, 2}
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_holds_no_readings_is_named_with_the_reason(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("", encoding="utf-8")
    done = run("import", tmp_path / "empty.csv", check=False)
    assert done.returncode == 1
    assert "empty" in done.stderr
    assert "Traceback" not in done.stderr
