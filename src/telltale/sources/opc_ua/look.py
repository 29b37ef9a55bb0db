"""Shows what an OPC UA server holds: for a command or a page in which one picks nodes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from asyncua import ua

from telltale.errors import SettingsError
from telltale.sources.opc_ua.browse import MAX_DEPTH, OBJECTS, Browsed, walk
from telltale.sources.opc_ua.connect import APPLICATION_URI, Connection
from telltale.sources.opc_ua.login import Login
from telltale.sources.opc_ua.nodes import is_node_id
from telltale.sources.opc_ua.session import namespaces_of, parsed, read
from telltale.sources.opc_ua.values import shown_value

CERTIFICATE, KEY = "telltale.der", "telltale.pem"


@dataclass(frozen=True, slots=True)
class Entry:
    """One node: where it lies, how settings name it, and what it holds if it is a variable.

    Attributes:
        path: Browse names below the start, joined by /.
        node_id: For the setting `nodes`.
        is_variable: It can be read.
        value, kind, status: Of a variable, as text.
    """

    path: str
    node_id: str
    is_variable: bool
    value: str = ""
    kind: str = ""
    status: str = ""


async def look(
    login: Login,
    *,
    node: str = OBJECTS,
    max_depth: int = MAX_DEPTH,
    max_nodes: int = 1_000,
    timeout_s: float = 4.0,
) -> list[Entry]:
    """Connect, return what is below a node in the order of its paths, and disconnect.

    Raises:
        SettingsError: `node` is no node id.
        SourceUnavailableError: The server does not answer, or refuses.
    """
    if not is_node_id(node):
        raise SettingsError(f"{node!r} is no node id. Give one such as ns=2;s=Pump, or i=85.")
    connection = Connection(login, timeout_s=timeout_s, watch_s=60.0)
    await connection.open()
    try:
        start = parsed(node, await namespaces_of(connection)).to_string()
        found = [
            one async for one in walk(connection, start, max_depth=max_depth, max_nodes=max_nodes)
        ]
        return await _with_values(connection, sorted(found, key=lambda one: one.path))
    finally:
        await connection.close()


async def _with_values(connection: Connection, found: list[Browsed]) -> list[Entry]:
    variables = [ua.NodeId.from_string(one.node_id) for one in found if one.is_variable]
    values = iter(await read(connection, variables))
    entries: list[Entry] = []
    for one in found:
        said = shown_value(next(values)) if one.is_variable else ("", "", "")
        entries.append(Entry("/".join(one.path), one.node_id, one.is_variable, *said))
    return entries


async def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate and its key in a folder; those that are there and valid are kept.

    Returns:
        The certificate's file, which the server has to trust, and the key's, which stays secret.
    """
    client = Connection(Login("opc.tcp://localhost"), timeout_s=1.0, watch_s=60.0).client
    client.application_uri = APPLICATION_URI
    certificate, key = folder / CERTIFICATE, folder / KEY
    await client.setup_self_signed_certificate(key, certificate)
    key.chmod(0o600)
    return certificate, key
