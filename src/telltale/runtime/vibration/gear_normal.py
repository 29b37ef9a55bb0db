"""What is normal for the gear at a measuring point: learnt from its healthy waveforms, and kept."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, Batch, FloatArray
from telltale.errors import ModelError
from telltale.models.card import Card
from telltale.models.folder import Loaded, complete, joint_hash, stamped
from telltale.models.vibration.gear_model import GearCore, learnt_gear
from telltale.models.vibration.waveform_model import WaveformModel
from telltale.runtime.vibration.gear_finding import (
    GEAR_CHANNEL,
    SPEEDS,
    WAVEFORMS,
    LearntGear,
    gear_window,
)
from telltale.store.base import Machine

NEEDED = 10  # healthy waveforms, before what is normal is learnt by itself
LEAST = 3  # when somebody asks for it: the limit comes from each left out in turn
PARITY_WINDOWS = 4
SEED = 1


class GearState(msgspec.Struct, frozen=True):
    """How a point's gear is known: `learning`, with so many of those needed, or `ready`.

    Attributes:
        problem: Why so many waveforms were not enough, and what to do; null if nothing is wrong.
    """

    state: str
    waveforms: int
    needed: int
    model: int | None = None
    version: int | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class HealthyWaveform:
    """One waveform to learn from: band levels, shape (windows, bands), and how it was recorded."""

    levels: FloatArray
    rate_hz: float
    shaft_rpm: float
    samples: int
    time_ns: int


def model_name(point: str) -> str:
    """Return the name of the model of a point's gear."""
    return f"{point}_gear"


def learnt(
    point: str, healthy: Sequence[HealthyWaveform], machine: Machine, told: str
) -> tuple[Card, dict[str, bytes]]:
    """Return card and files of what is normal for a gear, complete with parity samples.

    Args:
        point: Its measuring point.
        healthy: Waveforms, newest first; those recorded as the newest are learnt from.
        machine: Whose they are.
        told: Who says that they are healthy, one sentence.

    Raises:
        ModelError: There are too few that were recorded alike.
    """
    started_s = time.monotonic()
    alike = [
        one
        for one in healthy
        if (one.rate_hz, one.samples) == (healthy[0].rate_hz, healthy[0].samples)
    ]
    if len(alike) < LEAST:
        raise ModelError(
            f"{point}: {len(alike)} waveforms at {healthy[0].rate_hz:g} Hz and about "
            f"{healthy[0].shaft_rpm:.0f} rpm, as the newest has, are kept, and what is normal "
            f"needs {LEAST} at least. Record {LEAST - len(alike)} more while the gear is healthy, "
            "at each load at which it runs."
        )
    window = gear_window(alike[0].rate_hz, alike[0].samples)
    card, files = learnt_gear([one.levels for one in alike], window, data="")
    speeds = [one.shaft_rpm for one in alike]
    data = f"{len(alike)} waveforms of {point}, at {min(speeds):.0f} to {max(speeds):.0f} rpm."
    training = msgspec.structs.replace(
        card.training,
        data=f"{data} {told}",
        is_simulated=machine.simulated,
        machine=machine.id,
        start_ns=min(one.time_ns for one in alike),
        end_ns=max(one.time_ns for one in alike),
        sha256=joint_hash(_levels_of(point, one) for one in alike),
        seconds=round(time.monotonic() - started_s, 3),
    )
    card = msgspec.structs.replace(
        card,
        name=model_name(point),
        settings={**card.settings, SPEEDS: [min(speeds), max(speeds)], WAVEFORMS: len(alike)},
        training=training,
    )
    return complete(stamped(card), files, _parity_samples(card))


def gear_of(loaded: Loaded) -> LearntGear:
    """Return a kept gear as waveforms are compared with it. Raises ModelError if it is none."""
    model = loaded.model
    if not isinstance(model, WaveformModel) or not isinstance(model.core, GearCore):
        raise ModelError(f"{loaded.card.name} is no learnt gear. Remove that version.")
    return LearntGear(loaded.card, model.core)


def _levels_of(point: str, one: HealthyWaveform) -> Batch:
    """Return what is learnt from one waveform, as columns."""
    bands = {f"band_{at}": levels for at, levels in enumerate(one.levels.T)}
    return Batch(point, np.full(len(one.levels), one.time_ns), bands)


def _parity_samples(card: Card) -> Batch:
    """Return a signal whose answer is compared at each load; it means nothing.

    The waveforms themselves are not kept.
    """
    n = PARITY_WINDOWS * card.window.samples
    step_ns = NS_PER_S / float(card.settings["rate_hz"])
    time_ns = np.rint(np.arange(n) * step_ns).astype(np.int64)
    noise = np.random.default_rng(SEED).normal(size=n)
    return Batch("parity", time_ns, {GEAR_CHANNEL: noise})
