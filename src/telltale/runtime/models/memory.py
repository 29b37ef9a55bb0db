"""`LoadedModels`: the models in memory, up to so many bytes; the least recently used goes first."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from telltale.errors import ModelError
from telltale.models.base import Model
from telltale.models.folder import PARITY, Loaded
from telltale.models.unpacking import unpacked_bytes

MAX_LOADED_BYTES = 2**30
# Measured: a session of ONNX Runtime takes 0.1 MB and once to 1.6 times its file
SESSION_BYTES = 256 * 2**10
SESSION_FACTOR = 1.6
MIB = 2**20


def estimated_bytes(card_text: bytes, files: Mapping[str, bytes]) -> int:
    """Return about how much memory a model takes once it is loaded: card, parameters, session."""
    total = len(card_text)
    for name, data in files.items():
        if name == PARITY:
            continue  # asked once
        if PurePosixPath(name).suffix == ".npz":
            total += unpacked_bytes(data)
        else:
            total += SESSION_BYTES + round(SESSION_FACTOR * len(data))
    return total


class LoadedModels:
    """Loaded models by number. A machine that runs one keeps it alive, and it counts.

    Args:
        max_bytes: Of all of them, those that run and those that are only remembered.
    """

    def __init__(self, max_bytes: int = MAX_LOADED_BYTES) -> None:
        self._max_bytes = max_bytes
        self._recent: OrderedDict[int, Loaded] = OrderedDict()
        self._alive: dict[int, tuple[weakref.ref[Model], int]] = {}

    @property
    def used_bytes(self) -> int:
        """About how much all of them take now."""
        self._alive = {n: one for n, one in self._alive.items() if one[0]() is not None}
        return sum(size for _, size in self._alive.values())

    def get(self, number: int) -> Loaded | None:
        """Return a model that is in memory; it is the most recently used one then."""
        if number in self._recent:
            self._recent.move_to_end(number)
            return self._recent[number]
        model = self._alive[number][0]() if number in self._alive else None
        return None if model is None else self._remembered(number, Loaded(model, model.card, {}))

    def make_room(self, size_bytes: int, what: str) -> None:
        """Let go of models that nothing runs until one more fits.

        Raises:
            ModelError: It cannot fit: it is too large, or those that run take the room.
        """
        if size_bytes > self._max_bytes:
            raise ModelError(
                f"{what} takes about {size_bytes / MIB:.1f} MB of memory; all models together may "
                f"take {self._max_bytes / MIB:.0f} MB. Use a smaller one."
            )
        while self.used_bytes + size_bytes > self._max_bytes:
            if not self._recent:
                raise ModelError(
                    f"{what} takes about {size_bytes / MIB:.1f} MB of memory, and the models that "
                    f"run take {self.used_bytes / MIB:.1f} of the {self._max_bytes / MIB:.0f} MB "
                    "that they may. Switch one off, or use smaller ones."
                )
            self._recent.popitem(last=False)

    def add(self, number: int, loaded: Loaded, size_bytes: int) -> Loaded:
        """Remember a model that was loaded, for which room was made; its files are not kept."""
        self._alive[number] = weakref.ref(loaded.model), size_bytes
        return self._remembered(number, replace(loaded, files={}))

    def _remembered(self, number: int, loaded: Loaded) -> Loaded:
        self._recent[number] = loaded
        return loaded
