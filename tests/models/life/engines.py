"""Made-up engines that wear until they fail, for tests: not a physical model."""

from __future__ import annotations

import numpy as np

from telltale.batch import NS_PER_S, Batch


def engine(number: int, rng: np.random.Generator, n_cycles: int | None = None) -> Batch:
    """Return one life, one cycle a second: wear grows exponentially, three channels show it."""
    n = int(rng.integers(90, 160)) if n_cycles is None else n_cycles
    cycle = np.arange(1.0, n + 1.0)
    wear = np.exp(5.0 * (cycle / n - 1.0))
    columns = {
        "cycle": cycle,
        "hot_c": 500.0 + 30.0 * wear + rng.normal(0.0, 2.0, n),
        "press_bar": 40.0 - 6.0 * wear + rng.normal(0.0, 0.4, n),
        "speed_rpm": 9000.0 + 100.0 * wear + rng.normal(0.0, 20.0, n),
        "noise_ratio": rng.normal(0.0, 1.0, n),
        "fixed_ratio": np.full(n, 0.03),
    }
    return Batch(f"engine-{number}", (cycle * NS_PER_S).astype(np.int64), columns)


def engines(n: int, seed: int = 0) -> list[Batch]:
    """Return so many lives."""
    rng = np.random.default_rng(seed)
    return [engine(number, rng) for number in range(n)]
