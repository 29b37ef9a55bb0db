"""The core of a deep detector: what came against what a network expected, as one score."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.base import Evidence
from telltale.models.card import Card, threshold_of
from telltale.models.onnx_files.core import FILE, checked_session


class ExpectationCore:
    """Asks the graph about one window at a time: batches would give other last bits.

    The graph takes float32 of shape (batch, samples, channels) and gives "error" (batch, 1),
    "channel_error" and "expected" (batch, channels), and, for a forecaster, "next". The score is
    the error in multiples of the card's threshold; what is expected next follows it.
    """

    def __init__(self, card: Card, files: Mapping[str, bytes]) -> None:
        self._session = checked_session(card, files)
        self._threshold = threshold_of(card)
        self._n_outputs = len(card.core_outputs)
        samples, channels = card.window.samples, len(card.columns)
        shapes = [(None, 1), (None, channels), (None, channels)]
        if self._n_outputs > 1:
            shapes.append((None, self._n_outputs - 1))
        given = [output.shape for output in self._session.outputs]
        if self._session.input.shape != (None, samples, channels) or given != shapes:
            raise ModelError(
                f"{card.name}/{FILE}: takes {self._session.input.shape} and gives {given}; by the "
                f"card it takes {(None, samples, channels)} and gives {shapes}."
            )

    def run(self, windows: FloatArray) -> FloatArray:
        """Return the score of each window and what is expected next, shape (m, outputs)."""
        found = np.empty((len(windows), self._n_outputs))
        for row, window in enumerate(windows.astype(np.float32)):
            error, _, _, *following = self._session.run(window[None])
            found[row, 0] = error[0, 0]
            if following:
                found[row, 1:] = following[0][0]
        found[:, 0] /= self._threshold
        return found

    def evidence(self, windows: FloatArray) -> Evidence:
        """Return each channel's share of the error, and what the newest sample should have been."""
        share = np.zeros((len(windows), windows.shape[2]))
        expected = np.zeros_like(share)
        for row, window in enumerate(windows.astype(np.float32)):
            _, error, newest, *_ = self._session.run(window[None])
            total = float(error.sum())
            share[row] = error[0] / total if total > 0.0 else 0.0
            expected[row] = newest[0]
        return Evidence(share, windows[:, -1, :], expected, np.full_like(share, np.nan))
