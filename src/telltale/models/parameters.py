"""A model's file of plain arrays, checked before they are used."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.card import Card
from telltale.models.folder import read_arrays

FILE = "parameters.npz"


class Parameters:
    """The arrays of one model.

    Args:
        card: The model's.
        files: Of its folder.

    Raises:
        ModelError: There is no such file, or it holds no arrays.
    """

    def __init__(self, card: Card, files: Mapping[str, bytes]) -> None:
        self._where = f"{card.name}/{FILE}"
        if FILE not in files:
            raise ModelError(f"{self._where} is missing.")
        self._arrays = read_arrays(files[FILE], self._where)

    def take(self, name: str, *shape: int | None) -> FloatArray:
        """Return an array as float64; None in the shape is any length.

        Raises:
            ModelError: It is not there, has another shape or holds NaN.
        """
        found = self._arrays.get(name)
        fits = (
            found is not None
            and found.dtype.kind in "fiu"
            and found.ndim == len(shape)
            and all(want in (None, have) for want, have in zip(shape, found.shape, strict=True))
        )
        if found is None or not fits or np.isnan(found).any():
            have = "nothing" if found is None else f"{found.dtype} of shape {found.shape}"
            raise ModelError(
                f"{self._where}: {name!r} must be numbers of shape {shape}, it is {have}."
            )
        values: FloatArray = np.ascontiguousarray(found, dtype=np.float64)
        return values
