"""A connection to an OPC UA server: made within a time limit, lost with a reason in words.

asyncua does the protocol. A client is used for one connection only: after any loss a fresh one is
made, since what survives a loss inside a client is not to be relied on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto import security_policies, uacrypto
from asyncua.ua.uaerrors import UaError, UaStatusCodeError
from cryptography import x509

from telltale.errors import SourceUnavailableError
from telltale.sources.opc_ua.login import Login, Security

Result = TypeVar("Result")

CLOSE_S = 0.5  # for a polite good-bye; a server that is gone gives none
APPLICATION_URI = "urn:telltale:client"
LOSSES = (UaError, OSError, TimeoutError, ValueError)  # ValueError: bytes that are no OPC UA
ADVICE = {
    "BadUserAccessDenied": "Are user and password right?",
    "BadIdentityTokenRejected": "Does the server want a user and password, or another one?",
    "BadIdentityTokenInvalid": "Does the server want a user and password?",
    "BadSecurityChecksFailed": "Has the server been told to trust this client's certificate?",
    "BadCertificateUntrusted": "Tell the server to trust this client's certificate.",
    "BadCertificateUriInvalid": "The certificate is of another application; make one of its own.",
    "BadNodeIdUnknown": "There is no such node.",
    "BadNodeIdInvalid": "There is no such node.",
    "BadTooManySessions": "The server takes no more clients: close one, or raise its limit.",
}

# What it would log is told by the source's status, and by the errors below.
logging.getLogger("asyncua").setLevel(logging.CRITICAL)


class Connection:
    """One connection, from its making to its loss.

    Attributes:
        client: Of asyncua, connected.
        lost: Set with the reason once the connection is known to be gone.
    """

    def __init__(self, login: Login, *, timeout_s: float, watch_s: float) -> None:
        self.url = login.url
        self._login = login
        self.lost = asyncio.Event()
        self._why = ""
        self._is_closed = False
        self.client = Client(login.url, timeout=timeout_s, watchdog_intervall=watch_s)
        self.client.name = self.client.description = "telltale"
        self.client.application_uri = APPLICATION_URI
        self.client.connection_lost_callback = self._lose
        self._timeout_s = timeout_s

    async def open(self) -> None:
        """Connect. Raises SourceUnavailableError, which is safe to retry."""
        if self._login.user:
            self.client.set_user(self._login.user)
            self.client.set_password(self._login.password)
        try:
            async with asyncio.timeout(3 * self._timeout_s):
                await self._secure()
                await self.ask(self.client.connect())
        except TimeoutError:
            await self.close()
            raise SourceUnavailableError(
                f"{self.url}: no answer within {3 * self._timeout_s:g} s. Is it an OPC UA server, "
                "and is nothing in between that swallows what is sent?"
            ) from None
        except BaseException:
            await self.close()
            raise

    async def ask(self, request: Awaitable[Result]) -> Result:
        """Return the answer to a request. Raises SourceUnavailableError if there is none."""
        try:
            return await request
        except LOSSES as error:
            raise self.unavailable(error) from None
        except asyncio.CancelledError:
            me = asyncio.current_task()
            if me is not None and me.cancelling():
                raise
            raise self.unavailable(ConnectionError("the connection broke")) from None

    def unavailable(self, error: BaseException) -> SourceUnavailableError:
        """Return a loss in words."""
        return SourceUnavailableError(f"{self.url}: {words_of(error)}")

    def refused(self, status: ua.StatusCode) -> SourceUnavailableError:
        """Return a refusal of the server in words."""
        return SourceUnavailableError(f"{self.url}: {words_of_status(status)}")

    def raise_if_lost(self) -> None:
        """Raise SourceUnavailableError if the connection is known to be gone."""
        if self.lost.is_set():
            raise SourceUnavailableError(f"{self.url}: {self._why}")

    def lose(self, why: str) -> None:
        """Note that the connection is gone, and why, one sentence."""
        self._why = self._why or why
        self.lost.set()

    async def close(self) -> None:
        """Let go of the connection, politely if the server is there. Safe to call twice."""
        if self._is_closed:
            return
        self._is_closed = True
        with contextlib.suppress(*LOSSES, asyncio.InvalidStateError):
            await asyncio.wait_for(self.client.disconnect(), CLOSE_S)
        with contextlib.suppress(*LOSSES):
            self.client.disconnect_socket()

    async def _lose(self, error: Exception) -> None:
        self.lose(words_of(error))

    async def _secure(self) -> None:
        """Set security up. Raises SourceUnavailableError: a file may be put there yet."""
        login = self._login
        if login.security is Security.NONE:
            return
        for path in filter(None, (login.certificate, login.key, login.server_certificate)):
            if not await asyncio.to_thread(Path(path).is_file):
                raise SourceUnavailableError(
                    f"{self.url}: there is no file {path}. `telltale opcua certificate FOLDER` "
                    "makes a certificate and its key."
                )
        try:
            own = await uacrypto.load_certificate(login.certificate)
            self.client.application_uri = application_uri(own) or APPLICATION_URI
            await self.client.set_security(
                getattr(security_policies, f"SecurityPolicy{login.security.value}"),
                login.certificate,
                login.key,
                login.key_password or None,
                login.server_certificate or None,
                ua.MessageSecurityMode[login.message_mode.value],
            )
        except (*LOSSES, TypeError) as error:  # TypeError: a key's password missing or not wanted
            raise self.unavailable(error) from None


def application_uri(certificate: x509.Certificate) -> str | None:
    """Return the application that a certificate is of; the server compares it."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    return next(iter(names.get_values_for_type(x509.UniformResourceIdentifier)), None)


def words_of(error: BaseException) -> str:
    """Return what went wrong, and what to do, in a sentence or two."""
    if isinstance(error, UaStatusCodeError):
        return words_of_status(ua.StatusCode(error.code))
    if isinstance(error, TimeoutError):
        return "no answer in time. Is the server running, and the way to it open?"
    if isinstance(error, ConnectionRefusedError):
        return "nothing answers there. Is the server running, and is the port right?"
    if isinstance(error, ConnectionError):
        return "the connection broke. It is connected anew."
    text = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    if text.startswith("No matching endpoints"):
        return "the server does not offer this security. `telltale opcua browse` without it works?"
    return f"{text}. It is tried again."


def words_of_status(status: ua.StatusCode) -> str:
    """Return what a server says, and what to do."""
    return f"the server says {status.name}. {ADVICE.get(status.name, 'It is tried again.')}"
