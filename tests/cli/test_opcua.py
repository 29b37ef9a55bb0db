"""`telltale opcua`: looks at a real server, makes a certificate."""

from __future__ import annotations

import json
from pathlib import Path

from cryptography import x509

from tests.cli.conftest import Run
from tests.opc_ua_server import lasting_url


def test_browsing_lists_paths_ids_and_values(run: Run) -> None:
    said = run("opcua", "browse", lasting_url()).stdout
    (line,) = [line for line in said.splitlines() if line.startswith("Plant/Pump3/flow")]
    assert line.split() == ["Plant/Pump3/flow", "ns=2;s=Pump3.flow", "Double", "12.5"]
    cut = run("opcua", "browse", lasting_url(), "--limit", "5").stdout
    assert "There is more" in cut


def test_browsing_from_a_node_goes_to_scripts(run: Run) -> None:
    whole = json.loads(run("opcua", "browse", lasting_url(), "--json").stdout)
    (pump,) = [one for one in whole if one["path"] == "Plant/Pump3"]
    below = json.loads(
        run("opcua", "browse", lasting_url(), "--node", pump["node_id"], "--json").stdout
    )
    by_path = {one["path"]: one for one in below}
    assert by_path["running"]["value"] == "true"
    assert by_path["phases"]["kind"] == "Double[3]"


def test_a_server_that_is_not_there_is_told_in_a_sentence(run: Run) -> None:
    done = run("opcua", "browse", "opc.tcp://127.0.0.1:9", check=False)
    assert done.returncode == 1
    assert "nothing answers there" in done.stderr
    assert "Traceback" not in done.stderr
    wrong = run("opcua", "browse", "http://127.0.0.1:9", check=False)
    assert "Give opc.tcp://HOST:PORT" in wrong.stderr


def test_a_certificate_is_made_once_and_its_key_is_ones_own(run: Run, tmp_path: Path) -> None:
    run("opcua", "certificate", "own")
    made = (tmp_path / "own" / "telltale.der").read_bytes()
    names = x509.load_der_x509_certificate(made).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    uris = names.value.get_values_for_type(x509.UniformResourceIdentifier)
    assert uris == ["urn:telltale:client"]
    assert (tmp_path / "own" / "telltale.pem").stat().st_mode & 0o077 == 0
    run("opcua", "certificate", "own")
    assert (tmp_path / "own" / "telltale.der").read_bytes() == made
