"""What can be set up as a source or a sink: kinds, their settings and what each is for."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from telltale.errors import MissingExtraError, SettingsError
from telltale.registry import load, suggest
from telltale.sinks import SINKS
from telltale.sources import SOURCES

SECRETS = {"password", "key_password", "token", "secret", "api_key"}  # never shown again
NOT_SETTINGS = {"clock", "name"}  # given by telltale itself
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Setting(msgspec.Struct, frozen=True):
    """One setting of a kind.

    Attributes:
        type: text, number, integer, boolean, list or table.
        required: It has no default.
        default: None where there is none.
        description: One or two sentences.
        secret: It is not shown again once it is set.
    """

    name: str
    type: str
    required: bool
    default: Any  # Any: what JSON can hold
    description: str
    secret: bool


class Kind(msgspec.Struct, frozen=True):
    """What can be set up.

    Attributes:
        kind: Its name.
        title: One sentence.
        is_sink: It gives readings out, where others take them in.
        extra: Its optional packages, as in `telltale[extra]`; "" if it needs none.
        installed: They are there.
        message: What to install, if they are not.
        settings: In the order of importance; () while its packages are missing.
    """

    kind: str
    title: str
    is_sink: bool
    extra: str
    installed: bool
    message: str
    settings: tuple[Setting, ...]


def kinds() -> list[Kind]:
    """Return everything that can be set up by settings alone, sources first, by name."""
    found = [_kind(name, SOURCES, is_sink=False) for name in sorted(SOURCES)]
    found += [_kind(name, SINKS, is_sink=True) for name in sorted(SINKS)]
    return [one for one in found if one is not None]


def kind_class(kind: str) -> Any:  # Any: a class of a source or of a sink
    """Return the class of a kind. Raises SettingsError, MissingExtraError."""
    if kind in SINKS:
        return load(SINKS, kind, group="telltale.sinks", error=SettingsError)
    if kind not in SOURCES:
        known = [one.kind for one in kinds()]
        if kind not in known:
            # an outside package may have it
            try:
                return load(SOURCES, kind, group="telltale.sources", error=SettingsError)
            except SettingsError:
                raise SettingsError(f"kind is {kind!r}. {suggest(kind, known)}") from None
    return load(SOURCES, kind, group="telltale.sources", error=SettingsError)


def settings_of(made: Any) -> tuple[Setting, ...] | None:  # Any: a class
    """Return the settings of a class; None if it needs one that no file can hold."""
    texts = _described(made)
    found: list[Setting] = []
    for parameter in inspect.signature(made).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD or parameter.name in NOT_SETTINGS:
            continue
        type_name = _type_name(str(parameter.annotation))
        is_required = parameter.default is parameter.empty
        if type_name is None:
            if is_required:
                return None
            continue
        default = None if is_required else _plain(parameter.default)
        found.append(
            Setting(
                parameter.name,
                type_name,
                is_required,
                default,
                texts.get(parameter.name, ""),
                parameter.name in SECRETS,
            )
        )
    return tuple(found)


def checked(kind: str, settings: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return settings as the kind takes them; it checks their values itself.

    Raises:
        SettingsError: One is unknown, or missing; the message names the nearest.
    """
    known = {one.name: one for one in settings_of(kind_class(kind)) or ()}
    for name in settings:
        if name not in known:
            raise SettingsError(f"{where}: {kind} has no setting {name!r}. {suggest(name, known)}")
    missing = [one for one in known.values() if one.required and one.name not in settings]
    if missing:
        raise SettingsError(f"{where}: {kind} needs {missing[0].name}. {missing[0].description}")
    return {
        name: [value] if known[name].type == "list" and isinstance(value, str) else value
        for name, value in settings.items()
    }


def with_variables(value: Any, where: str) -> Any:  # Any: what TOML can hold
    """Return a setting with each ${NAME} replaced by that variable of the environment.

    Raises:
        SettingsError: There is no such variable.
    """
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: _variable(match[1], where), value)
    if isinstance(value, Mapping):
        return {key: with_variables(item, where) for key, item in value.items()}
    if isinstance(value, list):
        return [with_variables(item, where) for item in value]
    return value


def without_secrets(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as they may be shown: secrets as *, references to variables as they are."""
    return {
        name: HIDDEN if name in SECRETS and not _VARIABLE.search(str(value)) else value
        for name, value in settings.items()
    }


HIDDEN = "********"


def _variable(name: str, where: str) -> str:
    try:
        return os.environ[name]
    except KeyError:
        raise SettingsError(
            f"{where}: ${{{name}}} is not in the environment. Set it for the process that serves."
        ) from None


def _kind(name: str, table: Mapping[str, str], *, is_sink: bool) -> Kind | None:
    extra = table[name].partition(" ")[2].strip("[]")
    try:
        made = kind_class(name)
    except MissingExtraError as error:
        return Kind(name, "", is_sink, extra, installed=False, message=str(error), settings=())
    settings = settings_of(made)
    if settings is None:
        return None
    title = inspect.cleandoc(made.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
    return Kind(name, title, is_sink, extra, installed=True, message="", settings=settings)


def _type_name(annotation: str) -> str | None:
    """Return what a setting holds, by its annotation; None if no file can hold it."""
    words = set(re.findall(r"\w+", annotation))
    for names, told in (
        ({"Sequence", "tuple", "list", "Iterable"}, "list"),
        ({"Mapping", "dict"}, "table"),
        ({"bool"}, "boolean"),
        ({"float"}, "number"),
        ({"int"}, "integer"),
        ({"str", "Path"}, "text"),
    ):
        if words & names:
            return told
    return None


def _plain(default: Any) -> Any:  # Any: a default in code, as JSON holds it
    if isinstance(default, Mapping):
        return dict(default)
    if isinstance(default, Iterable) and not isinstance(default, str):
        return list(default)
    return default if isinstance(default, str | int | float | None) else str(default)


def _described(made: Any) -> dict[str, str]:
    """Return what a class says of its arguments."""
    text = inspect.cleandoc(made.__doc__ or "")
    _, _, listed = text.partition("Args:\n")
    listed = re.split(r"\n\n?\S", listed, maxsplit=1)[0]
    found = re.findall(r"^ {4}([\w, ]+): (.*(?:\n {8}.*)*)", listed, re.MULTILINE)
    return {
        name.strip(): " ".join(told.split()) for names, told in found for name in names.split(",")
    }
