"""How one gets into an OPC UA server: its address, security and user. Checked without I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit

from telltale.errors import SettingsError
from telltale.formats.base import shown
from telltale.registry import suggest

Choice = TypeVar("Choice", bound=StrEnum)

SCHEME = "opc.tcp"
USUAL_PORT = 4840


class Security(StrEnum):
    """What protects the connection."""

    NONE = "none"
    BASIC256SHA256 = "Basic256Sha256"
    AES128 = "Aes128Sha256RsaOaep"
    AES256 = "Aes256Sha256RsaPss"


class MessageMode(StrEnum):
    """What is done to each message."""

    SIGN = "Sign"
    SIGN_AND_ENCRYPT = "SignAndEncrypt"


@dataclass(frozen=True, slots=True)
class Login:
    """How one gets in.

    Attributes:
        url: "opc.tcp://HOST:PORT/PATH".
        security, message_mode: What protects the connection.
        certificate, key: Files of this client's own, PEM or DER; needed with security.
        key_password: Of the key's file.
        server_certificate: File; the one certificate the server may have. "" takes any.
        user, password: "" for anonymous.
    """

    url: str
    security: Security = Security.NONE
    message_mode: MessageMode = MessageMode.SIGN_AND_ENCRYPT
    certificate: str = ""
    key: str = ""
    key_password: str = ""
    server_certificate: str = ""
    user: str = ""
    password: str = ""


def checked_login(where: str, login: Login) -> Login:
    """Return the login with its words turned into choices. Raises SettingsError."""
    _check_url(where, login.url)
    for name in ("certificate", "key", "key_password", "server_certificate", "user", "password"):
        if not isinstance(getattr(login, name), str):
            raise SettingsError(f"{where}: {name} is no text. Give a text, or leave it out.")
    security = _choice(where, "security", login.security, Security)
    mode = _choice(where, "message_mode", login.message_mode, MessageMode)
    if security is not Security.NONE and not (login.certificate and login.key):
        raise SettingsError(
            f"{where}: security {security.value} needs certificate and key, two files of this "
            "client's own. `telltale opcua certificate FOLDER` makes them."
        )
    if security is Security.NONE and (login.certificate or login.server_certificate):
        raise SettingsError(
            f"{where}: a certificate is given, but security is none. Give security, such as "
            "Basic256Sha256, or leave the certificate out."
        )
    if login.password and not login.user:
        raise SettingsError(f"{where}: there is a password without a user. Give user.")
    return replace(login, security=security, message_mode=mode)


def _choice(where: str, key: str, said: str, choices: type[Choice]) -> Choice:
    for choice in choices:
        if isinstance(said, str) and choice.value.casefold() == said.casefold():
            return choice
    words = [choice.value for choice in choices]
    raise SettingsError(f"{where}: {key} is {shown(said)!r}. {suggest(str(said), words)}")


def _check_url(where: str, url: str) -> None:
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        is_good = parts.scheme == SCHEME and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_good = False
    if not is_good:
        raise SettingsError(
            f"{where}: url is {shown(url)!r}. Give opc.tcp://HOST:PORT, most servers' port is "
            f"{USUAL_PORT}."
        )
    if "@" in parts.netloc:
        raise SettingsError(
            f"{where}: the url holds a user or password, which would be shown. "
            "Give them as user and password."
        )
