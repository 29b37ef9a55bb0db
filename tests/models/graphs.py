"""Small complete models for tests: sums of channels as an ONNX graph, with card and parity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from telltale.batch import Batch
from telltale.models.card import Card, Input, Training
from telltale.models.folder import complete
from telltale.models.onnx_files.core import FILE
from telltale.profiles.schema import Output
from tests.models.onnx_files.files import FLOAT, data, node

FLOW = {"flow_l_min": "l/min"}


def sums(
    name: str = "sums",
    outputs: Sequence[str] = ("sum_of_flow",),
    *,
    reads: Mapping[str, str] | None = None,
    unit: str = "1",
    factor: float = 1.0,
    ballast_bytes: int = 0,
    **changes: Any,
) -> tuple[Card, dict[str, bytes]]:
    """Return card and files of a model whose outputs are all `factor` times the inputs' sum.

    Args:
        name: Of the model.
        outputs: Columns that it gives.
        reads: Channels with their units; the flow of a pump unless told otherwise.
        unit: Of the outputs.
        factor: What the sum is multiplied by.
        ballast_bytes: Random numbers that the graph holds and adds with weight 0: a megabyte takes
            about half a millisecond an answer.
        changes: Of the card.
    """
    inputs = FLOW if reads is None else reads
    weights = np.full((len(inputs), len(outputs)), factor, dtype=np.float32)
    nodes = [node("MatMul", ["x", "w"], ["s"])]
    constants: dict[str, np.ndarray] = {"w": weights}
    if ballast_bytes:
        rng = np.random.default_rng(0)
        constants["ballast"] = rng.normal(size=ballast_bytes // 4).astype(np.float32)
        constants["zero"] = np.zeros(1, dtype=np.float32)
        nodes += [
            node("ReduceSum", ["x"], ["t"], keepdims=0),
            node("Mul", ["ballast", "t"], ["m"]),  # of what comes in, so that it is worked out
            node("ReduceSum", ["m"], ["b"], keepdims=0),
            node("Mul", ["b", "zero"], ["bz"]),
            node("Add", ["s", "bz"], ["y"]),
        ]
    else:
        nodes.append(node("Identity", ["s"], ["y"]))
    shape = {
        "inputs": (("x", FLOAT, ["batch", 1, len(inputs)]),),
        "outputs": (("y", FLOAT, ["batch", 1, len(outputs)]),),
    }
    card = Card(
        **{
            "name": name,
            "title": name.capitalize(),
            "task": "other",
            "runtime": "onnx",
            "inputs": {channel: Input(its) for channel, its in inputs.items()},
            "columns": tuple(inputs),
            "core_outputs": tuple(outputs),
            "outputs": {column: Output(column.capitalize(), unit) for column in outputs},
            "training": Training("None: it adds up.", is_simulated=True),
            **changes,
        }
    )
    times = np.arange(1, 6, dtype=np.int64) * 10**9
    columns = {channel: np.arange(5.0) + place for place, channel in enumerate(inputs)}
    return complete(card, {FILE: data(nodes, constants, **shape)}, Batch(name, times, columns))
