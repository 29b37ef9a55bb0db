"""Min-max scaling: 0 is the least value of a channel in training, 1 the greatest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from telltale.batch import FloatArray
from telltale.models.deep.lstm import Reals


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """Least value and range of each column in training, shape (columns,)."""

    low: FloatArray
    span: FloatArray

    @staticmethod
    def of(windows: FloatArray) -> Scale:
        """Return the scale of windows of shape (m, samples, columns); a constant column keeps 1."""
        low, high = windows.min(axis=(0, 1)), windows.max(axis=(0, 1))
        return Scale(low, np.where(high > low, high - low, 1.0))

    def scaled(self, windows: Reals) -> Reals:
        """Return windows with 0 and 1 where training had its least and greatest value."""
        found: Reals = ((windows - self.low) / self.span).astype(np.float32)
        return found
