"""A graph is looked through before it is opened, whatever the card says that it is for."""

from __future__ import annotations

from typing import Any

import pytest

from telltale.errors import ModelError
from telltale.models.card import Threshold
from telltale.models.folder import made_model
from telltale.models.onnx_files.core import FILE
from tests.models.onnx_files.files import model, node
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
