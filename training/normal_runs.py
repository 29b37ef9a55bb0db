"""What the makers of deep detectors have in common: healthy runs of a simulator, and shipping."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, Batch, FloatArray, IntArray, concat
from telltale.models.base import Model
from telltale.models.card import Input, Measured
from telltale.models.folder import made_model
from telltale.models.onnx_files.core import FILE
from telltale.models.trainers import USUAL_BUDGET, TrainFunction
from telltale.models.training_set import TrainingSet
from telltale.profiles.load import builtin_profiles
from training.shipping import ship

log = logging.getLogger(__name__)

PAUSE_S = 3600  # between two machines


class Simulated(Protocol):
    """A simulator as the makers use it."""

    scenarios: tuple[str, ...]

    def set_scenario(self, scenario: str) -> None:
        """Choose what the machine does."""

    def advance(self, time_ns: IntArray) -> dict[str, FloatArray]:
        """Return the readings at these times."""


def normal_run(machine: Simulated, warm_up_s: int, each_s: int, start_ns: int) -> Batch:
    """Return a warm machine's readings at 1 Hz, all that it does one after the other."""
    machine.advance(seconds(start_ns, warm_up_s))
    begin_ns, pieces = start_ns + warm_up_s * NS_PER_S, []
    for scenario in machine.scenarios:
        machine.set_scenario(scenario)
        time_ns = seconds(begin_ns, each_s)
        pieces.append(Batch("simulated", time_ns, machine.advance(time_ns)))
        begin_ns += each_s * NS_PER_S
    return concat(pieces)


def seconds(start_ns: int, n: int) -> IntArray:
    """Return n times, a second apart."""
    times: IntArray = start_ns + np.arange(n) * NS_PER_S
    return times


def runs_of(run: Callable[[int, int], Batch], seeds: Iterable[int], start_ns: int) -> list[Batch]:
    """Return the run of each seed, `run(seed, start_ns)`, one after the other with pauses."""
    found: list[Batch] = []
    for seed in seeds:
        found.append(run(seed, start_ns))
        start_ns = int(found[-1].time_ns[-1]) + (1 + PAUSE_S) * NS_PER_S
    return found


def ship_learnt(
    function: TrainFunction,
    name: str,
    profile: str,
    *,
    channels: Sequence[str],
    runs: Sequence[Batch],
    settings: Any,  # Any: of the function's own class
    measured: Callable[[Model], Sequence[Measured]],
) -> None:
    """Learn from healthy runs, measure the model on others, and write its folder."""
    known = builtin_profiles()[profile].channels
    inputs = {channel: Input(known[channel].unit) for channel in channels}
    titles = {channel: known[channel].title for channel in channels}
    learnt_from = TrainingSet.of_normal(runs, inputs, is_simulated=True, titles=titles)
    card, files = function(name, learnt_from, settings, alarms_per_week=USUAL_BUDGET)
    log.info("%s %s", card.threshold, card.quality)
    quality = measured(made_model(card, files))
    card = msgspec.structs.replace(card, quality=(*card.quality, *quality))
    samples = runs[0].rows(0, card.window.samples + 32)
    log.info("%s", ship(card, {FILE: files[FILE]}, samples, "onnx"))
