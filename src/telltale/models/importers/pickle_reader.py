"""Reads the numbers out of a pickle without unpickling it: no name in it is looked up or called.

A pickle is a program for a small stack machine. Here that program is walked through with stand-ins
for everything that it would import, call or build, so that what it would do stays what it says.
Arrays are then put together from their bytes; names other than those allowed are refused.

Source: the opcodes are those of Python's `pickletools`.
"""

from __future__ import annotations

import pickle  # for its exception only
import pickletools
from collections.abc import Callable
from typing import Any, BinaryIO

from telltale.errors import ModelError
from telltale.models.importers.pickle_machine import MARK, Machine, Made

MAX_OPCODES = 200_000


def _push(machine: Machine, argument: Any) -> None:
    machine.stack.append(argument)


def _stack_global(machine: Machine, _: Any) -> None:
    name, module = machine.stack.pop(), machine.stack.pop()
    machine.stack.append(machine.named(str(module), str(name)))


def _reduce(machine: Machine, _: Any) -> None:
    arguments, by = machine.stack.pop(), machine.stack.pop()
    machine.stack.append(machine.called(by, arguments))


def _inst(machine: Machine, argument: str) -> None:
    module, _, name = argument.partition(" ")
    machine.stack.append(machine.called(machine.named(module, name), tuple(machine.collected())))


def _obj(machine: Machine, _: Any) -> None:
    by, *arguments = machine.collected()
    machine.stack.append(machine.called(by, tuple(arguments)))


def _build(machine: Machine, _: Any) -> None:
    state = machine.stack.pop()
    machine.built(machine.stack[-1], state)


def _add_items(machine: Machine, items: list[Any]) -> None:
    target = machine.stack[-1]
    if not isinstance(target, dict):
        raise ModelError("Pickle refused: it would set items of what is no dictionary.")
    target.update(_pairs(items))


def _pairs(items: list[Any]) -> dict[Any, Any]:
    return {_plain(key): value for key, value in zip(items[::2], items[1::2], strict=True)}


def _plain(key: Any) -> Any:
    return key if isinstance(key, str | int | float | bytes | None) else repr(type(key))


def _append(machine: Machine, items: list[Any]) -> None:
    target = machine.stack[-1]
    if not isinstance(target, list):
        raise ModelError("Pickle refused: it would append to what is no list.")
    target.extend(items)


def _tuple(count: int) -> Callable[[Machine, Any], None]:
    def step(machine: Machine, _: Any) -> None:
        items = [machine.stack.pop() for _ in range(count)]
        machine.stack.append(tuple(items[::-1]))

    return step


def _setitem(machine: Machine, _: Any) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    _add_items(machine, [key, value])


def _append_one(machine: Machine, _: Any) -> None:
    item = machine.stack.pop()
    _append(machine, [item])


def _pop(machine: Machine, _: Any) -> None:
    machine.stack.pop()


def _pop_mark(machine: Machine, _: Any) -> None:
    machine.collected()


def _memoize(machine: Machine, argument: Any) -> None:
    at = len(machine.memo) if argument is None else int(argument)
    machine.memo[at] = machine.stack[-1]


LITERALS = (
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING"),
    *("UNICODE", "BINUNICODE", "BINUNICODE8", "SHORT_BINUNICODE"),
    *("BINBYTES", "BINBYTES8", "SHORT_BINBYTES", "BYTEARRAY8"),
)
STEPS: dict[str, Callable[[Machine, Any], None]] = {
    **dict.fromkeys(LITERALS, _push),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), _memoize),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda m, at: m.stack.append(m.memo[at])),
    **dict.fromkeys(("PROTO", "FRAME"), lambda m, _: None),
    "APPEND": _append_one,
    "APPENDS": lambda m, _: _append(m, m.collected()),
    "BUILD": _build,
    "DICT": lambda m, _: m.stack.append(_pairs(m.collected())),
    "DUP": lambda m, _: m.stack.append(m.stack[-1]),
    "EMPTY_DICT": lambda m, _: m.stack.append({}),
    "EMPTY_LIST": lambda m, _: m.stack.append([]),
    "EMPTY_TUPLE": lambda m, _: m.stack.append(()),
    "GLOBAL": lambda m, a: m.stack.append(m.named(*a.split(" ", 1))),
    "INST": _inst,
    "LIST": lambda m, _: m.stack.append(m.collected()),
    "MARK": lambda m, _: m.stack.append(MARK),
    "NEWFALSE": lambda m, _: m.stack.append(False),
    "NEWOBJ": _reduce,
    "NEWTRUE": lambda m, _: m.stack.append(True),
    "NONE": lambda m, _: m.stack.append(None),
    "OBJ": _obj,
    "POP": _pop,
    "POP_MARK": _pop_mark,
    "REDUCE": _reduce,
    "SETITEM": _setitem,
    "SETITEMS": lambda m, _: _add_items(m, m.collected()),
    "STACK_GLOBAL": _stack_global,
    "TUPLE": lambda m, _: m.stack.append(tuple(m.collected())),
    "TUPLE1": _tuple(1),
    "TUPLE2": _tuple(2),
    "TUPLE3": _tuple(3),
}


def read_pickle(file: BinaryIO, classes: frozenset[str]) -> Made:
    """Return the one object that a pickle holds, as the call and state that would make it.

    Args:
        file: The pickle, or what joblib wrote, unpacked.
        classes: Full names of the classes that it may hold.

    Raises:
        ModelError: It holds something else, is damaged, or is too large.
    """
    try:
        found = _run(Machine(file, classes))
    except (
        ValueError,
        IndexError,
        KeyError,
        TypeError,
        AttributeError,
        OverflowError,
        pickle.UnpicklingError,
    ) as error:
        raise ModelError(
            f"Pickle: damaged ({type(error).__name__}: {error}). Nothing was run."
        ) from None
    if not isinstance(found, Made):
        raise ModelError(f"Pickle: it holds {type(found).__name__}, no estimator.")
    return found


def _run(machine: Machine) -> Any:
    """Return what a pickle says, made of stand-ins, plain values and arrays."""
    for count, (opcode, argument, _) in enumerate(pickletools.genops(machine.file)):
        if count > MAX_OPCODES:
            raise ModelError(f"Pickle: more than {MAX_OPCODES} steps.")
        if opcode.name == "STOP":
            return machine.stack.pop()
        step = STEPS.get(opcode.name)
        if step is None:
            raise ModelError(f"Pickle: {opcode.name} is not followed. Nothing was run.")
        step(machine, argument)
    raise ModelError("Pickle: it ends too early.")
