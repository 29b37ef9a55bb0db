"""`Category`: one kind of fault of a machine, and the loader of the catalogues that hold them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

import msgspec

from telltale.errors import ModelError
from telltale.registry import suggest


class Category(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of fault.

    Attributes:
        title: For people.
        symptoms: What is seen in the readings.
        causes: What may lie behind it, the commonest first.
        advice: What to look at first, one sentence.
        channels: Where it shows.
        number: Its place in the answer of the FD system, 0 to 7; None if it has none.
    """

    title: str
    symptoms: tuple[str, ...]
    causes: tuple[str, ...]
    advice: str
    channels: tuple[str, ...]
    number: int | None = None


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The kinds of fault of one machine's profile.

    Attributes:
        source: Where the kinds come from.
        categories: By name, in their order.
    """

    source: str
    categories: dict[str, Category]


@cache
def catalogues() -> Mapping[str, Catalogue]:
    """Return the catalogues that come with telltale, by profile."""
    folder = resources.files("telltale.models.faults") / "data"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return {
        file.name.removesuffix(".toml"): parsed_catalogue(file.read_text("utf-8"), file.name)
        for file in files
    }


def catalogue(profile: str) -> Catalogue:
    """Return the catalogue of a profile. Raises ModelError if there is none."""
    known = catalogues()
    if profile not in known:
        raise ModelError(
            f"No fault catalogue for the profile {profile!r}. {suggest(profile, known)}"
        )
    return known[profile]


def parsed_catalogue(text: str, where: str) -> Catalogue:
    """Return the catalogue that a TOML text holds.

    Raises:
        ModelError: It is none; the message names the place in it.
    """
    try:
        return msgspec.convert(tomllib.loads(text), Catalogue)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ModelError(
            f"{where}: {error}. Each category needs title, symptoms, causes, advice and channels."
        ) from None
