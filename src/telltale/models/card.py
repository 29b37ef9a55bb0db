"""`Card`: what a model is, reads, gives and was trained on. The one page that goes with it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from telltale.errors import ModelError
from telltale.profiles.check import ID_RULE
from telltale.profiles.schema import Output

Task = Literal["anomaly", "fault", "health", "remaining_life", "forecast", "other"]
AtLeastOne = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
LONGEST_S = 10 * 365 * 86_400.0  # of a window: longer ones leave the range of times
StepSeconds = Annotated[float, msgspec.Meta(ge=0.0, le=LONGEST_S)]
Licence = Annotated[str, msgspec.Meta(pattern=r"^[!-~][ -~]{0,99}$")]


class Input(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A channel or metric that the model reads, in this unit."""

    unit: str


class Feature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column worked out before or after the core: a metric as in a profile, but not kept.

    Attributes:
        function: A name in `pipeline.metrics.METRICS`.
        inputs: Columns declared before, in the function's order.
        settings: Keyword settings of the function.
    """

    function: str
    inputs: tuple[str, ...]
    settings: dict[str, Any] = {}


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many samples the core sees at once, and when.

    Attributes:
        samples: Successive samples in one window.
        every_s: One sample per step of this length, the first in it; 0 takes every sample.
            Steps are counted from 1970, so they do not depend on where the stream began.
        gap_s: A longer pause between two samples empties the window; None never does.
    """

    samples: AtLeastOne = 1
    every_s: StepSeconds = 0.0
    gap_s: StepSeconds | None = None

    def __post_init__(self) -> None:
        """Refuse a window that no machine lives to fill. Raises ValueError."""
        if self.samples * self.every_s > LONGEST_S:
            raise ValueError(
                f"{self.samples} samples, one every {self.every_s:g} s, take longer than ten years"
            )


class Threshold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the limit of a score was set. A score is given in multiples of it: 1 is the limit.

    Attributes:
        value: In the score's own terms.
        method: One sentence: on which samples, by which rule.
        alarms_per_week: Expected on normal operation; None when it was not estimated.
    """

    value: Annotated[float, msgspec.Meta(ge=0.0)]
    method: str
    alarms_per_week: float | None = None


class Training(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the model learnt from.

    Attributes:
        data: One sentence.
        is_simulated: True if any of it came from a simulator or is synthetic.
        machine: Id of the machine, "" if it was not one machine of this telltale.
        start_ns, end_ns: The stretch of its readings.
        rows: Samples.
        sha256: Of times and values, as `training_hash` gives it; of several recordings, as
            `joint_hash` does.
        seconds: How long it took.
        asked: What was wished, so that it can be learnt anew; empty if telltale did not learn it.
    """

    data: str
    is_simulated: bool
    machine: str = ""
    start_ns: int = 0
    end_ns: int = 0
    rows: int = 0
    sha256: str = ""
    seconds: float | None = None
    asked: dict[str, Any] = {}


class Measured(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One measured quality: what, how much, on which data and by which protocol."""

    name: str
    value: float
    protocol: str


class Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one version of a model is.

    Attributes:
        name: The model's name, one word; versions of it share it.
        title: For people.
        task: What it answers.
        runtime: A name in `models.RUNTIMES`: what its files are and who runs them.
        inputs: Channels and metrics it reads.
        features: Columns worked out from the inputs, in order.
        columns: What enters the core, in its order: inputs and features.
        window: How many samples at once, and when.
        core_outputs: What the core gives, in its order.
        after: Columns worked out from what the core gives, e.g. smoothed, in order.
        outputs: Which of those become columns of the machine, by name.
        settings: Of the core.
        threshold: How its limit was set.
        normal: Per input its expected value and spread in training, for drift and explanations.
        training: What it learnt from.
        quality: What was measured of it.
        licence: SPDX name.
        versions: Of telltale and the libraries that made it.
        created_ns: When.
        files: SHA-256 of each file of the folder but this card, by name.
    """

    name: str
    title: str
    task: Task
    runtime: str
    inputs: dict[str, Input]
    columns: tuple[str, ...]
    core_outputs: tuple[str, ...]
    outputs: dict[str, Output]
    training: Training
    features: dict[str, Feature] = {}
    window: Window = Window()
    after: dict[str, Feature] = {}
    settings: dict[str, Any] = {}
    threshold: Threshold | None = None
    normal: dict[str, tuple[float, float]] = {}
    quality: tuple[Measured, ...] = ()
    licence: Licence = "Apache-2.0"
    versions: dict[str, str] = {}
    created_ns: int = 0
    files: dict[str, str] = {}


def read_card(text: bytes, where: str) -> Card:
    """Return the card that a `card.json` holds.

    Raises:
        ModelError: It is none; the message names the place in it.
    """
    try:
        card = msgspec.json.decode(text, type=Card)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ModelError(f"{where}: {error}. Fields: docs/reference/cards.md.") from None
    check_name(card.name, where)
    return card


def check_name(name: str, where: str) -> None:
    """Refuse what cannot name a model: it is part of columns and addresses. Raises ModelError."""
    if not ID_RULE.fullmatch(name):
        raise ModelError(
            f"{where}: the name {name[:100]!r} must be one word: at most 63 lower-case letters, "
            "digits and '_', a letter first."
        )


def threshold_of(card: Card) -> float:
    """Return the value of the card's threshold. Raises ModelError unless it is above 0."""
    if card.threshold is None or not card.threshold.value > 0.0:
        raise ModelError(f"{card.name}/card.json: threshold.value must be above 0.")
    return card.threshold.value


def written_card(card: Card) -> bytes:
    """Return a card as its file holds it: for people to read too."""
    return msgspec.json.format(msgspec.json.encode(card), indent=2)
