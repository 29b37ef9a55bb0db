"""`WaveformModel`: cuts a waveform into windows that do not overlap, and asks a core about each."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, Batch, BoolArray, FloatArray, IntArray
from telltale.errors import ModelError
from telltale.models.base import Core, Evidence, Prediction
from telltale.models.card import Card

RATE_TOLERANCE = 0.01  # a recording marked with another rate would be diagnosed wrongly
MOST_PAUSE_SAMPLES = 1.5  # between two samples; a longer one breaks the waveform


@dataclass(frozen=True, slots=True, eq=False)
class WaveformState:
    """The window in progress.

    Attributes:
        time_ns: Of its samples so far, shape (k,), fewer than the window.
        values: The samples, shape (k, columns).
    """

    time_ns: IntArray
    values: FloatArray


class _Packed(msgspec.Struct, frozen=True):
    time_ns: bytes
    values: bytes


class WaveformModel:
    """Answers at the last sample of each full window; all other rows are NaN. See `Model`.

    A missing value or a pause breaks the waveform: the window begins again after it. A window
    whose times do not fit the card's `rate_hz` gets no answer.

    Args:
        card: `settings["rate_hz"]` is the sampling rate; its columns are its inputs.
        core: Gives one row of outputs for each window.
    """

    def __init__(self, card: Card, core: Core) -> None:
        if card.columns != tuple(card.inputs) or card.features or card.after:
            raise ModelError(
                f"{card.name}/card.json: a waveform enters as it is. Leave out features and "
                "after, and name the inputs in columns."
            )
        if unknown := set(card.outputs) - set(card.core_outputs):
            raise ModelError(
                f"{card.name}/card.json: output {min(unknown)!r} is not in core_outputs: "
                f"{', '.join(card.core_outputs)}."
            )
        self.card = card
        self.core = core
        self._sample_ns = NS_PER_S / setting(card, "rate_hz")

    def start(self) -> WaveformState:
        """Return the state before the first sample."""
        return WaveformState(np.zeros(0, dtype=np.int64), np.zeros((0, len(self.card.columns))))

    def progress(self, state: WaveformState) -> tuple[int, int]:
        """Return how many samples the window in progress holds of those it needs."""
        return len(state.time_ns), self.card.window.samples

    def run(self, batch: Batch, state: WaveformState) -> tuple[Prediction, WaveformState]:
        """Work out one batch."""
        inputs = batch.select(self.card.columns)
        new = np.stack([inputs.columns[name] for name in self.card.columns], axis=1)
        joined = WaveformState(
            np.concatenate([state.time_ns, batch.time_ns]), np.concatenate([state.values, new])
        )
        answers = np.full((len(joined.time_ns), len(self.card.core_outputs)), np.nan)
        ready = self.start()
        for start, stop in self._unbroken(joined):
            end = start + (stop - start) // self.card.window.samples * self.card.window.samples
            self._answer(joined, start, end, answers)
            if stop == len(joined.time_ns):
                ready = WaveformState(joined.time_ns[end:].copy(), joined.values[end:].copy())
        of_batch = answers[len(state.time_ns) :].T
        named = dict(zip(self.card.core_outputs, of_batch, strict=True))
        columns = {name: np.ascontiguousarray(named[name]) for name in self.card.outputs}
        n_kept, is_told = len(state.time_ns), np.isfinite(answers).any(axis=1)
        return (
            Prediction(columns, lambda rows: self._evidence(joined, is_told, rows + n_kept)),
            ready,
        )

    def _unbroken(self, joined: WaveformState) -> list[tuple[int, int]]:
        """Return start and stop of each part in which nothing is missing."""
        n = len(joined.time_ns)
        is_whole = np.asarray(np.isfinite(joined.values).all(axis=1), dtype=np.bool_)
        is_joined = is_whole[1:] & is_whole[:-1]
        is_joined &= np.diff(joined.time_ns) <= MOST_PAUSE_SAMPLES * self._sample_ns
        cuts = [0, *(np.flatnonzero(~is_joined) + 1).tolist(), n]
        return [(a, b) for a, b in pairwise(cuts) if a < b and is_whole[a]]

    def _answer(self, joined: WaveformState, start: int, end: int, answers: FloatArray) -> None:
        """Ask about the windows between start and end, and write down what is answered."""
        samples = self.card.window.samples
        lasts = np.arange(start + samples - 1, end, samples)
        span_ns = joined.time_ns[lasts] - joined.time_ns[lasts - samples + 1]
        expected_ns = (samples - 1) * self._sample_ns
        is_right = np.abs(span_ns - expected_ns) <= RATE_TOLERANCE * expected_ns
        if is_right.any():
            windows = joined.values[start:end].reshape(len(lasts), samples, -1)
            answers[lasts[is_right]] = self.core.run(windows[is_right])

    def _evidence(self, joined: WaveformState, is_told: BoolArray, ends: IntArray) -> Evidence:
        """Return the evidence of the windows that end at these rows; the core knows it by input.

        A single sample of a waveform means nothing, so `value` and the like stay NaN.
        """
        samples, names = self.card.window.samples, self.card.columns
        unknown = np.full((len(ends), len(names)), np.nan)
        share, asked = unknown.copy(), np.flatnonzero(is_told[ends])
        if len(asked):
            starts = ends[asked] - samples + 1
            windows = np.stack([joined.values[at : at + samples] for at in starts])
            known = self.core.evidence(windows)
            if known is not None:
                share[asked] = known.share
        return Evidence(share, unknown, unknown.copy(), unknown.copy(), names)

    def pack(self, state: WaveformState) -> Any:
        """Return the state as `msgspec` can encode it."""
        return _Packed(state.time_ns.tobytes(), state.values.tobytes())

    def unpack(self, packed: msgspec.Raw) -> WaveformState:
        """Return the packed state."""
        read = msgspec.msgpack.decode(packed, type=_Packed)
        n, width = len(read.time_ns) // 8, len(self.card.columns)
        if n >= self.card.window.samples or len(read.values) != n * width * 8:
            raise msgspec.ValidationError(f"{self.card.name}: the kept window has another shape")
        values = np.frombuffer(read.values).reshape(n, width)
        return WaveformState(np.frombuffer(read.time_ns, dtype=np.int64), values)


def setting(card: Card, name: str) -> float:
    """Return a setting of the core that must be a positive number. Raises ModelError."""
    value = card.settings.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0.0:
        raise ModelError(
            f"{card.name}/card.json: settings.{name} is {value!r}. Give a positive number."
        )
    return float(value)
