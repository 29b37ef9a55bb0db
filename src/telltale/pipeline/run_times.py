"""How long models take: measured beside the pipeline, and no part of its state."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class RunTime:
    """What a model's runs took since it was deployed or telltale started.

    Attributes:
        runs, rows: How often it was asked, and about how many samples in all.
        seconds: All runs together.
        longest_s: The longest run.
    """

    runs: int = 0
    rows: int = 0
    seconds: float = 0.0
    longest_s: float = 0.0

    @contextmanager
    def running(self, rows: int) -> Iterator[None]:
        """Measure what happens inside, whether it fails or not."""
        started_s = time.perf_counter()
        try:
            yield
        finally:
            took_s = time.perf_counter() - started_s
            self.runs += 1
            self.rows += rows
            self.seconds += took_s
            self.longest_s = max(self.longest_s, took_s)
