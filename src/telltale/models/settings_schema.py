"""The JSON schema of a kind's settings, each with the sentence that its class has for it."""

from __future__ import annotations

import inspect
import re
from typing import Any

import msgspec


def described_schema(settings: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the schema; what docstrings say of attributes is their properties' description."""
    schema = msgspec.json.schema(settings)
    classes = _classes(settings)
    for name, definition in schema.get("$defs", {}).items():
        definition.pop("description", None)
        for field, text in _attributes(classes[name]).items():
            if field in definition.get("properties", {}):
                definition["properties"][field]["description"] = text
    return schema


def _classes(settings: type[msgspec.Struct]) -> dict[str, type]:
    """Return the class and those that its fields are of, by name."""
    found: dict[str, type] = {settings.__name__: settings}
    for field in msgspec.structs.fields(settings):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            found |= _classes(field.type)
    return found


def _attributes(settings: type) -> dict[str, str]:
    """Return what a class and those it comes from say of their attributes."""
    found: dict[str, str] = {}
    for one in reversed(settings.__mro__):
        _, _, listed = inspect.cleandoc(one.__doc__ or "").partition("Attributes:\n")
        for name, text in re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", listed, re.MULTILINE):
            found[name] = " ".join(text.split())
    return found
