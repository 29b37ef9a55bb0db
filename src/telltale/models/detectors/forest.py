"""Grows an isolation forest on normal operation.

Cuts also fall beside what was seen: else what lies far outside would be set apart no sooner than
the outermost reading of normal operation, and the score of the grossest fault would be its.

Source:
    Liu, Ting and Zhou, "Isolation forest", IEEE ICDM 2008; the widened ranges as in Tan, Ting and
    Liu, "Fast anomaly detection for streaming data", IJCAI 2011, section 3.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np

from telltale.batch import FloatArray
from telltale.models.detectors.calibration import Budget, lognormal_limit
from telltale.models.detectors.forest_core import Forest, usual_path
from telltale.models.detectors.healthy import Healthy, Learnt
from telltale.models.progress import step
from telltale.models.setting_types import Seconds, Seed

DEPTH = 8  # of a tree grown on 256 rows: their mean path's length, as the source has it
MARGIN = 0.5  # of a node's range, on both sides: see the module
MOST_SCORED = 5000  # rows, evenly spread, that the limit is set from
Trees = Annotated[int, msgspec.Meta(ge=10, le=1000)]
Rows = Annotated[int, msgspec.Meta(ge=16, le=1024)]


class ForestSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a forest is grown.

    Attributes:
        window_s: Readings are averaged over it first.
        trees: How many.
        rows: Each is grown on so many, drawn at random.
        seed: Of the draws and cuts.
    """

    window_s: Seconds = 15.0
    trees: Trees = 100
    rows: Rows = 256
    seed: Seed = 0


def learn_isolation_forest(healthy: Healthy, settings: ForestSettings) -> Learnt:
    """Learn where windows of normal operation lie close together."""
    window = healthy.window(settings.window_s)
    rows = healthy.statistics(window, "mean")
    forest = grown(rows, settings, np.random.default_rng(settings.seed))
    every = -(-len(rows) // MOST_SCORED)
    step_s = every * healthy.sample_s(window)
    budget = Budget(healthy.alarms_per_week, window.samples * healthy.sample_s(window))
    threshold = lognormal_limit(
        forest.scores(rows[::every]), budget, step_s, "that trees were grown on too"
    )
    return Learnt(
        healthy=healthy,
        title="Isolation from normal",
        runtime="isolation_forest",
        window=window,
        columns=healthy.names,
        arrays={
            "columns": forest.columns,
            "cuts": forest.cuts,
            "paths": forest.paths,
            "samples": np.array([forest.samples]),
            "limit": np.array([threshold.value]),
            "usual": np.median(rows, axis=0),
        },
        threshold=threshold,
        features={},
        settings={},
    )


def grown(rows: FloatArray, settings: ForestSettings, rng: np.random.Generator) -> Forest:
    """Grow trees of random cuts, each on a random draw of rows."""
    samples, nodes = min(settings.rows, len(rows)), 2**DEPTH - 1
    columns = np.zeros((settings.trees, nodes), dtype=np.int64)
    cuts = np.full((settings.trees, nodes), np.inf)
    paths = np.zeros((settings.trees, nodes + 1))
    for tree in range(settings.trees):
        step(tree + 1, settings.trees, "tree")
        drawn = rows[rng.choice(len(rows), samples, replace=False)]
        _grow((columns[tree], cuts[tree], paths[tree]), drawn, rng)
    return Forest(columns, cuts, paths, samples)


def _grow(
    tree: tuple[np.ndarray, FloatArray, FloatArray], rows: FloatArray, rng: np.random.Generator
) -> None:
    """Fill one tree, node by node. A tree that ends sooner sends all rows left from there."""
    columns, cuts, paths = tree
    waiting = [(0, 0, rows, 0)]  # node, its depth, rows in it, cuts so far
    while waiting:
        node, depth, here, n_cuts = waiting.pop()
        if depth == DEPTH:
            paths[node - len(cuts)] = n_cuts + usual_path(len(here))
            continue
        left, right = here, here[:0]
        low, high = _ends(here)
        if (high > low).any():
            column = int(rng.choice(np.flatnonzero(high > low)))
            margin = MARGIN * (high[column] - low[column])
            cut = float(rng.uniform(low[column] - margin, high[column] + margin))
            columns[node], cuts[node] = column, cut
            is_right = here[:, column] >= cut
            left, right, n_cuts = here[~is_right], here[is_right], n_cuts + 1
        waiting.append((2 * node + 1, depth + 1, left, n_cuts))
        if len(right):
            waiting.append((2 * node + 2, depth + 1, right, n_cuts))


def _ends(rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the least and the greatest value of each column; alike where there is no row."""
    if not len(rows):
        return np.zeros(rows.shape[1]), np.zeros(rows.shape[1])
    return rows.min(axis=0), rows.max(axis=0)
