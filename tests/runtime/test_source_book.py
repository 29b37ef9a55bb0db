"""Sources are set up, kept in a file that people may edit, tried out, and started again."""

from __future__ import annotations

import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.errors import SettingsError
from telltale.runtime.build import embedded_runtime
from telltale.runtime.core import Runtime
from telltale.runtime.source_book import SourceBook, SourceExistsError, UnknownSourceError
from telltale.runtime.source_file import Entry, read_entries, write_entry
from telltale.runtime.source_kinds import HIDDEN, kinds, without_secrets
from telltale.sources.base import SourceState
from tests.brokers import Peer, lasting_broker
from tests.waiting import until


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    made = embedded_runtime(tmp_path, is_learning=False)
    await made.start()
    await made.sources.start()
    yield made
    await made.stop()


def pump(**more: Any) -> dict[str, Any]:
    return {"machine": "p1", "simulator": "pump", **more}


async def test_what_is_set_up_runs_and_runs_again_after_a_restart(
    runtime: Runtime, tmp_path: Path
) -> None:
    placed = await runtime.sources.add("sim", "simulator", pump(rate_hz=50))
    assert placed.running is not None
    await until(lambda: runtime.machines() and runtime.machines()[0].rows > 5)
    again = SourceBook(runtime, tmp_path / "sources.toml")
    assert again.get("sim").entry == placed.entry
    await runtime.sources.change("sim", enabled=False)
    assert runtime.feeds.all() == []
    await runtime.sources.change("sim", settings={"rate_hz": 20, "seed": 3}, enabled=True)
    await until(lambda: runtime.feeds.all()[0].status.state is SourceState.LIVE)
    await runtime.sources.remove("sim")
    assert runtime.feeds.all() == []
    assert read_entries(tmp_path / "sources.toml") == {}


async def test_what_is_wrong_is_refused_whole_and_names_the_nearest(runtime: Runtime) -> None:
    book = runtime.sources
    for name, kind, settings, match in (
        ("a", "simulater", {}, "Did you mean 'simulator'"),
        ("a", "simulator", pump(rate_hs=1), r"sources.toml, \[a\]: .+Did you mean 'rate_hz'"),
        ("a", "simulator", {"simulator": "pump"}, "needs machine"),
        ("a", "simulator", pump(rate_hz=-1), r"\[a\]: .*rate_hz is -1"),
        ("a", "mqtt", {"topics": "a/{machine}", "password": "${NO_SUCH_ONE}"}, "NO_SUCH_ONE"),
        ("A b", "simulator", pump(), "cannot name a source"),
        ("a", "simulator", pump(profile="x"), "no setting 'profile'"),
    ):
        with pytest.raises(SettingsError, match=match):
            await book.add(name, kind, settings)
    assert book.all() == []
    await book.add("a", "simulator", pump())
    with pytest.raises(SourceExistsError):
        await book.add("a", "simulator", pump())
    with pytest.raises(UnknownSourceError, match="Known: a"):
        book.get("zzz")
    with pytest.raises(SettingsError):
        await book.change("a", settings={"rate_hz": "fast"})
    assert book.get("a").entry.settings == pump()


async def test_a_source_that_cannot_be_made_says_so_and_stops_no_other(tmp_path: Path) -> None:
    (tmp_path / "sources.toml").write_text(
        '[bad]\nkind = "simulator"\nmachine = "x"\nsimulator = "pimp"\n\n'
        '[good]\nkind = "simulator"\nmachine = "y"\nsimulator = "pump"\n'
    )
    runtime = embedded_runtime(tmp_path, is_learning=False)
    await runtime.start()
    await runtime.sources.start()
    bad, good = runtime.sources.all()
    assert "Did you mean 'pump'" in bad.problem
    assert good.running is not None
    await runtime.stop()


async def test_a_file_that_cannot_be_read_is_left_as_it_is(
    runtime: Runtime, tmp_path: Path
) -> None:
    (tmp_path / "sources.toml").write_text("[x\nkind = 1")
    book = SourceBook(runtime, tmp_path / "sources.toml")
    assert book.all() == []
    assert "line 1" in book.problem
    with pytest.raises(SettingsError, match="Then start telltale again"):
        await book.add("a", "simulator", pump())
    assert (tmp_path / "sources.toml").read_text() == "[x\nkind = 1"


def test_comments_and_other_tables_outlive_a_change(tmp_path: Path) -> None:
    file = tmp_path / "sources.toml"
    file.write_text(
        "# mine\n\n[one]  # the first\nkind = 'udp'\n\n[[one.list]]\nx = 1\n\n"
        "# about two\n[two]\nkind = 'udp'\nport = 5\n"
    )
    write_entry(file, "one", Entry("one", "udp", {"port": 7}))
    text = file.read_text()
    assert text == (
        "# mine\n\n[one]\nkind = \"udp\"\nport = 7\n\n# about two\n[two]\nkind = 'udp'\nport = 5\n"
    )
    write_entry(file, "one", None)
    assert file.read_text() == "# mine\n\n# about two\n[two]\nkind = 'udp'\nport = 5\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


