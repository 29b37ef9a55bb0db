"""How a deep detector is learnt from a machine's own normal readings, whatever its network.

The 99th percentile of the training errors is often taken as the limit. Errors in training are
smaller than fresh ones, and one window in a hundred is one alarm in a hundred seconds; so the limit
comes from a later stretch of normal operation, and what either rule costs in false alarms is
measured on a stretch later still and stands in the card.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Protocol

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, Batch, BoolArray, FloatArray
from telltale.errors import ModelError
from telltale.models.card import Card, Input, Training, Window
from telltale.models.deep.fit import FitSettings, Fitted, fit
from telltale.models.deep.lstm import Reals, Weights
from telltale.models.deep.normal_windows import Rule, Windows, limit_of, windows_of
from telltale.models.deep.scale import Scale
from telltale.models.detector_card import learnt_card, mean_and_spread, score_output
from telltale.models.folder import complete
from telltale.models.onnx_files.core import FILE
from telltale.models.windows import evenly
from telltale.profiles.schema import NonNegativeFloat, PositiveFloat

VALIDATION_SHARE = 0.1  # of the training windows, the newest: stops training in time
LEAST_WINDOWS = 100
BLOCK_WINDOWS = 256  # per forward pass: bounds the memory
GAP_STEPS = 3.0  # usual steps: a longer pause empties the window
PARITY_ANSWERS = 8  # stored for the check at each load

AtLeastTwo = Annotated[int, msgspec.Meta(ge=2, le=10_000)]


class DeepSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How any deep detector is trained, and where normal ends.

    Attributes:
        every_s: One sample per step of this length; 0 takes every sample.
        max_windows: Windows trained on, spread evenly: successive ones differ in one sample.
        rule: "later_maximum" puts the limit at `factor` times the largest error on later normal
            readings; "training_quantile_99" takes that of the errors in training.
        factor: See there.
        training: Of the network.
    """

    every_s: NonNegativeFloat = 0.0
    max_windows: AtLeastTwo = 4096
    rule: Rule = "later_maximum"
    factor: PositiveFloat = 1.1
    training: FitSettings = FitSettings()


class Network(Protocol):
    """A kind of network. Rows are scaled windows, shape (n, samples, channels)."""

    def start(self, channels: int, rng: np.random.Generator) -> Weights:
        """Return weights to start from."""

    def gradients(self, weights: Weights, rows: Reals) -> tuple[float, Weights]:
        """Return the mean error over these windows, and its gradient by weight."""

    def errors(self, weights: Weights, rows: Reals) -> FloatArray:
        """Return the error of each window, shape (n,)."""

    def graph(self, weights: Weights, scale: Scale) -> bytes:
        """Return the ONNX file that `ExpectationCore` asks."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What is learnt from.

    Attributes:
        batch: The machine's readings in order, gaps filled as the pipeline fills them.
        is_normal: Which samples are normal operation, shape (n,); None takes all. No window
            reaches across the others, or across a pause.
        is_simulated: True if any of it is.
        seed: Of weights and order.
    """

    batch: Batch
    is_normal: BoolArray | None
    is_simulated: bool
    seed: int


