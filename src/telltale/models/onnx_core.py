"""The core that is an ONNX graph, served by ONNX Runtime on one thread."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.base import Evidence
from telltale.models.card import Card
from telltale.models.onnx_session import OnnxSession

FILE = "model.onnx"


class OnnxCore:
    """Asks the graph about one window at a time: batches would give other last bits.

    The graph takes float32 of shape (1, samples, columns), or (1, columns) for windows of one
    sample, and gives one row with the core's outputs.
    """

    def __init__(self, card: Card, files: Mapping[str, bytes]) -> None:
        if FILE not in files:
            raise ModelError(f"{card.name}: {FILE} is missing.")
        self._session = OnnxSession(files[FILE])
        self._is_flat = card.window.samples == 1
        self._n_outputs = len(card.core_outputs)

    def run(self, windows: FloatArray) -> FloatArray:
        """Return the graph's outputs, shape (m, outputs)."""
        asked = np.ascontiguousarray(windows, dtype=np.float32)
        if self._is_flat:
            asked = asked[:, 0, :]
        found = np.empty((len(asked), self._n_outputs))
        for row in range(len(asked)):
            found[row] = self._session.run(asked[row : row + 1])[0].reshape(-1)
        return found

    def evidence(self, windows: FloatArray) -> Evidence | None:
        """Return nothing: an ONNX graph does not say what its answer rests on."""
        return None
