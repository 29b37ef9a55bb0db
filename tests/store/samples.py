"""Small profiles and batches for the store's tests."""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from telltale.batch import NS_PER_S, Batch
from telltale.events import Event, EventKind, Level
from telltale.profiles.schema import Channel, Profile
from telltale.store.sqlite import SQLiteStore

DAY_NS = 86_400 * NS_PER_S
START_NS = 1_700_006_400 * NS_PER_S  # 2023-11-15 00:00 UTC


def profile(*names: str, profile_id: str = "test_pump", session_gap_s: float = 1800.0) -> Profile:
    channels = {
        name: Channel(title=name, unit="degC", range=(-1e308, 1e308))
        for name in names or ("bearing_temp_c", "motor_temp_c")
    }
    return Profile(
        profile_id, "Test pump", "Made for tests.", channels, session_gap_s=session_gap_s
    )


def batch(times_s: Sequence[float], machine: str = "pump-1", **columns: Sequence[float]) -> Batch:
    time_ns = np.array([START_NS + round(t * NS_PER_S) for t in times_s], dtype=np.int64)
    return Batch(machine, time_ns, {k: np.array(v, dtype=float) for k, v in columns.items()})


def ramp(n: int, *, step_s: float = 1.0, start_s: float = 0.0, machine: str = "pump-1") -> Batch:
    """n samples of two channels that never repeat, so that a lost or doubled one shows."""
    index = np.arange(n, dtype=float)
    return batch(
        (start_s + index * step_s).tolist(),
        machine,
        bearing_temp_c=(start_s + index).tolist(),
        motor_temp_c=np.where(index % 3 == 0, np.nan, np.sin(index / 50.0)).tolist(),
    )


def event(start_ns: int, *, machine: str = "pump-1", end_ns: int | None = None) -> Event:
    return Event(
        key=f"{machine}/limit/bearing_temp_c/warn_above/{start_ns}",
        machine=machine,
        kind=EventKind.LIMIT,
        level=Level.WARN,
        name="bearing_temp_c",
        rule="warn_above",
        start_ns=start_ns,
        end_ns=end_ns,
        value=91.5,
        limit=90.0,
        message="Bearing temperature 91.5 degC, limit 90.0 degC.",
        advice="Grease the bearing.",
    )


def same(left: Batch, right: Batch) -> bool:
    """Equal to the last bit, order of columns aside; -0.0 and 0.0 are the same number."""
    return (
        left.machine == right.machine
        and np.array_equal(left.time_ns, right.time_ns)
        and left.columns.keys() == right.columns.keys()
        and all(
            np.array_equal(values, right.columns[name], equal_nan=True)
            for name, values in left.columns.items()
        )
    )


async def opened(folder: Path, **settings: float | None) -> SQLiteStore:
    store = SQLiteStore(folder, **settings)  # type: ignore[arg-type]  # each test names its own
    await store.open()
    return store


def say(line: str) -> None:
    """Tell the parent process, at once: the next instant may be the last."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