def learn(
    frame: Card, lesson: Lesson, network: Network, settings: DeepSettings
) -> tuple[Card, dict[str, bytes]]:
    """Return card and files of a trained detector, complete with parity samples.

    Args:
        frame: The card as `framed` gives it.
        lesson: What is learnt from.
        network: Which kind.
        settings: How.

    Raises:
        ModelError: There are too few windows, or training diverges.
        MissingExtraError: onnx or onnxruntime is not installed.
    """
    started_s = time.monotonic()
    windows = windows_of(frame, lesson.batch, lesson.is_normal)
    if len(windows) < LEAST_WINDOWS:
        raise ModelError(
            f"{frame.name}: {len(windows)} windows of {frame.window.samples} successive normal "
            f"samples; at least {LEAST_WINDOWS} are needed. Give a longer stretch of normal "
            "operation."
        )
    parts = windows.parts()
    train, _, check = parts
    scale = Scale.of(train.values)
    fitted = _fitted(train.values, scale, network, settings, lesson.seed)
    errors = [_errors(network, fitted.weights, part.values, scale) for part in parts]
    threshold, quality = limit_of(
        errors[0], errors[1], (errors[2], check), (settings.rule, settings.factor)
    )
    newest = zip(frame.inputs, train.values[:, -1, :].T, strict=True)
    card = msgspec.structs.replace(
        frame,
        threshold=threshold,
        quality=quality,
        normal={name: mean_and_spread(column) for name, column in newest},
    )
    data = (
        f"{len(windows)} windows of normal operation in order of time: {len(train)} to learn from, "
        f"{len(parts[1])} for the limit, {len(check)} to check it; {len(fitted.losses)} epochs."
    )
    card = learnt_card(
        card, lesson.batch, data, is_simulated=lesson.is_simulated, started_s=started_s
    )
    files = {FILE: network.graph(fitted.weights, scale)}
    return complete(card, files, _parity_samples(card, check))


def framed(
    name: str,
    title: str,
    lesson: Lesson,
    *,
    inputs: Mapping[str, Input],
    samples: int,
    settings: DeepSettings,
) -> Card:
    """Return the card of a detector that is not trained yet; its output is "<name>_score"."""
    steps_s = np.diff(lesson.batch.time_ns) / NS_PER_S
    step_s = max(settings.every_s, float(np.median(steps_s)) if len(steps_s) else 0.0)
    score = f"{name}_score"
    return Card(
        name=name,
        title=title,
        task="anomaly",
        runtime="expectation",
        inputs=dict(inputs),
        columns=tuple(inputs),
        core_outputs=(score,),
        outputs={score: score_output(title, samples * step_s)},
        window=Window(samples, settings.every_s, GAP_STEPS * step_s),
        training=Training("Not trained yet.", is_simulated=lesson.is_simulated),
        settings=msgspec.to_builtins(settings),
    )


def _fitted(
    windows: FloatArray, scale: Scale, network: Network, settings: DeepSettings, seed: int
) -> Fitted:
    """Train on the older windows, thinned out evenly, and validate on the newest."""
    rng = np.random.default_rng(seed)
    split = round((1.0 - VALIDATION_SHARE) * len(windows))
    older, newest = windows[: max(1, split - windows.shape[1])], windows[split:]
    most = settings.max_windows
    return fit(
        network.start(windows.shape[2], rng),
        scale.scaled(older[evenly(len(older), most)]),
        scale.scaled(newest[evenly(len(newest), round(VALIDATION_SHARE * most) + 1)]),
        gradients=network.gradients,
        loss=lambda weights, rows: float(_errors(network, weights, rows, None).mean()),
        settings=settings.training,
        rng=rng,
    )


def _errors(
    network: Network, weights: Weights, windows: FloatArray | Reals, scale: Scale | None
) -> FloatArray:
    """Return the error of each window, shape (m,); scaled first if they are not yet."""
    errors = np.empty(len(windows))
    for at in range(0, len(windows), BLOCK_WINDOWS):
        rows: Reals = windows[at : at + BLOCK_WINDOWS]
        errors[at : at + BLOCK_WINDOWS] = network.errors(
            weights, rows if scale is None else scale.scaled(rows)
        )
    return errors


def _parity_samples(card: Card, windows: Windows) -> Batch:
    """Return readings whose answers are stored: one window, and the newest of the next ones."""
    values = windows.values[-PARITY_ANSWERS:]
    rows = np.concatenate([values[0], values[1:, -1, :]])
    step_ns = round((card.window.gap_s or 1.0) / GAP_STEPS * NS_PER_S)
    times_ns = windows.time_ns[-1] // step_ns * step_ns + step_ns * np.arange(len(rows))
    return Batch(card.name, times_ns, dict(zip(card.columns, rows.T.copy(), strict=True)))
