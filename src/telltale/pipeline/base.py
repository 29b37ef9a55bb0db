"""`Step`: the seam of computation. A step takes a batch and a state and gives both back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from telltale.batch import Batch, BoolArray, FloatArray, IntArray
from telltale.events import Event
from telltale.models.base import Evidence


@dataclass(frozen=True, slots=True)
class Result:
    """What the pipeline made of one batch.

    Attributes:
        batch: As measured (NaN stays NaN), with the derived columns added. This is kept.
        filled: Per channel, shape (n,): True where the pipeline used a forward-filled value.
            A channel that is absent was filled nowhere.
        events: Episodes that opened, worsened or closed, in time order.
        late: Samples older than the machine's newest. Kept, but not worked out.
        aligned: Channels of which samples were filled, as the pipeline uses them. Not kept.
        evidence: By output of a model, gives the evidence for rows of the batch. Not kept.
        because: By column, what its sender says explains it, one sentence. Not kept.
    """

    batch: Batch
    filled: Mapping[str, BoolArray] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    late: Batch | None = None
    aligned: Mapping[str, FloatArray] = field(default_factory=dict)
    evidence: Mapping[str, Callable[[IntArray], Evidence]] = field(default_factory=dict)
    because: Mapping[str, str] = field(default_factory=dict)


class Step(Protocol):
    """One stage. Pure: the same batch and state give the same answer, inputs stay untouched.

    State is a value that `msgspec` can encode, so that a worker can hand a machine on, and the
    answer does not depend on where the stream was cut.

    Attributes:
        name: Unique in the pipeline; the key of its state.
    """

    name: str

    def start(self) -> Any:  # Any: each step has its own state type
        """Return the state before the first sample."""

    def run(self, result: Result, state: Any) -> tuple[Result, Any]:
        """Work out one batch: return the result so far, enriched, and the next state."""

    def pack(self, state: Any) -> Any:
        """Return the state as `msgspec` can encode it, marked with what it was computed by."""

    def unpack(self, packed: msgspec.Raw) -> Any:
        """Return the packed state; what cannot be used any more starts afresh, never raises."""
