"""Step "predict": a machine's models. Each adds its outputs as columns, beside the metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np

from telltale.batch import Batch, FloatArray
from telltale.events import Event, EventKind, Level
from telltale.models.base import Model
from telltale.pipeline.base import Result
from telltale.pipeline.compiled import fingerprint


class PredictState(msgspec.Struct, frozen=True):
    """Where the models stand. The default means nothing seen yet.

    Attributes:
        models: Each one's own state, by name.
        failures: How often each could not be run.
    """

    models: dict[str, Any] = {}
    failures: dict[str, int] = {}


class Predict:
    """Runs models on what came in, gaps filled. One that fails costs its own columns only.

    Args:
        models: Those of one machine, by name.
    """

    name = "predict"

    def __init__(self, models: Mapping[str, Model]) -> None:
        self.models = models
        self._marks = {name: fingerprint(model.card) for name, model in models.items()}

    def start(self) -> PredictState:
        """Return the state before the first sample."""
        return PredictState()

    def run(self, result: Result, state: PredictState) -> tuple[Result, PredictState]:
        """Ask all models about one batch."""
        if not self.models or not len(result.batch):
            return result, state
        batch = result.batch.adding(result.aligned) if result.aligned else result.batch
        states, failures, events = dict(state.models), state.failures, result.events
        given: dict[str, FloatArray] = {}
        evidence = dict(result.evidence)
        for name, model in self.models.items():
            before = states[name] if name in states else model.start()
            try:
                prediction, states[name] = model.run(batch, before)
            except Exception as error:  # whatever a model does, the reading is kept
                columns: Mapping[str, FloatArray] = _missing(batch, tuple(model.card.outputs))
                if name not in failures:
                    events = (*events, _failure(model, batch, error))
                failures = {**failures, name: failures.get(name, 0) + 1}
            else:
                columns = prediction.columns
                if prediction.evidence is not None:
                    evidence |= dict.fromkeys(columns, prediction.evidence)
            given.update(columns)
        result = replace(result, batch=result.batch.adding(given), events=events, evidence=evidence)
        return result, PredictState(states, failures)

    def pack(self, state: PredictState) -> Any:
        """Return the state of each model with its version's mark."""
        packed = {n: self.models[n].pack(s) for n, s in state.models.items() if n in self.models}
        return _Packed(dict(self._marks), packed, state.failures)

    def unpack(self, packed: msgspec.Raw) -> PredictState:
        """Return the packed state; another version of a model starts afresh."""
        try:
            read = msgspec.msgpack.decode(packed, type=_Raw)
        except msgspec.MsgspecError:
            return self.start()
        states = {}
        for name, model in self.models.items():
            if name in read.models and read.marks.get(name) == self._marks[name]:
                try:
                    states[name] = model.unpack(read.models[name])
                except (msgspec.MsgspecError, ValueError):
                    continue
        return PredictState(states, {n: c for n, c in read.failures.items() if n in states})


class _Packed(msgspec.Struct):
    marks: dict[str, str]
    models: dict[str, Any]
    failures: dict[str, int]


class _Raw(msgspec.Struct):
    marks: dict[str, str]
    models: dict[str, msgspec.Raw]
    failures: dict[str, int]


def _missing(batch: Batch, names: Sequence[str]) -> dict[str, FloatArray]:
    return {name: np.full(len(batch), np.nan) for name in names}


def _failure(model: Model, batch: Batch, error: Exception) -> Event:
    """Return the note that a model could not be run for the first time."""
    at_ns = int(batch.time_ns[0])
    return Event(
        key=f"{batch.machine}/note/{model.card.name}/model_failed/{at_ns}",
        machine=batch.machine,
        kind=EventKind.NOTE,
        level=Level.WARN,
        name="",
        rule="model_failed",
        start_ns=at_ns,
        end_ns=at_ns,
        message=f"{model.card.title} could not be asked: {error}. The readings are kept.",
    )
