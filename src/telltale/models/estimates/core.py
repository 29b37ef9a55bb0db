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
from telltale.models.onnx_files.core import FILE, checked_graph
from telltale.models.shares import shares_of
from telltale.models.trees.contributions import Explainer
from telltale.models.trees.kept_trees import read_trees
from telltale.profiles.schema import NonNegativeFloat, PositiveFloat

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
        step: What is read comes in steps of this, so the value, or its change from the anchor, is
            whole steps, as the median of what will be read is. 0: it is left as it is.
        least: What the truth cannot be below, e.g. 0 for remaining life.
        within: Levels; for each, the chance that the truth is at most that is given too.
    """

    table: ErrorTable
    least_scale: PositiveFloat
    miss: Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)] = 0.1
    anchor: str = ""
    step: NonNegativeFloat = 0.0
    least: float | None = None
    within: Annotated[tuple[float, ...], msgspec.Meta(max_length=MAX_HORIZONS)] = ()


def in_steps(value: FloatArray, step: float) -> FloatArray:
    """Return whole steps nearest to the values; the values themselves where step is 0."""
    return np.round(value / step) * step if step else value


class EstimateCore:
    """Gives value, lower bound, upper bound, the chances asked for, and the anchor if there is one.

    The graph is an ensemble of trees: it takes float32 of shape (m, columns) and gives value and
    scale, with the same bits for any number of rows at once.

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
        self._session, is_at_once = checked_graph(card, files)
        if not is_at_once:
            raise ModelError(f"{card.name}/{FILE}: an estimate is made by trees; this is no such.")
        kept = files.get(TREES)
        self._explainer = Explainer(read_trees(kept, card.name)) if kept is not None else None

    def run(self, windows: FloatArray) -> FloatArray:
        """Return the outputs, shape (m, 3 + len(within)), one more with an anchor."""
        settings, rows = self._settings, windows[:, 0, :]
        anchor = [] if self._anchor is None else [rows[:, self._anchor]]
        given = self._session.run(rows)[0].astype(np.float64)
        value = in_steps(given[:, VALUE], settings.step) + (anchor[0] if anchor else 0.0)
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
