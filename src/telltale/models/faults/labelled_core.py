"""The core of labelled faults: trees give how much normal and each fault is there, 0 to 1."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.base import Evidence
from telltale.models.card import Card
from telltale.models.estimates.core import TREES
from telltale.models.onnx_files.core import checked_session
from telltale.models.shares import shares_of
from telltale.models.trees.contributions import Explainer
from telltale.models.trees.kept_trees import read_trees

RUNTIME = "labelled_faults"
NORMAL = "normal"  # the first class


class LabelledSettings(msgspec.Struct, frozen=True):
    """What the card tells the core.

    Attributes:
        classes: Normal, then the faults.
        usual: What each column is in normal operation.
    """

    classes: tuple[str, ...]
    usual: tuple[float, ...]


def fault_output(fault: str) -> str:
    """Return the column that says how much a fault is there."""
    return f"fault_{fault}_ratio"


class LabelledCore:
    """Asks the trees about one row at a time, as a batch would give other last bits.

    Raises:
        ModelError: Files or settings are not what this core needs.
    """

    def __init__(self, card: Card, files: Mapping[str, bytes]) -> None:
        try:
            self._settings = msgspec.convert(card.settings, LabelledSettings)
        except msgspec.ValidationError as error:
            raise ModelError(f"{card.name}/card.json: settings: {error}.") from None
        classes, usual = self._settings.classes, self._settings.usual
        if len(classes) != len(card.core_outputs) or classes[:1] != (NORMAL,):
            raise ModelError(f"{card.name}/card.json: settings.classes do not fit the outputs.")
        if len(usual) != len(card.columns) or card.window.samples != 1:
            raise ModelError(f"{card.name}/card.json: settings.usual has one value per column.")
        self._session = checked_session(card, files)
        if TREES not in files:
            raise ModelError(f"{card.name}: {TREES} is missing, so nothing could be explained.")
        self._explainer = Explainer(read_trees(files[TREES], card.name))

    def run(self, windows: FloatArray) -> FloatArray:
        """Return each class's intensity, shape (m, classes)."""
        rows = np.ascontiguousarray(windows[:, 0, :], dtype=np.float32)
        given = np.empty((len(rows), len(self._settings.classes)))
        for at in range(len(rows)):
            given[at] = self._session.run(rows[at : at + 1])[0].reshape(-1)
        return given

    def evidence(self, windows: FloatArray) -> Evidence | None:
        """Return each column's exact share in the sum of the fault that is there most."""
        rows = np.ascontiguousarray(windows[:, 0, :])
        most = 1 + self.run(windows)[:, 1:].argmax(axis=1)
        parts = self._explainer.contributions(rows)[np.arange(len(rows)), :-1, most]
        expected = np.broadcast_to(np.array(self._settings.usual), rows.shape).copy()
        return Evidence(shares_of(parts), rows, expected, np.full(rows.shape, np.nan))
