"""`Model`: the seam of prediction. A batch and a state go in, columns and the next state out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

import msgspec

from telltale.batch import Batch, FloatArray, IntArray
from telltale.models.card import Card


class ModelState(StrEnum):
    """How a model of a machine is, as it is shown."""

    NO_MODEL = "no_model"  # none was given to this machine
    LEARNING = "learning"  # more readings are needed first: n of m
    READY = "ready"
    STALE = "stale"  # its inputs have stopped coming
    FAILED = "failed"  # it could not be loaded or run; the reason is told


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why some samples got the value they got; m samples, k inputs of the card in their order.

    NaN where a thing is not known: nothing is made up.

    Attributes:
        share: Part of the value that each input explains, shape (m, k). Positive parts push the
            value up, negative ones down; the sizes of a row add up to 1.
        value: What the input was, in its unit, shape (m, k).
        expected: What it would have been in normal operation, shape (m, k).
        bound: Where the input alone would have to come back to for the output to be normal.
        names: Of the inputs.
    """

    share: FloatArray
    value: FloatArray
    expected: FloatArray
    bound: FloatArray
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model gives for one batch of n samples.

    Attributes:
        columns: By output, shape (n,); NaN where the model was not asked or does not know yet.
        evidence: Gives the evidence for some of the batch's rows; None if the model has none.
    """

    columns: Mapping[str, FloatArray]
    evidence: Callable[[IntArray], Evidence] | None = None


class Model(Protocol):
    """One trained model. Holds no state of any machine, so one serves several. Pure and causal.

    The same samples and state give the same bits, however the stream is cut; inputs stay
    untouched. A missing input gives a missing output, never a guess.

    Attributes:
        card: What it is, what it reads and what it gives.
    """

    card: Card

    def start(self) -> Any:  # Any: each model has its own state type
        """Return the state before the first sample."""

    def run(self, batch: Batch, state: Any) -> tuple[Prediction, Any]:
        """Work out one batch, of which at least the card's inputs are columns.

        Raises:
            ModelError: It cannot be run. The caller keeps the readings and tells.
        """

    def progress(self, state: Any) -> tuple[int, int]:
        """Return how many samples have been seen of those needed before the first answer."""

    def pack(self, state: Any) -> Any:
        """Return the state as `msgspec` can encode it."""

    def unpack(self, packed: msgspec.Raw) -> Any:
        """Return the packed state. Raises `msgspec.MsgspecError` when it is not this model's."""


@runtime_checkable
class Core(Protocol):
    """The heart of a `ComposedModel`: a function of windows, without state or time.

    A row's answer must not depend on which rows are asked beside it, to the last bit.
    """

    def run(self, windows: FloatArray) -> FloatArray:
        """Return the outputs, shape (m, outputs), of windows of shape (m, samples, columns)."""

    def evidence(self, windows: FloatArray) -> Evidence | None:
        """Return the evidence for these windows by column of the core; None if it has none."""


class CoreFactory(Protocol):
    """Makes a core, or a whole model that keeps learning, from what lies in a model's folder."""

    def __call__(self, card: Card, files: Mapping[str, bytes]) -> Core | Model:
        """Return it. Raises ModelError if the files are not what the card says."""
