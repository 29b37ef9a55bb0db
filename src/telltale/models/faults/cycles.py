"""Which state each component of a machine is in, told once per working cycle.

A model of this kind runs like any other (runtime `cycle`), but no command or route learns one: it
is made by the judge `benchmarks/quality/hydraulic.py`, or by a script that calls `learnt_cycles`
with cycles cut and labelled. On a machine whose readings come one by one, faults are learnt from
labelled stretches: `labelled`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.base import Evidence
from telltale.models.card import Card, Input, Training, Window
from telltale.models.faults.discriminant import Discriminant, class_shares, fit_discriminant
from telltale.models.folder import packed_arrays
from telltale.models.parameters import FILE, Parameters
from telltale.models.vibration.waveform_model import WaveformModel
from telltale.profiles.schema import Output

SEGMENTS = 12  # of a cycle: where in it something happens
ARRAYS = ("mean", "spread", "weights", "offsets")


def cycle_summary(cycle: FloatArray) -> FloatArray:
    """Return what describes one cycle of shape (samples, sensors).

    Per sensor: mean and spread of each twelfth of the cycle, and of the whole cycle greatest,
    least, spread and mean. Samples must be a multiple of `SEGMENTS`.
    """
    segments = cycle.reshape(SEGMENTS, len(cycle) // SEGMENTS, cycle.shape[1])
    parts = [segments.mean(axis=1), segments.std(axis=1)]
    whole = [cycle.max(axis=0), cycle.min(axis=0), cycle.std(axis=0), cycle.mean(axis=0)]
    return np.concatenate([part.ravel() for part in (*parts, *whole)])


def summaries(cycles: FloatArray) -> FloatArray:
    """Return the summary of each cycle, shape (m, samples, sensors) to (m, f)."""
    return np.stack([cycle_summary(cycle) for cycle in cycles])


class CycleCore:
    """Gives each component's state, as its value and the share that speaks for it."""

    def __init__(self, card: Card, files: Mapping[str, bytes]) -> None:
        if card.window.samples % SEGMENTS:
            raise ModelError(
                f"{card.name}/card.json: a cycle of {card.window.samples} samples cannot be cut "
                f"into {SEGMENTS} equal parts."
            )
        read = Parameters(card, files)
        n_features = len(card.columns) * (2 * SEGMENTS + 4)
        self._components = []
        for name, values in _components(card).items():
            shapes = ((n_features,), (n_features,), (n_features, len(values)), (len(values),))
            parts = zip(ARRAYS, shapes, strict=True)
            found = [read.take(f"{name}.{part}", *shape) for part, shape in parts]
            self._components.append((np.array(values), Discriminant(*found)))

    def run(self, windows: FloatArray) -> FloatArray:
        """Return value and share of each component, shape (m, 2 x components)."""
        rows = summaries(windows)
        found = []
        for values, fitted in self._components:
            shares = class_shares(rows, fitted)
            found += [values[shares.argmax(axis=1)], shares.max(axis=1)]
        return np.stack(found, axis=1)

    def evidence(self, windows: FloatArray) -> Evidence | None:
        """Return nothing yet."""
        return None


def cycle_model(card: Card, files: Mapping[str, bytes]) -> WaveformModel:
    """Return the model of a card whose runtime is `cycle`."""
    return WaveformModel(card, CycleCore(card, files))


def learnt_cycles(
    cycles: FloatArray,
    inputs: Mapping[str, Input],
    states: Mapping[str, FloatArray],
    *,
    rate_hz: float,
    data: str,
) -> tuple[Card, dict[str, bytes]]:
    """Learn the state of each component from labelled cycles.

    Args:
        cycles: Shape (m, samples, sensors).
        inputs: The sensors, in the order of the last axis.
        states: By component, its value in each cycle, shape (m,).
        rate_hz: Samples per second.
        data: What the cycles are, one sentence.

    Raises:
        ModelError: A component has one state only, or a cycle cannot be cut into equal parts.
    """
    components, arrays = _fitted(summaries(cycles), states)
    outputs = _outputs(components)
    card = Card(
        name="cycle_state",
        title="State of each component, per cycle",
        task="fault",
        runtime="cycle",
        inputs=dict(inputs),
        columns=tuple(inputs),
        window=Window(samples=cycles.shape[1]),
        core_outputs=tuple(outputs),
        outputs=outputs,
        settings={"rate_hz": rate_hz, "components": components},
        training=Training(data=data, is_simulated=False, rows=len(cycles)),
    )
    return card, {FILE: packed_arrays(arrays)}


def _fitted(
    rows: FloatArray, states: Mapping[str, FloatArray]
) -> tuple[dict[str, list[float]], dict[str, FloatArray]]:
    """Return the values of each component, and the parameters that tell them apart."""
    arrays: dict[str, FloatArray] = {}
    components: dict[str, list[float]] = {}
    for name, value in states.items():
        values, label = np.unique(value, return_inverse=True)
        if len(values) < 2:
            raise ModelError(f"{name} is always {values.tolist()}: there is nothing to tell.")
        fitted = fit_discriminant(rows, label, len(values))
        components[name] = values.tolist()
        arrays |= {f"{name}.{part}": getattr(fitted, part) for part in ARRAYS}
    return components, arrays


def _outputs(components: Iterable[str]) -> dict[str, Output]:
    outputs = {}
    for name in components:
        outputs[name] = Output(title=name.replace("_", " ").capitalize(), unit="1")
        outputs[f"{name}_share"] = Output(title=f"Share for this {name}", unit="1", scale=(0, 1))
    return outputs


def _components(card: Card) -> dict[str, list[float]]:
    components = card.settings.get("components")
    if not isinstance(components, dict) or not components:
        raise ModelError(
            f"{card.name}/card.json: settings.components must give each component's values."
        )
    return components
