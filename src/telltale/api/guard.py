"""`Guard`: who may talk to a private server, and what browsers may do with its answers.

A page of some other site, open in the same browser, can send requests to loopback. It is kept
out twice: by the `Host` it names (DNS rebinding) and by the `Origin` that the browser adds.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telltale.api.problems import problem

CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
OTHER_SITES = frozenset({"cross-site", "same-site"})  # "same-site" may be another port
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """ASGI middleware around the whole app.

    Args:
        app: What it protects.
        allowed_hosts: Further host names to answer to on a loopback address.
    """

    def __init__(self, app: ASGIApp, allowed_hosts: tuple[str, ...] = ()) -> None:
        self._app = app
        self._allowed_hosts = frozenset(host.casefold() for host in allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what comes from elsewhere; add the security headers to every answer."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "http":
            await problem(403, refusal, path=scope["path"])(scope, receive, _with_headers(send))
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": refusal[:120]})

    def _refusal(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        server = scope.get("server")
        if server is not None and is_loopback(server[0]) and not self._is_allowed(host):
            return (
                f"This server is private and does not answer to the name {host!r}. Use "
                "http://127.0.0.1 or http://localhost, or add the name to api.allowed_hosts."
            )
        if scope["type"] == "http" and scope["method"] in SAFE_METHODS:
            return None
        origin = headers.get("origin")
        if origin is None and headers.get("sec-fetch-site") in OTHER_SITES:
            origin = "another site"
        if origin is not None and _netloc(origin) != host:
            return f"Requests from pages of {origin} are refused: only telltale's own page may."
        return None

    def _is_allowed(self, host: str) -> bool:
        name = host_name(host)
        return name == "localhost" or is_loopback(name) or name in self._allowed_hosts


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def host_name(host: str) -> str:
    """Return a Host header without its port and brackets, in lower case."""
    try:
        return (urlsplit(f"//{host}").hostname or "").casefold()
    except ValueError:
        return ""


def is_loopback(address: str) -> bool:
    """Return True for 127.0.0.0/8 and ::1, False for any other address or name."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers
