"""Makes `industrial_pump_autoencoder`: an LSTM autoencoder of a healthy pump.

`python -m training.industrial_pump` simulates healthy pumps in all their duties, trains on the
first of them, sets the limit on others, and measures it on pumps with faults that it has never
seen. A minute on one core. Simulated, and labelled so.
"""

from __future__ import annotations

import logging

import numpy as np

from telltale.batch import NS_PER_S, Batch, concat
from telltale.models.base import Model
from telltale.models.card import Measured
from telltale.models.deep.autoencoder_detector import AutoencoderSettings, train_autoencoder
from telltale.profiles.load import builtin_profiles
from telltale.simulators.pump import Pump
from training.normal_runs import normal_run, runs_of, seconds, ship_learnt
from training.shipping import START_NS

log = logging.getLogger(__name__)

PROFILE, NAME = "industrial_pump", "industrial_pump_autoencoder"
WARM_UP_S, DUTY_S = 600, 900
HEALTHY_SEEDS, FAULTY_SEEDS = range(6), range(100, 104)
FAULT_S = 900
SETTINGS = AutoencoderSettings(every_s=1.0)  # whatever rate the pump is read at


def healthy(seed: int, start_ns: int) -> Batch:
    """Return one warm pump's readings at 1 Hz, all duties one after the other."""
    return normal_run(Pump(np.random.default_rng(seed)), WARM_UP_S, DUTY_S, start_ns)


def with_fault(seed: int, fault: str) -> tuple[Batch, int]:
    """Return a pump's readings of which a fault develops in the second half, and that row."""
    pump = Pump(np.random.default_rng(seed))
    pump.advance(seconds(START_NS, WARM_UP_S))
    time_ns = seconds(START_NS + WARM_UP_S * NS_PER_S, 2 * FAULT_S)
    before = Batch("simulated", time_ns[:FAULT_S], pump.advance(time_ns[:FAULT_S]))
    pump.set_fault(fault, 1.0)
    after = Batch("simulated", time_ns[FAULT_S:], pump.advance(time_ns[FAULT_S:]))
    return concat([before, after]), FAULT_S


def measured(model: Model) -> list[Measured]:
    """Return how soon each fault was found on pumps that were not learnt from."""
    quality = []
    for fault in Pump(np.random.default_rng(0)).faults:
        delays = [delay_s(model, seed, fault.name) for seed in FAULTY_SEEDS]
        told = [delay for delay in delays if np.isfinite(delay)]
        protocol = (
            f"{len(delays)} simulated pumps not learnt from, fault switched on fully and growing "
            f"with a time constant of {fault.onset_s:g} s, watched for {FAULT_S} s."
        )
        quality.append(Measured(f"{fault.name}.found_share", len(told) / len(delays), protocol))
        if told:
            middle = float(np.median(told))
            quality.append(Measured(f"{fault.name}.median_delay_s", middle, protocol))
    return quality


def delay_s(model: Model, seed: int, fault: str) -> float:
    """Return how long after its begin a fault is found; infinity if never."""
    batch, row = with_fault(seed, fault)
    prediction, _ = model.run(batch, model.start())
    is_alarm = prediction.columns[f"{NAME}_score"] > 1.0
    found = np.flatnonzero(is_alarm[row:])
    delay = float(found[0]) if len(found) else np.inf
    log.info("%s: %s s, %d false", fault, delay, int(is_alarm[:row].sum()))
    return delay


def main() -> None:
    """Train, measure and write the folder."""
    ship_learnt(
        train_autoencoder,
        NAME,
        PROFILE,
        channels=tuple(builtin_profiles()[PROFILE].channels),
        runs=runs_of(healthy, HEALTHY_SEEDS, START_NS),
        settings=SETTINGS,
        measured=measured,
    )


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    main()
