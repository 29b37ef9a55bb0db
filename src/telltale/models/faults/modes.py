"""Learns which modes of failure a row of readings belongs to: one forest per mode, as one graph.

For tables whose rows have no order in time, where each row is a case: no command or route learns
one, only the judge `benchmarks/quality/ai4i.py`, or a script that calls `learnt_modes`. What comes
out is an ordinary ONNX model. On a machine, faults are learnt from labelled stretches: `labelled`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from telltale.batch import Batch, BoolArray, FloatArray
from telltale.errors import ModelError
from telltale.models.card import Card, Feature, Input, Threshold, Training
from telltale.models.columns import Columns
from telltale.models.folder import training_hash
from telltale.models.onnx_files.core import FILE
from telltale.models.onnx_files.graph import OnnxGraph
from telltale.models.trees.sklearn_trees import sklearn_trees
from telltale.models.trees.write_onnx import add_trees
from telltale.profiles.schema import Limits, Output
from telltale.registry import missing_extra

TREES = 150
SEED = 0
THRESHOLDS = np.linspace(0.1, 0.5, 9)  # a mode that chance decides is called below one half
FEWEST = 5  # rows of a mode from which it is learnt
FAILURE = "failure_share"
LIMIT = 0.5  # of the share of failing


@dataclass(frozen=True, slots=True)
class Table:
    """What a row of a table is.

    Attributes:
        name: Of the model.
        title: For people.
        inputs: Columns of the batch.
        features: Worked out of them by the pipeline's metrics.
        columns: Inputs and features that the forests see.
        data: Where the rows come from, one sentence.
        is_simulated: True if they are synthetic.
    """

    name: str
    title: str
    inputs: Mapping[str, Input]
    features: Mapping[str, Feature]
    columns: tuple[str, ...]
    data: str
    is_simulated: bool


def learnt_modes(
    batch: Batch, modes: Mapping[str, BoolArray], table: Table
) -> tuple[Card, dict[str, bytes]]:
    """Return card and files of a model that gives each mode's share and that of failing at all.

    A mode's share is the mean vote of its trees. Its threshold is the one that would have been
    best on rows that a tree has not seen ("out of bag").

    Args:
        batch: The rows, with the table's inputs.
        modes: By name, which rows failed in it, shape (n,); the plainest mode first, which is the
            one told of a row that is in several.
        table: What the rows are.

    Raises:
        ModelError: A mode has too few rows to be learnt.
        MissingExtraError: scikit-learn or onnx is not installed.
    """
    rows = rows_of(batch, table)
    graph = OnnxGraph((len(table.columns),))
    shares, thresholds = [], {}
    for mode, is_failed in modes.items():
        if is_failed.sum() < FEWEST:
            raise ModelError(
                f"{table.name}: {int(is_failed.sum())} rows of mode {mode!r} are too few to learn "
                f"it; give at least {FEWEST} or leave it out."
            )
        forest = _ensemble().RandomForestRegressor(
            TREES, oob_score=True, random_state=SEED, n_jobs=1
        )
        forest.fit(rows, is_failed.astype(np.float64))
        shares.append(add_trees(graph, sklearn_trees(forest), graph.input)[0])
        thresholds[mode] = best_threshold(forest.oob_prediction_, is_failed)
    each = graph.add("Concat", *shares, axis=1)
    sound = graph.add("Sub", graph.constant(1.0), each)
    all_sound = graph.add("ReduceProd", sound, axes=[1], keepdims=1)
    failing = graph.add("Sub", graph.constant(1.0), all_sound)
    answer = graph.add("Concat", failing, each, axis=1)
    file = graph.written({"shares": (answer, (len(modes) + 1,))})
    return _card(batch, table, thresholds), {FILE: file}


def rows_of(batch: Batch, table: Table) -> FloatArray:
    """Return what the forests see, shape (n, columns), by the pipeline's own metrics."""
    columns = Columns(table.name, tuple(table.inputs), table.features)
    worked_out, _ = columns.run(batch.select(tuple(table.inputs)), columns.start())
    return np.stack([worked_out.columns[name] for name in table.columns], axis=1)


def best_threshold(share: FloatArray, is_failed: BoolArray) -> float:
    """Return the threshold with the highest F1; the highest of several equally good ones."""
    scores = [_f1(share > threshold, is_failed) for threshold in THRESHOLDS]
    best = max(scores)
    return float(max(t for t, score in zip(THRESHOLDS, scores, strict=True) if score == best))


def mode_of(shares: Mapping[str, FloatArray], card: Card) -> list[str | None]:
    """Return each row's mode: the first over its own threshold, None if none is over it."""
    thresholds = card.settings["thresholds"]
    over = np.stack([shares[f"{mode}_share"] > least for mode, least in thresholds.items()], axis=1)
    names = tuple(thresholds)
    return [names[int(row.argmax())] if row.any() else None for row in over]


def _f1(found: BoolArray, truth: BoolArray) -> float:
    right = float((found & truth).sum())
    return 2.0 * right / max(1.0, float(found.sum() + truth.sum()))


def _card(batch: Batch, table: Table, thresholds: Mapping[str, float]) -> Card:
    share = {
        f"{mode}_share": Output(title=f"Share of mode {mode}", unit="1", scale=(0.0, 1.0))
        for mode in thresholds
    }
    limits = Limits(warn_above=LIMIT, hysteresis=0.05, source="half of the trees' votes")
    outputs = {FAILURE: Output(title="Share of failing", unit="1", limits=limits), **share}
    return Card(
        name=table.name,
        title=table.title,
        task="fault",
        runtime="onnx",
        inputs=dict(table.inputs),
        features=dict(table.features),
        columns=table.columns,
        core_outputs=tuple(outputs),
        outputs=outputs,
        settings={"thresholds": dict(thresholds)},
        threshold=Threshold(LIMIT, "half of the votes; each mode's own is in the settings"),
        training=Training(
            data=table.data,
            is_simulated=table.is_simulated,
            rows=len(batch),
            sha256=training_hash(batch),
        ),
    )


def _ensemble() -> ModuleType:
    try:
        import sklearn.ensemble  # noqa: PLC0415  an optional extra, slow to import
    except ModuleNotFoundError as missing:
        raise missing_extra("Learning modes of failure", "train", missing) from None
    module: ModuleType = sklearn.ensemble
    return module
