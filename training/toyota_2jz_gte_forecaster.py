"""Makes `toyota_2jz_gte_forecaster`: a transformer from the last minute to the next second.

`python -m training.toyota_2jz_gte_forecaster` simulates healthy engines in all they do, trains on
the first of them, sets the limit on others, and measures the forecasts against "nothing changes"
on engines that it has never seen. Two minutes on one core. Simulated, and labelled so.
"""

from __future__ import annotations

import logging

import numpy as np

from telltale.batch import Batch, FloatArray
from telltale.models.base import Model
from telltale.models.card import Measured
from telltale.models.deep.forecaster import ForecasterSettings, train_forecaster
from telltale.simulators.engine_2jz import Engine2jz
from training.engine_readings import CHANNELS
from training.normal_runs import normal_run, runs_of, ship_learnt
from training.shipping import START_NS

log = logging.getLogger(__name__)

PROFILE, NAME = "toyota_2jz_gte", "toyota_2jz_gte_forecaster"
WARM_UP_S, DRIVE_S = 120, 600
HEALTHY_SEEDS, OTHER_SEEDS = range(8), range(100, 104)
SETTINGS = ForecasterSettings(every_s=1.0)  # whatever rate the engine is read at


def healthy(seed: int, start_ns: int) -> Batch:
    """Return one engine's readings at 1 Hz, all that it does one after the other."""
    return normal_run(Engine2jz(np.random.default_rng(seed)), WARM_UP_S, DRIVE_S, start_ns)


def measured(model: Model) -> list[Measured]:
    """Return how far forecasts are off on engines not learnt from, and "nothing changes"."""
    errors: dict[str, list[FloatArray]] = {name: [] for name in CHANNELS}
    persistence: dict[str, list[FloatArray]] = {name: [] for name in CHANNELS}
    for seed in OTHER_SEEDS:
        engine = healthy(seed, START_NS)
        prediction, _ = model.run(engine, model.start())
        for name in CHANNELS:
            told, value = prediction.columns[f"{NAME}_next_{name}"][:-1], engine.columns[name]
            is_told = np.isfinite(told)
            errors[name].append(np.abs(told - value[1:])[is_told])
            persistence[name].append(np.abs(np.diff(value))[is_told])
    protocol = f"Next second, {len(OTHER_SEEDS)} simulated engines not learnt from."
    found = []
    for what, parts in (("mae", errors), ("mae_persistence", persistence)):
        for name, pieces in parts.items():
            mean = float(np.concatenate(pieces).mean())
            log.info("%s.%s: %.4g", name, what, mean)
            found.append(Measured(f"{name}.{what}", mean, protocol))
    return found


def main() -> None:
    """Train, measure and write the folder."""
    ship_learnt(
        train_forecaster,
        NAME,
        PROFILE,
        channels=CHANNELS,
        runs=runs_of(healthy, HEALTHY_SEEDS, START_NS),
        settings=SETTINGS,
        measured=measured,
    )


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    main()
