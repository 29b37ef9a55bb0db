"""The novelty detector: a value is strange when nothing near it was ever seen.

Each input, as it is and averaged over its last samples, has a memory of all values so far. A new
value's distance from the nearest known one is compared with what such distances usually were: a
spike, a level never held, a drift beyond the known range, and also a value in a gap between two
known levels stand out, whatever the input's unit or distribution. There is nothing to train; it
goes on learning, so what comes again is known and not told twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, Batch, FloatArray, IntArray
from telltale.errors import ModelError
from telltale.models.base import Evidence, Prediction
from telltale.models.card import Card, Input, Threshold, Training
from telltale.models.folder import complete, stamped
from telltale.models.novelty.memory import Memory
from telltale.models.novelty.record import Record
from telltale.models.novelty.watched_input import WatchedInput
from telltale.models.progress import go_on
from telltale.models.shares import shares_of
from telltale.profiles.schema import Limits, Output

LIMIT_SIGMAS = 6.0  # middle of a plateau from 4 to 8 on 13 series of the NAB set
METHOD = (
    "Standard deviations above the usual distance from known values; 6 is the middle of a plateau "
    "on 13 series of the NAB set. On steady noise about one sample in 3,000 is told at 6."
)
PIECE_ROWS = 4096  # looked at before anybody may end it
PARITY_SPARE = 32  # answers stored beyond the first

AtLeastOne = Annotated[int, msgspec.Meta(ge=1, le=4096)]


class NoveltySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the detector looks at its inputs.

    Attributes:
        averages: Samples in the running means that are looked at; 1 is the input itself.
        quiet: For so many samples after a strange value only a stranger one is told.
        learning: Samples before the first score.
    """

    averages: Annotated[tuple[AtLeastOne, ...], msgspec.Meta(min_length=1, max_length=8)] = (1, 20)
    quiet: AtLeastOne = 100
    learning: AtLeastOne = 100


DEFAULT = NoveltySettings()


class NoveltyState(msgspec.Struct, frozen=True):
    """Where the detector stands on one machine.

    Attributes:
        seen: Complete samples so far.
        signals: Of each input its newest values, and a memory for each average.
        record: The greatest scores of late, in standard deviations, by sample.
    """

    seen: int
    signals: list[tuple[list[float], list[Memory]]]
    record: list[tuple[int, float]]


class NoveltyDetector:
    """Scores each sample by its strangest input. One pass, causal, pure: see `Model`.

    The score is in multiples of the card's threshold, or of the greatest score of the last
    `quiet` samples where that is larger: above 1 means strange, and stranger than what was told
    already. Samples that lack an input are passed over.

    Args:
        card: With a threshold in standard deviations, and `NoveltySettings` as settings.

    Raises:
        ModelError: The card is not one of this detector.
    """

    def __init__(self, card: Card) -> None:
        if card.threshold is None or not card.threshold.value > 0.0 or len(card.outputs) != 1:
            raise ModelError(
                f"{card.name}/card.json: a novelty detector has one output, and a threshold "
                "above 0."
            )
        try:
            self.settings = msgspec.convert(card.settings, NoveltySettings)
        except msgspec.ValidationError as error:
            raise ModelError(f"{card.name}/card.json: settings: {error}.") from None
        self.card = card
        self._threshold = card.threshold.value
        self._inputs = tuple(card.inputs)
        (self._output,) = card.outputs

    def start(self) -> NoveltyState:
        """Return the state before the first sample."""
        nothing = [Memory()] * len(self.settings.averages)
        return NoveltyState(0, [([], nothing) for _ in self._inputs], [])

    def progress(self, state: NoveltyState) -> tuple[int, int]:
        """Return how many complete samples were seen of those needed."""
        return min(state.seen, self.settings.learning), self.settings.learning

    def run(self, batch: Batch, state: NoveltyState) -> tuple[Prediction, NoveltyState]:
        """Score a batch, sample by sample, learning from each."""
        looks, seen, signals = self._looked(batch, state)
        record = Record(self.settings.quiet, state.record)
        score = np.full(len(batch), np.nan)
        sigmas = _strangest(looks)
        for row in np.flatnonzero(np.isfinite(sigmas)).tolist():
            strangest, at = float(sigmas[row]), int(seen[row])
            score[row] = strangest / max(self._threshold, record.greatest(at))
            record.take(at, strangest)
        after = NoveltyState(state.seen + int(np.isfinite(seen).sum()), signals, record.kept())
        return Prediction({self._output: score}, _evidence(looks, self._inputs)), after

    def sigmas(self, batch: Batch) -> FloatArray:
        """Return how strange each sample is, in standard deviations, shape (n,); NaN unknown."""
        state, found = self.start(), [np.zeros(0)]
        for start in range(0, len(batch), PIECE_ROWS):
            go_on()
            looks, seen, signals = self._looked(batch.rows(start, start + PIECE_ROWS), state)
            state = NoveltyState(state.seen + int(np.isfinite(seen).sum()), signals, [])
            found.append(_strangest(looks))
        return np.concatenate(found)

    def _looked(
        self, batch: Batch, state: NoveltyState
    ) -> tuple[FloatArray, FloatArray, list[tuple[list[float], list[Memory]]]]:
        """Return the look at each sample and input, each sample's number, and the next signals.

        Looks have the shape (n, inputs, 4), NaN while learning; numbers are NaN where an input is
        missing.
        """
        columns = batch.select(self._inputs).columns
        values = np.stack([columns[name] for name in self._inputs], axis=1)
        rows = np.flatnonzero(np.isfinite(values).all(axis=1))
        watched = [
            WatchedInput(self.settings.averages, *kept, self._threshold) for kept in state.signals
        ]
        seen = np.full(len(batch), np.nan)
        seen[rows] = np.arange(state.seen, state.seen + len(rows))
        looks = np.full((len(batch), len(watched), 4), np.nan)
        for row in rows.tolist():
            found = [one.look(x) for one, x in zip(watched, values[row].tolist(), strict=True)]
            if seen[row] >= self.settings.learning:
                looks[row] = found
        return looks, seen, [one.kept() for one in watched]

    def pack(self, state: NoveltyState) -> Any:
        """Return the state as `msgspec` can encode it."""
        return state

    def unpack(self, packed: msgspec.Raw) -> NoveltyState:
        """Return the packed state. Raises `msgspec.ValidationError` if it is of another model."""
        state = msgspec.msgpack.decode(packed, type=NoveltyState)
        n = len(self.settings.averages)
        if len(state.signals) != len(self._inputs) or any(len(m) != n for _, m in state.signals):
            raise msgspec.ValidationError(f"{self.card.name}: the state is of other inputs")
        return state


