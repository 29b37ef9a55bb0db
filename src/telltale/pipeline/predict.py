"""Step "predict": a machine's models. Each adds its outputs as columns, beside the metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import msgspec
import numpy as np

from telltale.batch import Batch, FloatArray
from telltale.events import Event, EventKind, Level
from telltale.models.base import Model, Prediction
from telltale.pipeline.base import Result
from telltale.pipeline.compiled import fingerprint
from telltale.pipeline.run_times import RunTime
from telltale.pipeline.shadows import Difference, compared

NONE: Mapping[str, Model] = MappingProxyType({})
SHADOW = " shadow"  # behind a name, tells a shadow's state from the active model's


class PredictState(msgspec.Struct, frozen=True):
    """Where the models stand. The default means nothing seen yet.

    Attributes:
        models: Each one's own state, by name; a shadow's has `SHADOW` behind the name.
        failures: How often each could not be run.
        differences: What shadows have shown, by name.
    """

    models: dict[str, Any] = {}
    failures: dict[str, int] = {}
    differences: dict[str, Difference] = {}


class Predict:
    """Runs models on what came in, gaps filled. One that fails costs its own columns only.

    Args:
        models: Those of one machine, by name.
        shadows: Run beside the model of the same name; they add no column.

    Attributes:
        times: How long each took; a shadow's has `SHADOW` behind the name.
    """

    name = "predict"

    def __init__(self, models: Mapping[str, Model], shadows: Mapping[str, Model] = NONE) -> None:
        self.models = models
        self.shadows = {name: model for name, model in shadows.items() if name in models}
        self._all = {**models, **{name + SHADOW: m for name, m in self.shadows.items()}}
        self.times = {name: RunTime() for name in self._all}
        self._marks = {name: fingerprint(model.card) for name, model in self._all.items()}

    def start(self) -> PredictState:
        """Return the state before the first sample."""
        return PredictState()

    def run(self, result: Result, state: PredictState) -> tuple[Result, PredictState]:
        """Ask all models about one batch."""
        if not self._all or not len(result.batch):
            return result, state
        batch = result.batch.adding(result.aligned) if result.aligned else result.batch
        states, failures, events = dict(state.models), state.failures, list(result.events)
        given: dict[str, Prediction] = {}
        for name, model in self._all.items():
            before = states[name] if name in states else model.start()
            try:
                with self.times[name].running(len(batch)):
                    given[name], states[name] = model.run(batch, before)
            except Exception as error:  # whatever a model does, the reading is kept
                given[name] = _missing(batch, model.card.outputs)
                if name not in failures:
                    events.append(_failure(model, batch, error))
                failures = {**failures, name: failures.get(name, 0) + 1}
        columns = {c: v for name in self.models for c, v in given[name].columns.items()}
        evidence = {
            column: give
            for name in self.models
            if (give := given[name].evidence) is not None
            for column in given[name].columns
        }
        result = replace(
            result, batch=result.batch.adding(columns), events=tuple(events), evidence=evidence
        )
        return result, PredictState(states, failures, self._differences(state, given))

    def _differences(
        self, state: PredictState, given: Mapping[str, Prediction]
    ) -> dict[str, Difference]:
        """Return what the shadows have shown after one more batch."""
        return {
            name: compared(
                state.differences.get(name, Difference()),
                model.card,
                given[name].columns,
                given[name + SHADOW].columns,
            )
            for name, model in self.shadows.items()
        }

    def pack(self, state: PredictState) -> Any:
        """Return the state of each model with its version's mark."""
        packed = {n: self._all[n].pack(s) for n, s in state.models.items() if n in self._all}
        return _Packed(dict(self._marks), packed, state.failures, state.differences)

    def unpack(self, packed: msgspec.Raw) -> PredictState:
        """Return the packed state; another version of a model starts afresh."""
        try:
            read = msgspec.msgpack.decode(packed, type=_Raw)
        except msgspec.MsgspecError:
            return self.start()
        same = {name for name, mark in self._marks.items() if read.marks.get(name) == mark}
        states = {}
        for name in same & read.models.keys():
            try:
                states[name] = self._all[name].unpack(read.models[name])
            except (msgspec.MsgspecError, ValueError):
                continue
        return PredictState(
            {name: states[name] for name in self._all if name in states},
            {name: count for name, count in read.failures.items() if name in same},
            {n: d for n, d in read.differences.items() if {n, n + SHADOW} <= same},
        )


class _Packed(msgspec.Struct):
    marks: dict[str, str]
    models: dict[str, Any]
    failures: dict[str, int]
    differences: dict[str, Difference]


class _Raw(msgspec.Struct):
    marks: dict[str, str]
    models: dict[str, msgspec.Raw]
    failures: dict[str, int]
    differences: dict[str, Difference] = {}


def _missing(batch: Batch, names: Iterable[str]) -> Prediction:
    missing: FloatArray = np.full(len(batch), np.nan)
    return Prediction(dict.fromkeys(names, missing))


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
