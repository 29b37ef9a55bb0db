"""Writes ONNX files: a graph is built operator by operator, constants beside them."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from telltale.errors import ModelError
from telltale.registry import missing_extra

OPSET, ML_OPSET, IR_VERSION = 17, 3, 10
PRODUCER = "telltale"
ML = "ai.onnx.ml"
BATCH = "batch"


class OnnxGraph:
    """A graph that is being built. Each method returns the name of what it adds.

    Args:
        shape: Of the input, without the batch; None where an axis may have any length.
        dtype: "float32" or "float64".

    Attributes:
        input: Name of the input.
        dtype: Of all numbers that are measured or worked out.

    Raises:
        MissingExtraError: The package `onnx` is not installed.
    """

    def __init__(self, shape: Sequence[int | None], dtype: str = "float32") -> None:
        self._onnx = _onnx()
        self.input = "input"
        self.dtype = np.dtype(dtype)
        self._shape = tuple(shape)
        self._nodes: list[Any] = []  # Any: `onnx` has no types of use here
        self._constants: list[Any] = []
        self._names = 0

    def add(self, op: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add an operator with one result."""
        return self.add_several(op, *inputs, results=1, domain=domain, **attributes)[0]

    def add_several(
        self, op: str, *inputs: str, results: int, domain: str = "", **attributes: Any
    ) -> list[str]:
        """Add an operator with several results."""
        outputs = [self._name(op) for _ in range(results)]
        node = self._onnx.helper.make_node(op, inputs, outputs, domain=domain, **attributes)
        self._nodes.append(node)
        return outputs

    def constant(self, values: Any) -> str:  # Any: whatever NumPy makes an array of
        """Add a constant; fractions become `dtype`, whole numbers int64."""
        array = np.asarray(values)
        array = array.astype(self.dtype if array.dtype.kind == "f" else np.int64)
        name = self._name("constant")
        self._constants.append(self._onnx.numpy_helper.from_array(array, name))
        return name

    def tensor(self, values: np.ndarray) -> Any:
        """Return an array as the value of an attribute."""
        return self._onnx.numpy_helper.from_array(values, "")

    def cast(self, name: str, dtype: str) -> str:
        """Add a conversion to another element type."""
        return self.add("Cast", name, to=self._element_type(dtype))

    def written(self, outputs: dict[str, tuple[str, tuple[int | None, ...]]]) -> bytes:
        """Return the graph as a file.

        Args:
            outputs: By its name in the file, what each output is in the graph and its shape
                without the batch.

        Raises:
            ModelError: The `onnx` package says that the graph is not right.
        """
        helper, element = self._onnx.helper, self._element_type(str(self.dtype))
        for name, (inner, _) in outputs.items():
            self._nodes.append(helper.make_node("Identity", [inner], [name]))
        graph = helper.make_graph(
            self._nodes,
            PRODUCER,
            [helper.make_tensor_value_info(self.input, element, _axes(self._shape))],
            [
                helper.make_tensor_value_info(name, element, _axes(shape))
                for name, (_, shape) in outputs.items()
            ],
            self._constants,
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)]
        model = helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name=PRODUCER
        )
        try:
            self._onnx.checker.check_model(model)
        except Exception as error:
            line = str(error).partition("\n")[0]
            raise ModelError(f"The graph that was made is not right: {line}") from error
        data: bytes = model.SerializeToString()
        return data

    def _name(self, of: str) -> str:
        self._names += 1
        return f"{of.lower()}_{self._names}"

    def _element_type(self, dtype: str) -> int:
        element: int = self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return element


def _onnx() -> ModuleType:
    """Return `onnx`, which only writing a file needs: serving one does not."""
    try:
        import onnx  # noqa: PLC0415 - lazily, see above
        import onnx.checker  # noqa: PLC0415
        import onnx.helper  # noqa: PLC0415
        import onnx.numpy_helper  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        raise missing_extra("Writing ONNX", "models", missing) from None
    return onnx


def _axes(shape: tuple[int | None, ...]) -> list[int | str]:
    return [BATCH, *(f"axis_{at}" if size is None else size for at, size in enumerate(shape, 1))]