def novelty_detector(card: Card, files: Mapping[str, bytes]) -> NoveltyDetector:
    """Return the detector of a card; it has no parameters, so nothing is read from the files."""
    return NoveltyDetector(card)


def novelty_model(
    name: str,
    inputs: Mapping[str, Input],
    *,
    limit_sigmas: float = LIMIT_SIGMAS,
    settings: NoveltySettings = DEFAULT,
) -> tuple[Card, dict[str, bytes]]:
    """Return card and files of a detector that will learn from the first sample on.

    Args:
        name: Of the model, one word; its output is "<name>_score".
        inputs: Columns to watch, with their units.
        limit_sigmas: How far a distance must lie above the usual to be strange.
        settings: How the detector looks.
    """
    score = f"{name}_score"
    output = Output("Novelty", "1", normal=(0.0, 1.0), limits=Limits(warn_above=1.0))
    card = Card(
        name=name,
        title="Novelty",
        task="anomaly",
        runtime="novelty",
        inputs=dict(inputs),
        columns=tuple(inputs),
        core_outputs=(score,),
        outputs={score: output},
        settings=msgspec.json.decode(msgspec.json.encode(settings)),  # as it reads back
        threshold=Threshold(limit_sigmas, METHOD),
        training=Training("None: it learns from the machine's own samples, for ever.", False),
    )
    return complete(stamped(card), {}, _parity_samples(card, settings))


def _parity_samples(card: Card, settings: NoveltySettings) -> Batch:
    """Return waves that end beyond what they were: the detector must say so again at each load."""
    n = settings.learning + max(settings.averages) + PARITY_SPARE
    wave = np.sin(np.arange(n) * 0.7) + 0.3 * np.sin(np.arange(n) * 0.31)
    wave[-PARITY_SPARE // 2] = 5.0
    return Batch(card.name, np.arange(n) * NS_PER_S, dict.fromkeys(card.inputs, wave))


def _strangest(looks: FloatArray) -> FloatArray:
    """Return the strangest input's standard deviations, shape (n, inputs, 4) to (n,)."""
    strangest: FloatArray = looks[:, :, 0].max(axis=1)
    return strangest


def _evidence(looks: FloatArray, names: tuple[str, ...]) -> Callable[[IntArray], Evidence]:
    """Return what gives the evidence for rows of a batch, looks shape (n, inputs, 4)."""

    def evidence(rows: IntArray) -> Evidence:
        sigmas, value, expected, bound = np.moveaxis(looks[rows], 2, 0)
        share = shares_of(np.maximum(sigmas, 0.0))
        return Evidence(share, value, expected, bound, names)

    return evidence
