"""`telltale source`: set up, tried, listed and removed, with a server and without."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest

from tests.brokers import Peer, lasting_broker
from tests.cli.conftest import Run, Served, until


def test_what_is_set_up_without_a_server_runs_with_the_next(
    run: Run, start: Callable[..., Served]
) -> None:
    port = lasting_broker().port
    said = run("source", "add", "plant", "mqtt", "--set", f"port={port}", "--set",
               "topics=cli/{machine}/{channel}").stdout  # fmt: skip
    assert said.startswith("plant (mqtt): not running.")
    assert "plant  mqtt  not running" in run("source").stdout
    served = start("serve", "--udp-port", 0)
    until(lambda: served.get("/api/v1/sources")["entries"][0]["source"]["state"] == "live")
    peer = Peer(port)
    peer.publish("cli/p1/temp_c", "21.5")
    until(lambda: served.get("/api/v1/machines")["machines"])
    listed = json.loads(run("source", "list", "--json").stdout)
    (entry,) = listed["entries"]
    assert (entry["source"]["state"], entry["source"]["rows"]) == ("live", 1)
    assert listed["sources"][0]["entry"] == "plant"
    assert "plant (mqtt): off." in run("source", "change", "plant", "--off").stdout
    assert run("source", "remove", "plant").stdout == "Removed plant.\n"
    peer.leave()


def test_a_trial_prints_steps_and_readings_and_saves_nothing(run: Run) -> None:
    done = run("source", "test", "try", "--kind", "simulator", "--set", "machine=007", "--set",
               "simulator=pump", "--set", "rate_hz=50")  # fmt: skip
    assert "ok   connect: Simulated: Industrial pump, 50 Hz." in done.stdout
    assert " 007: motor_speed_rpm" in done.stdout, "text stays text"
    assert done.stdout.endswith("Nothing was saved.\n")
    failed = run("source", "test", "try", "--kind", "mqtt", "--set", "port=9", "--set",
                 "topics=a/{machine}", check=False)  # fmt: skip
    assert failed.returncode == 1
    assert "FAIL connect: 127.0.0.1:9 cannot be reached" in failed.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("add", "a", "mqqt"), "Did you mean 'mqtt'"),
        (("add", "a", "udp", "--set", "prot=5"), "no setting 'prot'. Did you mean 'port'"),
        (("add", "a", "udp", "--set", "port"), "Write --set KEY=VALUE"),
        (("remove", "a"), "No source 'a' is set up"),
    ],
)
def test_what_cannot_be_done_ends_in_a_sentence(
    run: Run, arguments: tuple[str, ...], sentence: str
) -> None:
    done = run("source", *arguments, check=False)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_kinds_and_their_settings_are_listed(run: Run) -> None:
    assert "mqtt_publish" in run("source", "kinds").stdout
    shown = run("source", "kinds", "mqtt").stdout
    assert "topics" in shown
    assert "needed" in shown


def test_the_api_sets_up_changes_and_removes(start: Callable[..., Served]) -> None:
    served = start("serve", "--udp-port", 0)
    new = {"name": "sim", "kind": "simulator", "settings": {"machine": "m", "simulator": "pump"}}
    assert served.post("/api/v1/sources", new)["source"]["state"] == "live"
    with pytest.raises(urllib.error.HTTPError, match="409"):
        served.post("/api/v1/sources", new)
    asked = {"name": "sim", "seconds": 1}
    with pytest.raises(urllib.error.HTTPError, match="422"):
        served.post("/api/v1/sources/test", asked)
    kinds = served.get("/api/v1/source-kinds")["kinds"]
    assert {"kind", "title", "extra", "installed", "settings"} <= set(kinds[0])
    changed = send(served, "PATCH", "sim", {"enabled": False})
    assert changed is not None
    assert changed["source"] is None
    assert served.get("/api/v1/sources/sim")["enabled"] is False
    assert send(served, "DELETE", "sim", None) is None
    with pytest.raises(urllib.error.HTTPError, match="404"):
        served.get("/api/v1/sources/sim")


def send(served: Served, method: str, name: str, body: object) -> dict[str, object] | None:
    request = urllib.request.Request(
        f"{served.url}/api/v1/sources/{name}",
        method=method,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        text = answer.read()
        found: dict[str, object] | None = json.loads(text) if text else None
        return found