PLAIN = st.one_of(st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=20),
                  st.floats(allow_nan=False, allow_infinity=False))  # fmt: skip
TABLES = st.dictionaries(
    st.text("abcdefgh_", min_size=1, max_size=6).filter(lambda k: k not in ("kind", "enabled")),
    st.one_of(
        PLAIN, st.lists(PLAIN, max_size=3), st.dictionaries(st.text(max_size=4), PLAIN, max_size=3)
    ),
    max_size=5,
)


@given(st.lists(st.tuples(st.sampled_from("abc"), TABLES, st.booleans()), max_size=4))
def test_what_is_written_reads_back_equal(
    tmp_path_factory: pytest.TempPathFactory, told: list[tuple[str, dict[str, Any], bool]]
) -> None:
    file = tmp_path_factory.mktemp("book") / "sources.toml"
    expected: dict[str, Entry] = {}
    for name, settings, enabled in told:
        expected[name] = Entry(name, "udp", settings, enabled)
        write_entry(file, name, expected[name])
    assert read_entries(file) == expected


def test_every_kind_has_settings_that_are_explained() -> None:
    found = {kind.kind: kind for kind in kinds()}
    assert {"mqtt", "mqtt_publish", "udp", "simulator", "watch_folder", "obd2"} <= set(found)
    assert "replay" not in found, "a recording fits in no file"
    for kind in found.values():
        assert kind.title
        for setting in kind.settings:
            assert setting.description, f"{kind.kind}.{setting.name}"
    topics, host, port, *_ = found["mqtt"].settings
    assert (topics.type, topics.required) == ("list", True)
    assert (host.type, host.default, port.type) == ("text", "127.0.0.1", "integer")
    assert next(one for one in found["mqtt"].settings if one.name == "password").secret


async def test_secrets_are_not_shown_and_stay_when_they_are_sent_back(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKER_WORD", "from outside")
    settings = {"topics": "a/{machine}", "port": 9}
    await runtime.sources.add("plain", "mqtt", {**settings, "password": "hush"}, enabled=False)
    await runtime.sources.add("other", "mqtt", {**settings, "password": "${BROKER_WORD}"})
    plain, other = (runtime.sources.get(name).entry for name in ("plain", "other"))
    key = "password"
    assert without_secrets(plain.settings)[key] == HIDDEN
    assert without_secrets(other.settings)[key] == "${BROKER_WORD}"
    await runtime.sources.change("plain", settings={key: HIDDEN, "port": 8})
    assert runtime.sources.get("plain").entry.settings[key] == "hush"
    assert plain.settings["client_id"].startswith("telltale-")


async def test_a_trial_shows_steps_and_readings_and_keeps_nothing(runtime: Runtime) -> None:
    trial = await runtime.sources.try_out("simulator", pump(rate_hz=50), seconds=5)
    assert trial.ok
    assert [step.step for step in trial.steps] == ["connect", "read"]
    assert trial.samples[0].machine == "p1"
    assert "bearing_temp_c" in trial.samples[0].values
    assert runtime.machines() == []
    assert runtime.feeds.all() == []


async def test_a_trial_of_a_running_mqtt_source_takes_nothing_from_it(runtime: Runtime) -> None:
    settings = {"topics": "trial/{machine}/{channel}", "port": lasting_broker().port}
    await runtime.sources.add("plant", "mqtt", settings)
    peer = Peer(lasting_broker().port)
    peer.publish("trial/p1/temp_c", "20.5", retain=True)
    entry = runtime.sources.get("plant").entry
    trial = await runtime.sources.try_out("mqtt", entry.settings, seconds=1, name="plant")
    assert trial.samples[0].values == {"temp_c": 20.5}
    peer.publish("trial/p1/temp_c", "21.5")
    await until(lambda: runtime.machines() and runtime.machines()[0].rows == 2)
    peer.publish("trial/p1/temp_c", b"", retain=True)
    peer.leave()


async def test_a_trial_says_which_step_fails(runtime: Runtime) -> None:
    dead = await runtime.sources.try_out("mqtt", {"topics": "a/{machine}", "port": 9}, seconds=2)
    assert not dead.ok
    assert "cannot be reached" in dead.steps[0].text
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    silent = await runtime.sources.try_out("udp", {"port": port}, seconds=0.3)
    assert [step.ok for step in silent.steps] == [True, False]
    assert "nothing came within 0.3 s" in silent.steps[1].text
    with pytest.raises(SettingsError, match="gives readings out"):
        await runtime.sources.try_out("mqtt_publish", {}, seconds=1)
