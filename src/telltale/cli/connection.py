"""How commands reach telltale: the server that owns the data folder, or one of their own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from telltale.cli.address_file import answers, running_server
from telltale.cli.options import DEFAULT_HOST, DEFAULT_PORT
from telltale.errors import StoreError, TelltaleError

if TYPE_CHECKING:
    from telltale.runtime.core import Runtime

TIMEOUT_S = 60.0
COMMANDS = {"GET /sessions": "`telltale sessions`"}  # what the API tells to ask, as commands
Json = Any  # what an API answer holds is checked where it is shown


class ApiError(TelltaleError):
    """The API refused; the message is its `detail`."""


class Client:
    """Speaks `/api/v1` with one server.

    Attributes:
        url: Where it is, e.g. "http://127.0.0.1:8000".
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str, **query: object) -> Json:
        """Return the answer to GET. Raises ApiError."""
        with self._open("GET", path, query) as answer:
            return json.load(answer)

    def send(self, method: str, path: str, body: object = None, **query: object) -> Json:
        """Send a JSON body and return the answer. Raises ApiError."""
        data = json.dumps(body).encode() if body is not None else None
        with self._open(method, path, query, data) as answer:
            text = answer.read()
            return json.loads(text) if text else None

    def upload(self, path: str, file: Path, **query: object) -> Json:
        """Send a file as the body, never whole in memory. Raises ApiError."""
        with file.open("rb") as body:
            headers = {"Content-Length": str(file.stat().st_size)}
            with self._open("POST", path, query, body, headers) as answer:
                return json.load(answer)

    def download(self, path: str, **query: object) -> IO[bytes]:
        """Return the answer to GET as an open stream. Raises ApiError."""
        return self._open("GET", path, query)

    def _open(
        self,
        method: str,
        path: str,
        query: dict[str, object],
        body: bytes | IO[bytes] | None = None,
        headers: dict[str, str] | None = None,
    ) -> IO[bytes]:
        asked = {key: value for key, value in query.items() if value is not None}
        url = f"{self.url}/api/v1{urllib.parse.quote(path)}?{urllib.parse.urlencode(asked)}"
        kind = "application/json" if isinstance(body, bytes) else "application/octet-stream"
        request = urllib.request.Request(  # noqa: S310 - the address is http, made by telltale
            url, data=body, method=method, headers={"Content-Type": kind, **(headers or {})}
        )
        try:
            answer: IO[bytes] = urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310
        except urllib.error.HTTPError as error:
            raise ApiError(problem_text(error)) from None
        except urllib.error.URLError as error:
            raise ApiError(f"{self.url} does not answer: {error.reason}.") from None
        return answer


def problem_text(error: urllib.error.HTTPError) -> str:
    """Return what a problem+json answer says, or the status when it says nothing."""
    with contextlib.suppress(ValueError, AttributeError):
        detail = json.load(error).get("detail")
        if detail:
            return in_commands(str(detail))
    return f"{error.url} answered {error.code} {error.reason}."


def in_commands(sentence: str) -> str:
    """Return a sentence of the API for somebody who types commands."""
    for route, command in COMMANDS.items():
        sentence = sentence.replace(route, command)
    return sentence


class OwnServer:
    """A server on any free loopback port, in a thread of this process."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._listening: Future[str] = Future()
        self._thread = threading.Thread(target=self._run, name="telltale-server", daemon=True)

    def start(self) -> str:
        """Return the address once it answers. Raises what kept it from starting."""
        self._thread.start()
        return self._listening.result()

    def stop(self) -> None:
        """Commit everything and end."""
        self._server.should_exit = True
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:
            if not self._listening.done():
                self._listening.set_exception(error)

    async def _serve(self) -> None:
        from telltale.api.web_server import (  # noqa: PLC0415 - loads the web framework
            listening_socket,
            make_server,
        )
        from telltale.cli.logs import set_up_logs  # noqa: PLC0415
        from telltale.runtime.build import embedded_runtime  # noqa: PLC0415

        set_up_logs(quiet=True)
        self.runtime: Runtime = embedded_runtime(self._data, is_learning=False)
        self._server = make_server(self.runtime, self._data, self._listening.set_result)
        await self.runtime.start()
        try:
            with listening_socket("127.0.0.1", 0) as listener:
                await self._server.serve(sockets=[listener])
        finally:
            await self.runtime.stop()


@contextlib.contextmanager
def connect(data: Path, *, may_make: bool = False) -> Iterator[Client]:
    """Give a client of the server that owns the folder; start one here if there is none.

    Args:
        data: The folder.
        may_make: Make the folder if it is not there; else that is an error.
    """
    url = running_server(data)
    if url is not None:
        yield Client(url)
        return
    if not may_make:
        check_kept(data)
    server = OwnServer(data)
    client = Client(server.start())
    try:
        yield client
    finally:
        server.stop()


def check_kept(data: Path) -> None:
    """Raise StoreError if nothing is kept in the folder, and say where else to look."""
    from telltale.store.backup_folder import database_in  # noqa: PLC0415 - loads the store

    try:
        database_in(data)
    except StoreError:
        default = f"http://{DEFAULT_HOST}:{os.environ.get('TELLTALE_PORT', DEFAULT_PORT)}"
        hint = "`telltale import FILE --data DIR` or `telltale demo` brings the first readings."
        if answers(default):
            hint = (
                f"The telltale at {default} keeps its readings elsewhere: name that folder with "
                "--data; it said so when it started (`make demo` keeps data/demo)."
            )
        raise StoreError(f"{data} is not there, or nothing is kept in it yet. {hint}") from None
