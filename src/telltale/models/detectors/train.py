"""Trains a detector: from a machine's normal readings to the card and files of a model's folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, get_type_hints

import msgspec
import numpy as np

import telltale
from telltale.batch import Batch
from telltale.errors import ModelError
from telltale.models.card import Card, Input, Training
from telltale.models.detectors import DETECTORS
from telltale.models.detectors.healthy import Healthy, Learnt, framed, healthy_of
from telltale.models.detectors.parameters import FILE
from telltale.models.folder import PARITY_ROWS, complete, packed_arrays, training_hash
from telltale.profiles.schema import Limits, Output
from telltale.registry import load

WARN, CRITICAL = 1.0, 2.0  # multiples of the threshold
DRIFTS = 0.6  # of a channel's variance between long blocks of the stretch
HYSTERESIS = 0.1  # back below 0.9 times the threshold before an event ends
NOTHING: Mapping[str, Any] = {}


def train_detector(
    kind: str,
    name: str,
    batch: Batch,
    inputs: Mapping[str, Input],
    *,
    alarms_per_week: float = 1.0,
    settings: Mapping[str, Any] = NOTHING,
    is_simulated: bool = False,
) -> tuple[Card, dict[str, bytes]]:
    """Return the card and files of a detector of one machine, complete with parity samples.

    Its one output is "<name>_score" in multiples of its threshold. Channels that cannot be used
    are left out; the card's training sentence says which and why.

    Args:
        kind: A name in `DETECTORS`.
        name: Of the model, one word.
        batch: The machine's readings in normal operation, in order, gaps filled as live.
        inputs: Columns to read, with their units.
        alarms_per_week: Budget of false alarms that the threshold is set by.
        settings: Of the detector: fields of its settings class.
        is_simulated: True if any of the readings is.

    Raises:
        ModelError: The kind or a setting is unknown, or the readings do not suffice.
    """
    started = time.monotonic()
    learn: Callable[[Healthy, Any], Learnt] = load(
        DETECTORS, kind, group="telltale.detectors", error=ModelError
    )
    wanted = get_type_hints(learn)["settings"]
    try:
        chosen = msgspec.convert(dict(settings), wanted)
    except msgspec.ValidationError as error:
        raise ModelError(f"{name}: settings of {kind!r}: {error}.") from None
    learnt = learn(healthy_of(batch, inputs, alarms_per_week), chosen)
    card = _card(name, kind, learnt, is_simulated, time.monotonic() - started)
    return complete(card, {FILE: packed_arrays(learnt.arrays)}, _parity_samples(learnt))


def _card(name: str, kind: str, learnt: Learnt, is_simulated: bool, seconds: float) -> Card:
    healthy, score = learnt.healthy, f"{name}_score"
    frame = framed(healthy, learnt.window, learnt.columns, (score,), learnt.features)
    window_s = learnt.window.samples * healthy.sample_s(learnt.window)
    limits = Limits(
        warn_above=WARN, critical_above=CRITICAL, hysteresis=HYSTERESIS, clear_s=window_s
    )
    batch = healthy.batch
    return msgspec.structs.replace(
        frame,
        name=name,
        title=learnt.title,
        runtime=learnt.runtime,
        settings={"detector": kind, **learnt.settings},
        outputs={score: Output(learnt.title, "1", normal=(0.0, 1.0), limits=limits)},
        threshold=learnt.threshold,
        normal={n: (_mean(batch.columns[n]), _spread(batch.columns[n])) for n in healthy.names},
        training=Training(
            data=_told(healthy),
            is_simulated=is_simulated,
            machine=batch.machine,
            start_ns=int(batch.time_ns[0]),
            end_ns=int(batch.time_ns[-1]),
            rows=len(batch),
            sha256=training_hash(batch),
            seconds=round(seconds, 3),
        ),
        versions={"telltale": telltale.__version__, "numpy": np.__version__},
        created_ns=time.time_ns(),
    )


def _told(healthy: Healthy) -> str:
    """Return what was learnt from, what was left out, and what the stretch is too short for."""
    told = f"{len(healthy.batch)} samples of normal operation"
    if healthy.left_out:
        reasons = (f"{channel}: {why}" for channel, why in healthy.left_out.items())
        told += f"; left out: {'; '.join(reasons)}"
    slow = healthy.slow_shares() > DRIFTS
    if slow.any():
        names = (name for name, is_slow in zip(healthy.names, slow, strict=True) if is_slow)
        told += f"; drifting, so that a longer stretch is needed to know: {', '.join(names)}"
    return f"{told}."


def _parity_samples(learnt: Learnt) -> Batch:
    """Return the newest readings, enough for full windows and some more."""
    batch = learnt.healthy.batch
    per_sample = max(1.0, learnt.window.every_s / learnt.healthy.step_s)
    return _answered_end(batch, round(learnt.window.samples * per_sample) + PARITY_ROWS)


def _answered_end(batch: Batch, rows: int) -> Batch:
    """Return so many samples up to the newest that has every channel."""
    whole = np.isfinite(np.stack(list(batch.columns.values()))).all(axis=0)
    stop = int(np.flatnonzero(whole)[-1]) + 1
    return batch.rows(max(0, stop - rows), stop)


def _mean(column: np.ndarray) -> float:
    return float(np.nanmean(column))


def _spread(column: np.ndarray) -> float:
    return float(np.nanstd(column))
