"""A real OPC UA server for tests, in a process of its own that can be killed, and a way to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from tests.docs_pages import ROOT, free_port

URI = "http://telltale.example/plant"


@dataclass(slots=True)
class ServerProcess:
    """A server that runs; commands go in by its standard input, one JSON line each."""

    url: str
    port: int
    process: subprocess.Popen[str]

    def do(self, **command: Any) -> None:
        """Have it do something, and wait until it is done."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline().strip() == "done"

    def write(self, name: str, value: Any, **more: Any) -> None:
        """Set a node's value; `status` and `time_s` as `command` says."""
        self.do(name=name, value=value, **more)

    def kill(self) -> None:
        """Take its power away."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10.0)


@contextmanager
def server(port: int = 0, *arguments: str) -> Iterator[ServerProcess]:
    """Start a server and give it; it is killed at the end."""
    where = port or free_port(socket.SOCK_STREAM)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.opc_ua_server", str(where), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env=os.environ,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "listening"
        yield ServerProcess(f"opc.tcp://127.0.0.1:{where}/plant", where, process)
    finally:
        process.kill()
        process.wait(10.0)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


@cache
def lasting() -> ServerProcess:
    """Return a server that answers until the tests end; its `ticks` change all the time."""
    started = contextlib.ExitStack()
    running = started.enter_context(server(0, "--ticking"))
    _lasting.append(started)
    return running


def lasting_url() -> str:
    """Return where it answers."""
    return lasting().url


_lasting: list[contextlib.ExitStack] = []  # ends with the tests' process, whose pipes then close


@dataclass(slots=True)
class Way:
    """A way to a server that can be made to swallow what is sent.

    Attributes:
        port: Where it begins.
        swallows: While set, nothing is passed on in either direction; nothing is closed.
    """

    port: int = 0
    swallows: bool = False
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


@asynccontextmanager
async def way_to(port: int) -> AsyncIterator[Way]:
    """Give a way over loopback to a port."""
    way = Way()
    writers: list[asyncio.StreamWriter] = []

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                if not way.swallows:
                    writer.write(data)
                    await writer.drain()
        writer.close()

    async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        writers.extend((writer, back))
        for ends in ((reader, back), (there, writer)):
            task = asyncio.create_task(carry(*ends))
            way.tasks.add(task)

    listener = await asyncio.start_server(joined, "127.0.0.1", 0)
    way.port = listener.sockets[0].getsockname()[1]
    try:
        yield way
    finally:
        listener.close()
        for writer in writers:
            writer.close()
        for task in way.tasks:
            task.cancel()
        await asyncio.gather(*way.tasks, return_exceptions=True)


# The server's own process, from here on.


async def main(port: int, arguments: list[str]) -> None:
    """Serve a plant until killed."""
    from asyncua import ua  # noqa: PLC0415 - only in the server's process
    from asyncua.server.server import Server  # noqa: PLC0415

    users = json.loads(arguments[arguments.index("--users") + 1]) if "--users" in arguments else {}
    plant = Server(user_manager=Users(users) if users else None)  # type: ignore[arg-type]
    await plant.init()
    plant.set_endpoint(f"opc.tcp://127.0.0.1:{port}/plant")
    if "--certificate" in arguments:
        folder = Path(arguments[arguments.index("--certificate") + 1])
        await plant.set_application_uri("urn:telltale:test:server")
        await plant.load_certificate(str(folder / "server.der"))
        await plant.load_private_key(str(folder / "server.pem"))
        plant.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
    else:
        plant.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    nodes = await build(plant)
    async with plant:
        print("listening", flush=True)  # noqa: T201 - the test waits for it
        ticking = asyncio.create_task(tick(nodes["ticks"])) if "--ticking" in arguments else None
        await obey(nodes)
        if ticking is not None:
            ticking.cancel()


class Users:
    """Lets in who is in a table of name and password."""

    def __init__(self, table: dict[str, str]) -> None:
        self._table = table

    def get_user(
        self,
        iserver: Any,
        username: str | None = None,
        password: str | None = None,
        certificate: Any = None,
    ) -> Any:
        """Return the user, or None."""
        from asyncua.crypto.permission_rules import User, UserRole  # noqa: PLC0415

        good = username is not None and self._table.get(username) == password
        return User(role=UserRole.User) if good else None


async def build(plant: Any) -> dict[str, Any]:
    """Make a pump with values of every kind, in folders; return the nodes by name."""
    from asyncua import ua  # noqa: PLC0415

    at = await plant.register_namespace(URI)
    folder = await plant.nodes.objects.add_folder(at, "Plant")
    pump = await folder.add_object(at, "Pump3")
    other = await folder.add_object(at, "Pump4")
    mode = await plant.nodes.enum_data_type.add_data_type(at, "PumpMode")
    names = [ua.LocalizedText(word) for word in ("off", "manual", "automatic")]
    strings = await mode.add_property(0, "EnumStrings", names)
    await strings.set_modelling_rule(True)
    types = ua.VariantType
    values: dict[str, tuple[Any, Any]] = {
        "flow": (12.5, types.Double),
        "running": (True, types.Boolean),
        "starts": (7, types.UInt32),
        "product": ("milk", types.String),
        "phases": ([1.0, 2.0, 3.0], types.Double),
        "big": ([0.5] * 100, types.Double),
        "since": (datetime(2026, 1, 1, tzinfo=UTC), types.DateTime),
        "ticks": (0, types.Int64),
    }
    nodes = {
        name: await pump.add_variable(f"ns={at};s=Pump3.{name}", f"{at}:{name}", value, kind)
        for name, (value, kind) in values.items()
    }
    nodes["mode"] = await pump.add_variable(
        f"ns={at};s=Pump3.mode", f"{at}:mode", 2, types.Int32, datatype=mode.nodeid
    )
    nodes["other"] = await other.add_variable(f"ns={at};s=Pump4.flow", f"{at}:flow", 3.25)
    unit = ua.EUInformation(DisplayName=ua.LocalizedText("l/min"), UnitId=19_527)
    await nodes["flow"].add_property(0, "EngineeringUnits", unit)
    return nodes


async def tick(node: Any) -> None:
    """Count, 50 times a second."""
    from asyncua import ua  # noqa: PLC0415

    count = 0
    while True:
        count += 1
        await node.write_value(ua.Variant(count, ua.VariantType.Int64))
        await asyncio.sleep(0.02)


async def obey(nodes: dict[str, Any]) -> None:
    """Do what comes on standard input: {"name", "value", "status", "time_s"}."""
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        await set_value(nodes[command["name"]], command)
        print("done", flush=True)  # noqa: T201 - the test waits for it


async def set_value(node: Any, command: dict[str, Any]) -> None:
    """Set a value with its status and source time; None leaves the source time out."""
    from asyncua import ua  # noqa: PLC0415
    from asyncua.ua.attribute_ids import AttributeIds  # noqa: PLC0415
    from asyncua.ua.status_codes import StatusCodes  # noqa: PLC0415

    moment_s = command.get("time_s", time.time())
    source = None if moment_s is None else datetime.fromtimestamp(moment_s, UTC)
    kind = await node.read_data_type_as_variant_type()
    value = ua.DataValue(
        ua.Variant(command["value"], kind),
        ua.StatusCode(getattr(StatusCodes, command.get("status", "Good"))),
        SourceTimestamp=source,  # type: ignore[arg-type]  # its DateTime is a datetime
    )
    await node.write_attribute(AttributeIds.Value, value)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2:]))
