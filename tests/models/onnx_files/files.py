"""Small ONNX files for tests, right and wrong ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

FLOAT, DOUBLE, INT64, STRING = (
    TensorProto.FLOAT,
    TensorProto.DOUBLE,
    TensorProto.INT64,
    TensorProto.STRING,
)
Value = tuple[str, int, Sequence[int | str] | None]


def node(op: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any) -> Any:
    """Return an operator."""
    return helper.make_node(op, inputs, outputs, **attributes)


def model(
    nodes: Sequence[Any],
    constants: Mapping[str, Any] | None = None,
    *,
    inputs: Sequence[Value] = (("x", FLOAT, ["batch", 2]),),
    outputs: Sequence[Value] = (("y", FLOAT, ["batch", 2]),),
    opsets: Sequence[tuple[str, int]] = (("", 17), ("ai.onnx.ml", 3)),
) -> ModelProto:
    """Return a model of these operators: from "x" to "y" unless told otherwise."""
    tensors = [
        numpy_helper.from_array(np.asarray(values), name)
        for name, values in (constants or {}).items()
    ]
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info(*value) for value in inputs],
        [helper.make_tensor_value_info(*value) for value in outputs],
        tensors,
    )
    ids = [helper.make_opsetid(domain, version) for domain, version in opsets]
    return helper.make_model(graph, opset_imports=ids, ir_version=10, producer_name="test")


def data(*args: Any, **kwargs: Any) -> bytes:
    """Return the bytes of `model(...)`."""
    found: bytes = model(*args, **kwargs).SerializeToString()
    return found


def relu() -> bytes:
    """Return the smallest model there is."""
    return data([node("Relu", ["x"], ["y"])])
