"""`Trace`: what was tried on the way to a car, and what was said, for people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from telltale.sources.obd.adapter import Exchange


@dataclass(slots=True)
class Trace:
    """Whom to tell on the way.

    Attributes:
        listener: Is told every exchange with the adapter.
        on_step: Is told each step and how it went.
    """

    listener: Callable[[Exchange], None] | None = None
    on_step: Callable[[str, str], None] | None = None

    def step(self, what: str, outcome: str) -> None:
        """Tell a step and how it went."""
        if self.on_step is not None:
            self.on_step(what, outcome)
