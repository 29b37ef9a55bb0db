"""ONNX Runtime behind one small class: one thread, the CPU, one array in, arrays out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from telltale.errors import ModelError
from telltale.registry import missing_extra

CPU = "CPUExecutionProvider"
FATAL_ONLY = 4  # ONNX Runtime's own words go to the terminal; what it raises, we say
OPTIONS = {
    "session.intra_op.allow_spinning": "0",  # a waiting thread takes no core
    "session.inter_op.allow_spinning": "0",
}
MAX_RESULT_ELEMENTS = 64_000_000  # half a gigabyte of float64 from one call
DTYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(bool)": "bool",
}


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One input or output of a model.

    Attributes:
        name: As in the file.
        shape: Length of each axis, the first that of the batch; None where it may differ.
        dtype: NumPy's name of the element type.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str


class OnnxSession:
    """One loaded model. Holds no state between calls, and serves one call at a time.

    Args:
        model: The file's bytes, which `onnx_files.check.check_onnx` has let through.

    Attributes:
        input: What `run` takes.
        outputs: What `run` gives, in order. Outputs that are no numbers are left out.

    Raises:
        ModelError: ONNX Runtime cannot load it, or it is not of the kind that telltale runs.
        MissingExtraError: ONNX Runtime is not installed.
    """

    def __init__(self, model: bytes) -> None:
        runtime = _runtime()
        try:
            self._session: Any = runtime.InferenceSession(  # Any: it has no types
                model, sess_options=_options(runtime), providers=[CPU]
            )
        except Exception as error:
            raise ModelError(f"ONNX Runtime cannot load the model: {_said(error)}") from None
        inputs = [_spec(value) for value in self._session.get_inputs()]
        outputs = [_spec(value) for value in self._session.get_outputs()]
        if len(inputs) != 1 or inputs[0] is None:
            raise ModelError("A model has one input, an array of numbers; this one has others.")
        self.input: TensorSpec = inputs[0]
        self.outputs: tuple[TensorSpec, ...] = tuple(spec for spec in outputs if spec is not None)
        if not self.outputs:
            raise ModelError("The model gives no array of numbers.")
        self._asked = [spec.name for spec in self.outputs]
        self._dtype = np.dtype(self.input.dtype)

    def run(self, values: np.ndarray) -> list[np.ndarray]:
        """Return the model's outputs, in the order of `outputs`.

        Args:
            values: Of the input's shape; converted to its type if need be.

        Raises:
            ModelError: The shape is another one, or the model fails.
        """
        given = np.ascontiguousarray(values, dtype=self._dtype)
        if not self._fits(given.shape):
            shown = ", ".join("any" if size is None else str(size) for size in self.input.shape)
            raise ModelError(f"The model takes an array of ({shown}), got {given.shape}.")
        try:
            found: list[np.ndarray] = self._session.run(self._asked, {self.input.name: given})
        except Exception as error:
            raise ModelError(f"The model fails on shape {given.shape}: {_said(error)}") from None
        if sum(array.size for array in found) > MAX_RESULT_ELEMENTS:
            raise ModelError(f"The model gives more than {MAX_RESULT_ELEMENTS} numbers at once.")
        return found

    def _fits(self, shape: tuple[int, ...]) -> bool:
        declared = self.input.shape
        return len(shape) == len(declared) and all(
            size is None or size == given for size, given in zip(declared, shape, strict=True)
        )


def _runtime() -> ModuleType:
    """Return ONNX Runtime, imported when the first model is loaded: it takes 0.1 s."""
    try:
        import onnxruntime  # noqa: PLC0415 - lazily, see above
    except ModuleNotFoundError as missing:
        raise missing_extra("Running a model", "models", missing) from None
    return onnxruntime  # type: ignore[no-any-return, unused-ignore]  # it has no types


def _options(runtime: ModuleType) -> Any:
    """Return settings for many small models in one process."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = runtime.ExecutionMode.ORT_SEQUENTIAL
    options.enable_cpu_mem_arena = False  # it never gives back: each model would keep its peak
    options.enable_mem_pattern = False  # plans memory per shape seen, without a bound
    options.log_severity_level = FATAL_ONLY
    for name, value in OPTIONS.items():
        options.add_session_config_entry(name, value)
    return options


def _spec(value: Any) -> TensorSpec | None:
    """Return what an input or output is; None if it is no array of numbers."""
    dtype = DTYPES.get(value.type)
    if dtype is None:
        return None
    shape = tuple(size if isinstance(size, int) else None for size in value.shape)
    return TensorSpec(value.name, shape, dtype)


def elements(shape: tuple[int | None, ...]) -> int:
    """Return how many numbers one sample of this shape holds, axes of any length counted as 1."""
    return math.prod(size or 1 for size in shape[1:])


def _said(error: Exception) -> str:
    """Return what ONNX Runtime said in one line, without the file of its own source code."""
    line = " ".join(str(error).split())
    return line.rpartition("onnxruntime::")[2][:300] if "onnxruntime::" in line else line[:300]
