"""The stack machine that a pickle is a program for, with stand-ins for all that it would make.

Source: how NumPy writes arrays is in `numpy.ndarray.__reduce__`, how joblib does in its
documentation of its format.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np

from telltale.errors import ModelError

MAX_ARRAY_BYTES = 64 * 2**20
MAX_ITEM = 1_000  # characters of a text in an array: a class's name

RECONSTRUCT = "ndarray's _reconstruct"
NUMPY_NAMES = {  # module and name -> what it stands for
    ("numpy", "dtype"): "dtype",
    ("numpy", "ndarray"): "ndarray",
    ("numpy.core.multiarray", "_reconstruct"): RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): RECONSTRUCT,
    ("numpy.core.multiarray", "scalar"): "scalar",
    ("numpy._core.multiarray", "scalar"): "scalar",
    ("numpy.core.numeric", "_frombuffer"): "_frombuffer",
    ("numpy._core.numeric", "_frombuffer"): "_frombuffer",
    ("joblib.numpy_pickle", "NumpyArrayWrapper"): "NumpyArrayWrapper",
    ("_codecs", "encode"): "encode",
    ("copyreg", "_reconstructor"): "_reconstructor",
    ("copy_reg", "_reconstructor"): "_reconstructor",
    ("builtins", "object"): "object",
    ("__builtin__", "object"): "object",
}


@dataclass(frozen=True, slots=True)
class Name:
    """What a pickle would import, never imported."""

    name: str


@dataclass(slots=True)
class Made:
    """What a pickle would make by calling something: the call, and what is set on it later."""

    by: str
    arguments: tuple[Any, ...]
    state: Any = None
    array: np.ndarray | None = None


class _Mark:
    """Where a collection begins on the stack."""


MARK = _Mark()


@dataclass(slots=True)
class Machine:
    """The stack machine. One file, one use.

    Attributes:
        file: The pickle; arrays of joblib stand between its opcodes.
        classes: Full names of classes that may be stood in for.
    """

    file: BinaryIO
    classes: frozenset[str]
    stack: list[Any] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)
    array_bytes: int = 0

    def collected(self) -> list[Any]:
        """Take what stands on the stack since the last mark."""
        found: list[Any] = []
        while (top := self.stack.pop()) is not MARK:
            found.append(top)
        return found[::-1]

    def named(self, module: str, name: str) -> Name:
        """Return a stand-in for a name, if it is one that may occur."""
        if (known := NUMPY_NAMES.get((module, name))) is not None:
            return Name(known)
        full = f"{module}.{name}"
        if full not in self.classes:
            raise ModelError(
                f"Pickle refused: it would import {full!r}, which a scaler has no use for. "
                "Nothing was run. Export the model as ONNX instead."
            )
        return Name(full)

    def called(self, by: Any, arguments: Any) -> Any:
        """Return what a call stands for."""
        if not isinstance(by, Name) or not isinstance(arguments, tuple):
            raise ModelError("Pickle refused: it would call what is no name. Nothing was run.")
        if by.name == "encode":  # how Python 2's protocols write bytes
            text, encoding = arguments
            if encoding != "latin1":
                raise ModelError(f"Pickle refused: bytes written as {encoding!r}.")
            return text.encode("latin-1")
        if by.name == "_reconstructor":  # and how they write objects
            return Made(arguments[0].name, ())
        made = Made(by.name, arguments)
        if by.name == "scalar":
            made.array = np.frombuffer(arguments[1], dtype_of(arguments[0]), count=1)
        elif by.name == "_frombuffer":
            data, dtype, shape, order = arguments
            made.array = self.array(bytes(data), dtype, shape, is_fortran=order == "F")
        return made

    def built(self, made: Any, state: Any) -> None:
        """Set the state of what was made; for arrays, put them together."""
        if not isinstance(made, Made):
            raise ModelError("Pickle refused: it would change what it did not make.")
        made.state = state
        if made.by == RECONSTRUCT:
            _, shape, dtype, is_fortran, data = state
            made.array = (
                np.array([str(item) for item in data]).reshape(shape)
                if isinstance(data, list)  # of objects: names of columns or classes
                else self.array(data, dtype, shape, is_fortran=bool(is_fortran))
            )
        elif made.by == "NumpyArrayWrapper":
            made.array = self.wrapped(state)

    def array(self, data: bytes, dtype: Any, shape: Any, *, is_fortran: bool) -> np.ndarray:
        """Return an array of its bytes."""
        flat = np.frombuffer(data, dtype_of(dtype))
        if flat.size != math.prod(shape):
            raise ModelError(f"Pickle: an array of shape {shape} has {flat.size} numbers.")
        return flat.reshape(shape, order="F" if is_fortran else "C")

    def wrapped(self, about: dict[str, Any]) -> np.ndarray:
        """Read an array that joblib wrote between the opcodes."""
        if about.get("allow_mmap") is not None and "numpy_array_alignment_bytes" in about:
            padding = self.file.read(1)
            self.file.read(padding[0] if padding else 0)
        dtype, shape = dtype_of(about["dtype"]), about["shape"]
        size = math.prod(shape) * dtype.itemsize
        self.array_bytes += size
        if size < 0 or self.array_bytes > MAX_ARRAY_BYTES:
            raise ModelError(f"Pickle: arrays of more than {MAX_ARRAY_BYTES // 2**20} MB.")
        data = self.file.read(size)
        return self.array(data, about["dtype"], shape, is_fortran=about["order"] == "F")


def dtype_of(made: Any) -> np.dtype:
    """Return a plain element type that a pickle describes."""
    if not isinstance(made, Made) or made.by != "dtype":
        raise ModelError("Pickle: an array without an element type.")
    code = str(made.arguments[0])
    order = made.state[1] if made.state else "|"
    is_plain = code[:1] in tuple("fiubU") and code[1:].isdigit() and int(code[1:]) <= MAX_ITEM
    if not is_plain or order not in ("<", ">", "|", "="):
        raise ModelError(f"Pickle refused: an array of {code!r} where numbers belong.")
    return np.dtype(f"{order}{code}")
