"""The core of an estimate: trees give a number and the size of its error, the card the bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.base import Evidence
from telltale.models.card import Card
from telltale.models.estimates.intervals import ErrorTable, bound, chance_below
from telltale.models.onnx_files.core import checked_session
from telltale.models.shares import shares_of
from telltale.models.trees.contributions import Explainer
from telltale.models.trees.kept_trees import read_trees
from telltale.profiles.schema import PositiveFloat

TREES = "trees.npz"
VALUE, SCALE = 0, 1  # outputs of the graph
MAX_HORIZONS = 8


class EstimateSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an estimate is made from what the trees give; all in the estimate's own unit.

    Attributes:
        table: Errors on held-out data.
        least_scale: The predicted size of an error is at least this.
        miss: Chance that the truth lies outside the bounds, half of it on each side.
        anchor: The trees give the change from this column, which is handed on as the last output;
            "" if they give the value itself.
        least: What the truth cannot be below, e.g. 0 for remaining life.
        within: Levels; for each, the chance that the truth is at most that is given too.
    """

    table: ErrorTable
    least_scale: PositiveFloat
    miss: Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)] = 0.1
    anchor: str = ""
    least: float | None = None
    within: Annotated[tuple[float, ...], msgspec.Meta(max_length=MAX_HORIZONS)] = ()


class EstimateCore:
    """Gives value, lower bound, upper bound, the chances asked for, and the anchor if there is one.

    The graph takes float32 of shape (1, columns) and gives value and scale; rows are asked one at
    a time, because a batch would give other last bits.

    Raises:
        ModelError: Files or settings are not what this core needs.
    """

    def __init__(self, card: Card, files: Mapping[str, bytes]) -> None:
        try:
            self._settings = msgspec.convert(card.settings, EstimateSettings)
        except msgspec.ValidationError as error:
            raise ModelError(f"{card.name}/card.json: settings: {error}.") from None
        anchor = self._settings.anchor
        if anchor and anchor not in card.columns:
            raise ModelError(
                f"{card.name}/card.json: anchor {anchor!r} is none of the columns "
                f"{', '.join(card.columns)}."
            )
        if card.window.samples != 1:
            raise ModelError(f"{card.name}/card.json: an estimate takes windows of one sample.")
        self._anchor = card.columns.index(anchor) if anchor else None
        self._session = checked_session(card, files)
        kept = files.get(TREES)
        self._explainer = Explainer(read_trees(kept, card.name)) if kept is not None else None

    def run(self, windows: FloatArray) -> FloatArray:
        """Return the outputs, shape (m, 3 + len(within)), one more with an anchor."""
        settings, rows = self._settings, windows[:, 0, :]
        anchor = [] if self._anchor is None else [rows[:, self._anchor]]
        asked = np.ascontiguousarray(rows, dtype=np.float32)
        given = np.empty((len(rows), 2))
        for at in range(len(asked)):
            given[at] = self._session.run(asked[at : at + 1])[0].reshape(-1)
        value = given[:, VALUE] + (anchor[0] if anchor else 0.0)
        scale = np.maximum(given[:, SCALE], settings.least_scale)
        levels = (settings.miss / 2.0, 1.0 - settings.miss / 2.0)
        found = [value, *(bound(settings.table, value, scale, level) for level in levels)]
        if settings.least is not None:
            found = [np.maximum(column, settings.least) for column in found]
        found += [chance_below(settings.table, value, scale, at) for at in settings.within]
        return np.stack(found + anchor, axis=1)

    def evidence(self, windows: FloatArray) -> Evidence | None:
        """Return each column's exact share in the value; None without the trees themselves."""
        if self._explainer is None:
            return None
        rows = np.ascontiguousarray(windows[:, 0, :])
        share = shares_of(self._explainer.contributions(rows)[:, :-1, VALUE])
        unknown = np.full(share.shape, np.nan)
        return Evidence(share, rows, unknown, unknown.copy())
