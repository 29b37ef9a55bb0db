"""Makes `industrial_pump_autoencoder`: an LSTM autoencoder of a healthy pump.

`python -m training.industrial_pump` simulates healthy pumps in all their duties, trains on the
first of them, sets the limit on others, and measures it on pumps with faults that it has never
seen. A minute on one core. Simulated, and labelled so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, Batch, FloatArray, concat
from telltale.models.card import Input, Measured
from telltale.models.deep.autoencoder_detector import AutoencoderSettings, train_autoencoder
from telltale.models.folder import made_model
from telltale.models.onnx_files.core import FILE
from telltale.profiles.load import builtin_profiles
from telltale.simulators.pump import Pump
from training.shipping import START_NS, ship

log = logging.getLogger(__name__)

PROFILE, NAME = "industrial_pump", "industrial_pump_autoencoder"
WARM_UP_S, DUTY_S, PAUSE_S = 600, 900, 3600
HEALTHY_SEEDS, FAULTY_SEEDS = range(6), range(100, 104)
FAULT_S = 900
SETTINGS = AutoencoderSettings(every_s=1.0)  # whatever rate the pump is read at


def healthy(seed: int, start_ns: int) -> Batch:
    """Return one warm pump's readings at 1 Hz, all duties one after the other."""
    pump = Pump(np.random.default_rng(seed))
    pump.advance(start_ns + np.arange(WARM_UP_S) * NS_PER_S)
    pieces = []
    begin_ns = start_ns + WARM_UP_S * NS_PER_S
    for duty in pump.scenarios:
        pump.set_scenario(duty)
        time_ns = begin_ns + np.arange(DUTY_S) * NS_PER_S
        pieces.append(Batch("simulated", time_ns, pump.advance(time_ns)))
        begin_ns += DUTY_S * NS_PER_S
    return concat(pieces)


def with_fault(seed: int, fault: str) -> tuple[Batch, int]:
    """Return a pump's readings of which a fault develops in the second half, and that row."""
    pump = Pump(np.random.default_rng(seed))
    pump.advance(START_NS + np.arange(WARM_UP_S) * NS_PER_S)
    time_ns = START_NS + (WARM_UP_S + np.arange(2 * FAULT_S)) * NS_PER_S
    before = Batch("simulated", time_ns[:FAULT_S], pump.advance(time_ns[:FAULT_S]))
    pump.set_fault(fault, 1.0)
    after = Batch("simulated", time_ns[FAULT_S:], pump.advance(time_ns[FAULT_S:]))
    return concat([before, after]), FAULT_S


def measured(score_of: Callable[[Batch], FloatArray]) -> tuple[Measured, ...]:
    """Return how soon each fault was found on pumps that were not learnt from."""
    quality = []
    for fault in Pump(np.random.default_rng(0)).faults:
        delays, false_alarms = [], 0
        for seed in FAULTY_SEEDS:
            batch, row = with_fault(seed, fault.name)
            score = score_of(batch)
            false_alarms += int((score[:row] > 1.0).sum())
            found = np.flatnonzero(score[row:] > 1.0)
            delays.append(float(found[0]) if len(found) else np.inf)
        told = [delay for delay in delays if np.isfinite(delay)]
        log.info("%s: %s s, %d false", fault.name, delays, false_alarms)
        protocol = (
            f"{len(delays)} simulated pumps not learnt from, fault switched on fully and growing "
            f"with a time constant of {fault.onset_s:g} s, watched for {FAULT_S} s."
        )
        quality.append(Measured(f"{fault.name}.found_share", len(told) / len(delays), protocol))
        if told:
            middle = float(np.median(told))
            quality.append(Measured(f"{fault.name}.median_delay_s", middle, protocol))
    return tuple(quality)


def main() -> None:
    """Train, measure and write the folder."""
    profile = builtin_profiles()[PROFILE]
    inputs = {name: Input(channel.unit) for name, channel in profile.channels.items()}
    whole_s = WARM_UP_S + len(Pump(np.random.default_rng(0)).scenarios) * DUTY_S + PAUSE_S
    batch = concat(
        [healthy(seed, START_NS + at * whole_s * NS_PER_S) for at, seed in enumerate(HEALTHY_SEEDS)]
    )
    card, files = train_autoencoder(NAME, batch, inputs, settings=SETTINGS, is_simulated=True)
    log.info("%s %s", card.threshold, card.quality)
    model = made_model(card, files)

    def score_of(readings: Batch) -> FloatArray:
        prediction, _ = model.run(readings, model.start())
        return prediction.columns[f"{NAME}_score"]

    card = msgspec.structs.replace(card, quality=(*card.quality, *measured(score_of)))
    folder = ship(card, {FILE: files[FILE]}, batch.rows(0, card.window.samples + 32), "onnx")
    log.info("%s", folder)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    main()
