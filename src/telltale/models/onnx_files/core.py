"""The core that is an ONNX graph, served by ONNX Runtime on one thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.base import Evidence
from telltale.models.card import Card
from telltale.models.columns import level_of
from telltale.models.onnx_files.check import check_onnx
from telltale.models.onnx_files.session import OnnxSession
from telltale.models.shares import occluded_parts, shares_of

FILE = "model.onnx"
MOST_AT_ONCE = 4096  # rows: many outputs of each stay within what a session may give
OUTPUTS = "graph_outputs"  # setting: which of the graph's outputs, by name; default the first


def checked_session(card: Card, files: Mapping[str, bytes]) -> OnnxSession:
    """Return the graph of a model's folder, ready to be asked. Raises as `checked_graph` does."""
    return checked_graph(card, files)[0]


def checked_graph(card: Card, files: Mapping[str, bytes]) -> tuple[OnnxSession, bool]:
    """Return the graph of a model's folder, and whether many rows at once give the same bits.

    Raises:
        ModelError: There is none, or it holds what telltale does not run.
        MissingExtraError: ONNX Runtime is not installed.
    """
    if FILE not in files:
        raise ModelError(f"{card.name}: {FILE} is missing.")
    facts = check_onnx(files[FILE])
    return OnnxSession(files[FILE]), facts.is_by_row


class OnnxCore:
    """Asks the graph about windows: one at a time where batches would give other last bits.

    The graph takes an array of shape (n, samples, columns), or of shape (n, samples * columns),
    and gives one or more arrays with a row for each window: the core's outputs in order.
    """

    def __init__(self, card: Card, files: Mapping[str, bytes]) -> None:
        self._session, is_at_once = checked_graph(card, files)
        self._at_once = MOST_AT_ONCE if is_at_once else 1
        self._shape = self._window_shape(card)
        self._at = self._wanted(card)
        self._n_outputs = len(card.core_outputs)
        self._usual = _usual(card)
        self._name = card.name

    def run(self, windows: FloatArray) -> FloatArray:
        """Return the graph's outputs, shape (m, outputs)."""
        asked = windows.reshape(len(windows), *self._shape)
        if len(asked) <= self._at_once:
            return self._answers(asked)
        found = np.empty((len(asked), self._n_outputs))
        for start in range(0, len(asked), self._at_once):
            stop = start + self._at_once
            found[start:stop] = self._answers(asked[start:stop])
        return found

    def evidence(self, windows: FloatArray) -> Evidence | None:
        """Return how much of the first output goes when each column is as usual: occlusion.

        None when the card does not say what is usual.
        """
        if not np.isfinite(self._usual).any() or not len(windows):
            return None
        parts = occluded_parts(lambda asked: self.run(asked)[:, 0], windows, self._usual)
        value = windows[:, -1, :].copy()
        expected = np.broadcast_to(self._usual, value.shape).copy()
        return Evidence(shares_of(parts), value, expected, np.full_like(value, np.nan))

    def _answers(self, asked: FloatArray) -> FloatArray:
        found = self._session.run(asked)
        rows = [found[at].astype(np.float64).reshape(len(asked), -1) for at in self._at]
        whole: FloatArray = np.concatenate(rows, axis=1) if len(rows) > 1 else rows[0]
        if whole.shape[1] != self._n_outputs:
            raise ModelError(
                f"{self._name}: the graph gives {whole.shape[1]} numbers for a window; the card "
                f"names {self._n_outputs}."
            )
        return whole

    def _window_shape(self, card: Card) -> tuple[int, ...]:
        """Return the shape in which a window goes in. Raises ModelError if it does not fit."""
        samples, columns = card.window.samples, len(card.columns)
        declared = self._session.input.shape[1:]
        for shape in ((samples, columns), (samples * columns,)):
            if len(shape) == len(declared) and all(
                size in {None, own} for size, own in zip(declared, shape, strict=True)
            ):
                return shape
        shown = ", ".join("any" if size is None else str(size) for size in declared)
        raise ModelError(
            f"{card.name}: the graph takes ({shown}) for a window; the card gives {samples} "
            f"samples of {columns} columns."
        )

    def _wanted(self, card: Card) -> tuple[int, ...]:
        """Return which of the graph's outputs are the core's. Raises ModelError."""
        names = [spec.name for spec in self._session.outputs]
        wanted = card.settings.get(OUTPUTS, names[:1])
        if not isinstance(wanted, Sequence) or not set(wanted) <= set(names):
            raise ModelError(
                f"{card.name}: {OUTPUTS} is {wanted!r}; the graph gives {', '.join(names)}."
            )
        return tuple(names.index(name) for name in wanted)


def _usual(card: Card) -> FloatArray:
    """Return what is usual for each column of the core; NaN where the card does not say."""
    levels = level_of(card)
    usual = [card.normal.get(levels.get(name, ""), (np.nan, 0.0))[0] for name in card.columns]
    return np.array(usual)
