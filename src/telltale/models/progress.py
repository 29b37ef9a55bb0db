"""How far long work is, told from within it; and where it ends when nobody wants it any more.

A loop that takes long says `step(done, total, "epoch")` once per round. Whoever started it hears
that, and may end it there: a thread cannot be ended from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple, TypeAlias


class Step(NamedTuple):
    """So many rounds of a loop are done, of so many; `what` a round is, one word."""

    done: int
    total: int
    what: str

    def __str__(self) -> str:
        """Return it as people read it: "epoch 3 of 20"."""
        return f"{self.what} {self.done} of {self.total}"


class Stopped(BaseException):
    """Nobody wants the work any more. No error: nothing that catches errors may go on after it."""


Listener: TypeAlias = Callable[[Step | None], None]
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


def go_on() -> None:
    """Say nothing, and end here if nobody wants the work any more; for rounds of little meaning.

    Raises:
        Stopped: The work is to end here. Let it through.
    """
    listener = _listener.get()
    if listener is not None:
        listener(None)


def step(done: int, total: int, what: str) -> None:
    """Say how far a loop is. Costs a fraction of a microsecond where nobody listens.

    Raises:
        Stopped: The work is to end here. Let it through.
    """
    listener = _listener.get()
    if listener is not None:
        listener(Step(done, total, what))


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """Have the steps of this thread heard; None is a round of no meaning.

    The listener may raise `Stopped`, at either.
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
