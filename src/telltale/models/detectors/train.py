"""Trains a detector: from a machine's normal readings to the card and files of a model's folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, get_type_hints

import msgspec
import numpy as np

from telltale.batch import Batch
from telltale.errors import ModelError
from telltale.models.card import Card, Input
from telltale.models.detector_card import learnt_card, mean_and_spread, score_output
from telltale.models.detectors import DETECTORS
from telltale.models.detectors.healthy import Healthy, Learnt, framed, healthy_of
from telltale.models.folder import PARITY_ROWS, complete, packed_arrays
from telltale.models.parameters import FILE
from telltale.registry import load

DRIFTS = 0.6  # of a channel's variance between long blocks of the stretch
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
    started_s = time.monotonic()
    learn: Callable[[Healthy, Any], Learnt] = load(
        DETECTORS, kind, group="telltale.detectors", error=ModelError
    )
    wanted = get_type_hints(learn)["settings"]
    try:
        chosen = msgspec.convert(dict(settings), wanted)
    except msgspec.ValidationError as error:
        raise ModelError(f"{name}: settings of {kind!r}: {error}.") from None
    learnt = learn(healthy_of(batch, inputs, alarms_per_week), chosen)
    card = _card(name, kind, learnt, is_simulated, started_s)
    return complete(card, {FILE: packed_arrays(learnt.arrays)}, _parity_samples(learnt))


def _card(name: str, kind: str, learnt: Learnt, is_simulated: bool, started_s: float) -> Card:
    healthy, score = learnt.healthy, f"{name}_score"
    frame = framed(healthy, learnt.window, learnt.columns, (score,), learnt.features)
    window_s = learnt.window.samples * healthy.sample_s(learnt.window)
    columns = healthy.batch.columns
    card = msgspec.structs.replace(
        frame,
        name=name,
        title=learnt.title,
        runtime=learnt.runtime,
        settings={"detector": kind, **learnt.settings},
        outputs={score: score_output(learnt.title, window_s)},
        threshold=learnt.threshold,
        normal={name: mean_and_spread(columns[name]) for name in healthy.names},
    )
    return learnt_card(
        card, healthy.batch, _told(healthy), is_simulated=is_simulated, started_s=started_s
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
