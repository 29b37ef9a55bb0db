"""Which operators of an ONNX file may be run, and what they may do to one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from telltale.errors import ModelError
from telltale.models.onnx_files import fields, wire
from telltale.models.onnx_files.wire import Message

ALSO_STANDARD = "ai.onnx"  # another way to write ""

# Operators that give other numbers each time: the same readings must give the same answer.
RANDOM = {
    "Bernoulli",
    "Multinomial",
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
}
# Which input of an operator says how large its result is.
SIZED_BY = {
    "AffineGrid": (1,),
    "BlackmanWindow": (0,),
    "CenterCropPad": (1,),
    "Col2Im": (1,),
    "ConstantOfShape": (0,),
    "DFT": (1,),
    "Expand": (1,),
    "HammingWindow": (0,),
    "HannWindow": (0,),
    "MaxUnpool": (2,),
    "MelWeightMatrix": (0, 1, 2, 3, 4),
    "OneHot": (1,),
    "Pad": (1,),
    "Range": (0, 1, 2),
    "Resize": (2, 3),
    "STFT": (1, 3),
    "Tile": (1,),
    "Upsample": (1,),
}
# Trees are summed one after the other for each row, and the others take each number by itself and
# round it as IEEE 754 says. Sigmoid and Exp do not: the last numbers of an array go another way.
BY_ROW = frozenset(
    {"Add", "Cast", "Div", "Identity", "Mul", "Neg", "Sub"}
    | {"TreeEnsembleClassifier", "TreeEnsembleRegressor"}
)
TELLS_SIZES = {"Shape", "Size"}  # their results depend on an array's size, not on its values
ADVICE = {"ZipMap": ' Export it again with options={"zipmap": False}.'}


def refuse(reason: str) -> NoReturn:
    """Say why a file is not taken."""
    raise ModelError(f"ONNX file refused: {reason}.")


@dataclass(frozen=True, slots=True)
class Node:
    """An operator: which, what it takes and gives by name, and its attributes."""

    op: str
    inputs: list[str]
    outputs: list[str]
    attributes: list[Message]


def read_nodes(graph: Message, opsets: Mapping[str, int], most: int) -> list[Node]:
    """Return the graph's operators, at most so many, each of which may be run."""
    views = wire.views(graph, "node*")
    if not views:
        refuse("the graph holds no operators")
    if len(views) > most:
        refuse(f"{len(views)} operators; at most {most} are taken")
    return [_node(wire.read_message(view, fields.NODE), opsets) for view in views]


def _node(message: Message, opsets: Mapping[str, int]) -> Node:
    op, domain = wire.text(message, "op_type"), wire.text(message, "domain")
    attributes = wire.inner(message, "attribute*", fields.ATTRIBUTE)
    if ("" if domain == ALSO_STANDARD else domain) not in opsets:
        refuse(f"operator {op!r} of {domain!r} is not ONNX's own")
    if any(field in attribute for attribute in attributes for field in ("g", "graphs*")):
        refuse(f"operator {op!r} holds a graph: loops and branches are not run. Unroll them")
    if "overload" in message or any("ref_attr_name" in attribute for attribute in attributes):
        refuse(f"operator {op!r} refers to a function")
    if op in RANDOM:
        refuse(f"operator {op!r} gives other numbers each time")
    if op in ADVICE:
        raise ModelError(f"ONNX file refused: operator {op!r} gives no array.{ADVICE[op]}")
    if any(field in a for a in attributes for field in ("sparse_tensor", "sparse_tensors*")):
        refuse(f"operator {op!r} holds sparse tensors")
    return Node(op, wire.texts(message, "input*"), wire.texts(message, "output*"), attributes)


def check_order(nodes: list[Node], known: set[str]) -> None:
    """Refuse a graph whose operators do not stand in the order in which they run, as ONNX asks."""
    for node in nodes:
        for name in node.inputs:
            if name and name not in known:
                refuse(f"operator {node.op!r} uses {name!r}, which nothing before it gives")
        known.update(node.outputs)


def check_sizes(nodes: list[Node], measured: str) -> None:
    """Refuse a graph in which measured values say how large an array becomes.

    One reading could then ask for all memory there is. Sizes that follow from the input's size,
    which is known, are fine.
    """
    from_values = {measured}
    for node in nodes:
        for at in SIZED_BY.get(node.op, ()):
            if at < len(node.inputs) and node.inputs[at] in from_values:
                refuse(f"measured values decide the size of what {node.op!r} gives")
        if node.op not in TELLS_SIZES and not from_values.isdisjoint(node.inputs):
            from_values.update(node.outputs)


def goes_by_row(node: Node) -> bool:
    """Tell whether the bits of a row do not depend on how many rows go through with it."""
    if node.op != "Concat":
        return node.op in BY_ROW
    return any(
        wire.text(attribute, "name") == "axis" and wire.number(attribute, "i") == 1
        for attribute in node.attributes
    )
