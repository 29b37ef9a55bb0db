"""Whether an ONNX file may be run at all, found from its bytes before ONNX Runtime sees them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from telltale.errors import ModelError
from telltale.models.onnx_files import fields, wire
from telltale.models.onnx_files.fields import ElementType
from telltale.models.onnx_files.nodes import (
    ALSO_STANDARD,
    Node,
    check_order,
    check_sizes,
    goes_by_row,
    read_nodes,
    refuse,
)
from telltale.models.onnx_files.session import TensorSpec
from telltale.models.onnx_files.wire import Message

DTYPES = {
    ElementType.FLOAT: "float32",
    ElementType.DOUBLE: "float64",
    ElementType.INT32: "int32",
    ElementType.INT64: "int64",
    ElementType.BOOL: "bool",
}
OPSETS = {"": (7, 26), "ai.onnx.ml": (1, 5)}  # what ONNX Runtime 1.31 says it runs
MEASURED = "float32", "float64"  # what a model may take


@dataclass(frozen=True, slots=True)
class Limits:
    """What a model file may hold, and what checking it may take.

    Attributes:
        file_bytes: Of the file.
        nodes: Operators in the graph.
        elements: Numbers in all of the graph's constants.
        sample_elements: Numbers in one sample that goes in.
        outputs: Arrays that come out.
        memory_bytes: What loading and running it may take, in a process of its own.
        cpu_s, wall_s: How long that may take.
    """

    file_bytes: int = 64 * 2**20
    nodes: int = 5_000
    elements: int = 16_000_000
    sample_elements: int = 1_000_000
    outputs: int = 16
    memory_bytes: int = 2**30
    cpu_s: int = 30
    wall_s: float = 60.0


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class OnnxFacts:
    """What a checked file says of itself.

    Attributes:
        producer: Program that wrote it, with its version.
        opset: Of the standard operators.
        nodes: Operators in the graph.
        is_by_row: True if many rows at once give each row the bits that it gets alone.
        elements: Numbers in its constants.
        input: The one array that goes in, shape (batch, ...).
        outputs: Arrays of numbers that come out.
    """

    producer: str
    opset: int
    nodes: int
    is_by_row: bool
    elements: int
    input: TensorSpec
    outputs: tuple[TensorSpec, ...]


def check_onnx(data: bytes, limits: Limits = LIMITS) -> OnnxFacts:
    """Return what a file is, if it is one that may be tried. Loads and runs nothing.

    Raises:
        ModelError: It is cut off, too large, or holds what telltale does not run. The first
            reason found is told.
    """
    if not data:
        raise ModelError("ONNX file: it is empty.")
    if len(data) > limits.file_bytes:
        refuse(f"{len(data)} bytes; at most {limits.file_bytes} are taken")
    model = wire.read_message(memoryview(data), fields.MODEL)
    if len(model.get("graph", [])) != 1:
        refuse("it holds no graph. Is it an ONNX model?")
    for field, what in (
        ("functions*", "functions of its own"),
        ("training_info*", "training steps"),
        ("configuration*", "settings for several devices"),
    ):
        if field in model:
            refuse(f"it brings {what}, which telltale does not run")
    opsets = _opsets(model)
    graph = wire.inner(model, "graph", fields.GRAPH)[0]
    nodes = read_nodes(graph, opsets, limits.nodes)
    tensors = _initializers(graph)
    constants = {wire.text(tensor, "name") for tensor in tensors}
    elements = _check_tensors([*tensors, *_attribute_tensors(nodes)], limits)
    value_input = _input(graph, constants, limits)
    check_order(nodes, {*constants, value_input.name})
    check_sizes(nodes, value_input.name)
    producer = f"{wire.text(model, 'producer_name')} {wire.text(model, 'producer_version')}"
    outputs = _outputs(graph, limits)
    return OnnxFacts(
        producer.strip(),
        opsets[""],
        len(nodes),
        all(goes_by_row(node) for node in nodes),
        elements,
        value_input,
        outputs,
    )


def _opsets(model: Message) -> dict[str, int]:
    """Return the version of each operator set that the file imports."""
    found: dict[str, int] = {}
    for opset in wire.inner(model, "opset_import*", fields.OPSET):
        domain = wire.text(opset, "domain")
        domain = "" if domain == ALSO_STANDARD else domain
        if domain not in OPSETS:
            refuse(f"operators of {domain!r} are not ONNX's own. Export with the standard ones")
        version = wire.number(opset, "version")
        first, last = OPSETS[domain]
        if not first <= version <= last:
            refuse(f"opset {version} of {domain or ALSO_STANDARD}; {first} to {last} are run")
        if domain in found:
            refuse(f"it names the opset of {domain or ALSO_STANDARD} twice")
        found[domain] = version
    if not found:
        refuse("it names no opset")
    return {"": OPSETS[""][1], **found}


def _initializers(graph: Message) -> list[Message]:
    if "sparse_initializer*" in graph:
        refuse("it holds sparse tensors")
    return wire.inner(graph, "initializer*", fields.TENSOR)


def _attribute_tensors(nodes: list[Node]) -> list[Message]:
    attributes = [attribute for node in nodes for attribute in node.attributes]
    return [
        tensor
        for attribute in attributes
        for field in ("t", "tensors*")
        for tensor in wire.inner(attribute, field, fields.TENSOR)
    ]


def _check_tensors(tensors: Iterable[Message], limits: Limits) -> int:
    """Return how many numbers these constants hold together."""
    total = 0
    for tensor in tensors:
        name = wire.text(tensor, "name")
        if "external_data*" in tensor or wire.number(tensor, "data_location") != 0:
            refuse(f"the numbers of {name!r} are in another file. Export it as one file")
        if "segment" in tensor:
            refuse(f"the numbers of {name!r} are in pieces")
        sizes = wire.numbers(tensor, "dims*")
        if any(size < 0 for size in sizes):
            refuse(f"{name!r} has a negative size: {sizes}")
        total += math.prod(sizes)
        if total > limits.elements:
            refuse(f"more than {limits.elements} numbers in its constants, {name!r} among them")
    return total


def _input(graph: Message, constants: set[str], limits: Limits) -> TensorSpec:
    """Return the one array that goes in."""
    values = wire.inner(graph, "input*", fields.VALUE_INFO)
    values = [value for value in values if wire.text(value, "name") not in constants]
    if len(values) != 1:
        refuse(f"{len(values)} inputs; one is taken, with all columns side by side")
    spec = _spec(values[0])
    if spec is None or spec.dtype not in MEASURED:
        raise ModelError(
            "ONNX file refused: its input must be an array of float32 or float64, "
            f"and is {'something else' if spec is None else spec.dtype}."
        )
    if not 2 <= len(spec.shape) <= 4:
        refuse(f"its input has {len(spec.shape)} axes; 2 to 4 are taken, the first the batch's")
    if any(size is not None and size < 1 for size in spec.shape):
        refuse(f"its input has the shape {spec.shape}")
    if math.prod(size or 1 for size in spec.shape) > limits.sample_elements:
        refuse(f"one input of shape {spec.shape} is more than {limits.sample_elements} numbers")
    return spec


def _outputs(graph: Message, limits: Limits) -> tuple[TensorSpec, ...]:
    """Return the arrays of numbers that come out; others are left out when it runs."""
    values = wire.inner(graph, "output*", fields.VALUE_INFO)
    if len(values) > limits.outputs:
        refuse(f"{len(values)} outputs; at most {limits.outputs} are taken")
    found = tuple(spec for spec in map(_spec, values) if spec is not None)
    if not found:
        refuse("no output is an array of numbers")
    return found


def _spec(value: Message) -> TensorSpec | None:
    """Return what an input or output is said to be; None if it is no array of numbers."""
    kinds = [
        tensor
        for kind in wire.inner(value, "type", fields.TYPE)
        for tensor in wire.inner(kind, "tensor_type", fields.TENSOR_TYPE)
    ]
    dtype = DTYPES.get(ElementType(number)) if kinds and (number := _known(kinds[0])) else None
    if dtype is None:
        return None
    sizes = [
        wire.number(dimension, "dim_value") if "dim_value" in dimension else None
        for shape in wire.inner(kinds[0], "shape", fields.SHAPE)
        for dimension in wire.inner(shape, "dim*", fields.DIMENSION)
    ]
    return TensorSpec(wire.text(value, "name"), tuple(sizes), dtype)


def _known(tensor_type: Message) -> int:
    """Return the number of an element type if it is one of `ElementType`, else 0."""
    number = wire.number(tensor_type, "elem_type")
    return number if number in set(ElementType) else 0
