"""A uvicorn server that says where it listens once it does (port 0 is known only then)."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn

from telltale.api.app import create_app
from telltale.errors import SettingsError
from telltale.runtime.core import Runtime

UPLOADS_FOLDER = "uploads"  # beside the data: the system's own may lie in memory
MAX_FILES = 16_384  # above every viewer and feed that the other bounds let in
GRACE_S = 3  # open requests and viewers get this long when the server stops


class AnnouncingServer(uvicorn.Server):
    """Calls `announce` with the address as soon as requests are answered.

    It leaves signals alone (uvicorn would raise them again when it has ended, in the middle of the
    runtime's last commit): whoever runs it decides, e.g. with `stopped_by_signals`.
    """

    def __init__(self, config: uvicorn.Config, announce: Callable[[str], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Bind, then announce the port that was really got."""
        await super().startup(sockets)
        if self.started:
            host, port, *_ = self.servers[0].sockets[0].getsockname()
            self._announce(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signals."""
        yield


@contextlib.contextmanager
def stopped_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """Let Ctrl+C and SIGTERM end the server, not interrupt what is being committed."""
    kinds = (signal.SIGINT, signal.SIGTERM)

    def stop(*_: object) -> None:
        server.should_exit = True  # once or twice: the end is bounded, and commits what was taken

    before = {kind: signal.signal(kind, stop) for kind in kinds}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


def allow_many_connections() -> None:
    """Raise the number of open files to what is permitted: many systems begin with 1,024 or 256."""
    try:
        import resource  # noqa: PLC0415 - not on Windows, which has no such limit
    except ModuleNotFoundError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):  # some systems permit less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def listening_socket(host: str, port: int) -> socket.socket:
    """Return a bound socket. Raises SettingsError saying what to do when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        advice = f"Stop what uses it, or add --port {port + 1}." if port else "Check --host."
        raise SettingsError(
            f"Cannot listen on {host} port {port}: {error.strerror}. {advice}"
        ) from None


def http_protocol() -> type[asyncio.Protocol] | str:
    """Return the bounded protocol; where httptools cannot be had, uvicorn's choice."""
    try:
        from telltale.api.http_protocol import BoundedProtocol  # noqa: PLC0415
    except ModuleNotFoundError:
        return "auto"
    return BoundedProtocol


def make_server(
    runtime: Runtime,
    data: Path,
    announce: Callable[[str], None],
) -> AnnouncingServer:
    """Return a server of one runtime, which the caller starts first and stops last."""
    config = uvicorn.Config(
        create_app(runtime, scratch=data / UPLOADS_FOLDER),
        http=http_protocol(),
        log_config=None,  # `set_up_logs` takes uvicorn's
        log_level="warning",
        access_log=False,
        ws_per_message_deflate=False,  # costs 64 KiB and much time per viewer
        timeout_graceful_shutdown=GRACE_S,
    )
    return AnnouncingServer(config, announce)
