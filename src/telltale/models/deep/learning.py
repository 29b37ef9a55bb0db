"""How a deep detector is learnt from a machine's own normal readings, whatever its network.

The 99th percentile of the training errors is often taken as the limit. Errors in training are
smaller than fresh ones, and one window in a hundred is one alarm in a hundred seconds; so the limit
comes from a later stretch of normal operation, and what either rule costs in false alarms is
measured on a stretch later still and stands in the card.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Annotated, Protocol

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, Batch, FloatArray
from telltale.errors import ModelError
from telltale.models.card import Card, Measured, Threshold, Window
from telltale.models.deep.fit import FitSettings, Fitted, fit
from telltale.models.deep.limit import Parts, Rule, limit_of, parts_of
from telltale.models.deep.lstm import Reals, Weights
from telltale.models.deep.scale import Scale
from telltale.models.detector_card import learnt_card
from telltale.models.detectors.calibration import Budget
from telltale.models.detectors.healthy import Healthy
from telltale.models.detectors.healthy_windows import Windows, windows_of
from telltale.models.folder import complete
from telltale.models.onnx_files.core import FILE
from telltale.models.progress import go_on
from telltale.models.setting_types import MOST_WINDOW_S, Seed
from telltale.models.windows import evenly

VALIDATION_SHARE = 0.1  # of the training windows, the newest: stops training in time
LEAST_WINDOWS = 100
BLOCK_WINDOWS = 256  # per forward pass: bounds the memory
GAP_STEPS = 3.0  # usual steps: a longer pause empties the window
PARITY_ANSWERS = 8  # stored for the check at each load
COPIES = 8  # of the weights while they are trained: gradients, moments and the best so far
MOST_NUMBERS = 2**28  # held at once in training, 1 GB
LEAST_EVERY_S = 1e-6  # a clock of nanoseconds cannot count much finer

EverySeconds = Annotated[float, msgspec.Meta(ge=0.0, le=MOST_WINDOW_S)]
Samples = Annotated[int, msgspec.Meta(ge=2, le=10_000)]
Units = Annotated[int, msgspec.Meta(ge=2, le=1024)]
Multiple = Annotated[float, msgspec.Meta(ge=1.0, le=1000.0)]


class DeepSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How any deep detector is trained, and where normal ends.

    Attributes:
        every_s: One sample per step of this length; 0 takes every sample.
        max_windows: Windows trained on, spread evenly: successive ones differ in one sample.
        rule: "budget" sets the limit by the budget of false alarms, on later normal readings;
            "training_quantile_99" takes that of the errors in training.
        factor: By the budget the limit is at least so many times the largest later error.
        seed: Of weights and order.
        training: Of the network.
    """

    every_s: EverySeconds = 0.0
    max_windows: Samples = 4096
    rule: Rule = "budget"
    factor: Multiple = 1.1
    seed: Seed = 0
    training: FitSettings = FitSettings()


class Network(Protocol):
    """A kind of network. Rows are scaled windows, shape (n, samples, channels)."""

    def start(self, channels: int, rng: np.random.Generator) -> Weights:
        """Return weights to start from."""

    def numbers(self, channels: int, windows: int) -> int:
        """Return about how many numbers training on so many windows at once holds."""

    def gradients(self, weights: Weights, rows: Reals) -> tuple[float, Weights]:
        """Return the mean error over these windows, and its gradient by weight."""

    def errors(self, weights: Weights, rows: Reals) -> FloatArray:
        """Return the error of each window, shape (n,)."""

    def graph(self, weights: Weights, scale: Scale) -> bytes:
        """Return the ONNX file that `ExpectationCore` asks."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What a network learns from, and how.

    Attributes:
        network: Which kind.
        healthy: What it learns from.
        settings: How.
        look_samples: One error is independent of that so many samples later.
    """

    network: Network
    healthy: Healthy
    settings: DeepSettings
    look_samples: int


def framed(name: str, title: str, healthy: Healthy, samples: int, settings: DeepSettings) -> Card:
    """Return the card of a detector that is not trained yet; its output is "<name>_score".

    Raises:
        ModelError: Its steps are too short.
    """
    if 0.0 < settings.every_s < LEAST_EVERY_S:
        raise ModelError(
            f"{name}: every_s is {settings.every_s:g}; give {LEAST_EVERY_S:g} or more, or 0 to "
            "take every sample."
        )
    step_s = max(settings.every_s, healthy.step_s)
    window = Window(samples, settings.every_s, GAP_STEPS * step_s)
    card = healthy.framed(name, title, "expectation", window)
    return msgspec.structs.replace(card, settings=msgspec.to_builtins(settings))


def learn(frame: Card, lesson: Lesson) -> tuple[Card, dict[str, bytes]]:
    """Return card and files of a trained detector, complete with parity samples.

    Args:
        frame: The card as `framed` gives it.
        lesson: What is learnt from, and how.

    Raises:
        ModelError: The network is too large, there are too few windows, or training diverges.
        MissingExtraError: onnx or onnxruntime is not installed.
    """
    started_s = time.monotonic()
    healthy, network = lesson.healthy, lesson.network
    _check_size(frame, lesson)
    windows = windows_of(frame, healthy, LEAST_WINDOWS)
    parts = parts_of(windows)
    train, later, check = parts
    scale = Scale.of(train.values)
    fitted = _fitted(train.values, scale, network, lesson.settings)
    errors = Parts(*(_errors(network, fitted.weights, part.values, scale) for part in parts))
    threshold, quality = _limit(errors, windows, frame, lesson)
    data = (
        f"{len(windows)} windows of normal operation in order of time: {len(train)} to learn from, "
        f"{len(later)} for the limit, {len(check)} to check it; {len(fitted.losses)} epochs"
        f"{healthy.told_left_out()}."
    )
    card = msgspec.structs.replace(frame, threshold=threshold, quality=quality)
    card = learnt_card(
        card, healthy.batch, data, is_simulated=healthy.is_simulated, started_s=started_s
    )
    files = {FILE: network.graph(fitted.weights, scale)}
    return complete(card, files, _parity_samples(card, check))


def _limit(
    errors: Parts, windows: Windows, frame: Card, lesson: Lesson
) -> tuple[Threshold, tuple[Measured, ...]]:
    look_s = lesson.look_samples * lesson.healthy.sample_s(frame.window)
    return limit_of(
        errors,
        lesson.settings.rule,
        budget=Budget(lesson.healthy.alarms_per_week, look_s),
        step_s=windows.step_s,
        factor=lesson.settings.factor,
    )


def _check_size(frame: Card, lesson: Lesson) -> None:
    """Refuse a network that would not fit into memory. Raises ModelError."""
    at_once = max(BLOCK_WINDOWS, lesson.settings.training.batch_windows)
    if lesson.network.numbers(len(frame.inputs), at_once) > MOST_NUMBERS:
        raise ModelError(
            f"{frame.name}: a network of these settings on windows of {frame.window.samples} "
            f"samples of {len(frame.inputs)} channels takes more than "
            f"{4 * MOST_NUMBERS / 1e9:.0f} GB. Take fewer samples, units or windows per step."
        )


def _fitted(windows: FloatArray, scale: Scale, network: Network, settings: DeepSettings) -> Fitted:
    """Train on the older windows, thinned out evenly, and validate on the newest."""
    rng = np.random.default_rng(settings.seed)
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
        go_on()
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
