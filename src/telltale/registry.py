"""Tables of strings that name implementations, so that importing telltale loads no driver."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from telltale.errors import MissingExtraError, TelltaleError


def load(
    table: Mapping[str, str], name: str, *, group: str, error: type[TelltaleError]
) -> Any:  # Any: the caller knows which Protocol its table holds
    """Return the object that `table` registers under `name`.

    Args:
        table: Name to "module:attribute", optionally followed by " [extra]".
        name: The entry asked for.
        group: Entry-point group in which outside packages join the table.
        error: What to raise when the name is unknown.

    Raises:
        TelltaleError: As `error`, naming the nearest known entry.
        MissingExtraError: The entry's optional packages are not installed.
    """
    target = table.get(name)
    if target is None:
        for entry in entry_points(group=group, name=name):
            return entry.load()
        raise error(f"{group}: no entry named {name!r}. {suggest(name, table)}")
    target, _, extra = target.partition(" ")
    module, _, attribute = target.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except ModuleNotFoundError as missing:
        if not extra:
            raise
        raise missing_extra(name, extra.strip("[]"), missing) from None


def is_registered(table: Mapping[str, str], name: str, *, group: str) -> bool:
    """True if `load` would find the entry, in the table or in an outside package."""
    return name in table or bool(entry_points(group=group, name=name))


def missing_extra(what: str, extra: str, cause: ImportError) -> MissingExtraError:
    """Return the one-line error for a part whose optional packages are not installed."""
    return MissingExtraError(
        f'{what} needs {cause.name}, which is not installed. Run: pip install "telltale[{extra}]"'
    )


def nearest(word: str, known: Iterable[str]) -> str:
    """Return "Did you mean ...?" for a near miss, else nothing."""
    near = difflib.get_close_matches(word.casefold(), sorted(set(known)), n=1, cutoff=0.6)
    return f"Did you mean {near[0]!r}?" if near else ""


def suggest(word: str, known: Iterable[str]) -> str:
    """Return "Did you mean ...?" for a near miss, else the list of what there is."""
    names = sorted(set(known))
    near = nearest(word, names)
    if near:
        return near
    shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    return f"Known: {shown or 'none'}."
