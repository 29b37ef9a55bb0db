"""A graph is looked through before it is opened, whatever the card says that it is for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from telltale.errors import ModelError
from telltale.models.card import Threshold
from telltale.models.estimates.boosted import Boosting, grown
from telltale.models.folder import made_model
from telltale.models.onnx_files.core import FILE, MOST_AT_ONCE, OnnxCore
from telltale.models.trees.write_onnx import onnx_trees
from tests.models.onnx_files.files import FLOAT, data, model, node
from tests.models.toys import toy_card

TABLE = {"levels": [0.1, 0.9], "edges": [], "errors": [[-1.0, 1.0]]}
SETTINGS: dict[str, dict[str, Any]] = {
    "estimate": {"table": TABLE, "least_scale": 1.0},
    "expectation": {},
    "onnx": {},
}


@pytest.mark.parametrize("runtime", SETTINGS)
def test_no_runtime_opens_a_graph_that_was_not_let_through(runtime: str) -> None:
    graph = model([node("Relu", ["x"], ["y"])])
    graph.training_info.add()  # ONNX Runtime would load it
    card = toy_card(
        runtime=runtime, settings=SETTINGS[runtime], threshold=Threshold(1.0, "By hand.")
    )
    with pytest.raises(ModelError, match="training steps, which telltale does not run"):
        made_model(card, {FILE: graph.SerializeToString()})


@pytest.mark.parametrize("runtime", SETTINGS)
def test_a_folder_without_a_graph_is_told(runtime: str) -> None:
    card = toy_card(
        runtime=runtime, settings=SETTINGS[runtime], threshold=Threshold(1.0, "By hand.")
    )
    with pytest.raises(ModelError, match=r"model\.onnx is missing"):
        made_model(card, {})


def test_a_row_gets_the_same_bits_whatever_is_asked_beside_it() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(2 * MOST_AT_ONCE + 3, 2))
    ensemble = grown(rows[:500], rows[:500, 0] * rows[:500, 1], Boosting(trees=30, least_rows=5))
    card = toy_card(runtime="onnx", columns=("a", "b"), features={}, after={}, core_outputs=("y",))
    trees = OnnxCore(card, {FILE: onnx_trees(ensemble)})
    graph = [node("MatMul", ["x", "w"], ["y"])]
    weights = {"w": rng.normal(size=(2, 1)).astype(np.float32)}
    network = OnnxCore(card, {FILE: data(graph, weights, outputs=[("y", FLOAT, ["batch", 1])])})
    for core in (trees, network):
        whole = core.run(rows[:, None, :])
        alone = np.concatenate([core.run(row[None, None, :]) for row in rows[-200:]])
        assert whole[-200:].tobytes() == alone.tobytes()
        assert len(whole) == len(rows)
