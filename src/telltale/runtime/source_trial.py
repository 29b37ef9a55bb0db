"""A source tried out: opened, its first readings shown, nothing kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import aclosing
from itertools import islice
from typing import Any

import msgspec

from telltale.errors import TelltaleError
from telltale.formats.base import Decoded, LeftOut, Rejection
from telltale.sources.base import Probing, Source

MAX_SAMPLES = 10
MAX_CHANNELS = 100  # of one sample shown
LONGEST_S = 60.0


class Step(msgspec.Struct, frozen=True):
    """One step of a trial: what was tried, whether it went well, and one sentence."""

    step: str
    ok: bool
    text: str
    took_s: float


class Sample(msgspec.Struct, frozen=True):
    """One reading as it was decoded, under the feed's own names."""

    machine: str
    time_ns: int
    values: dict[str, float]


class Trial(msgspec.Struct, frozen=True):
    """What became of a trial.

    Attributes:
        ok: Every step went well.
        samples: The first readings.
        rows, rejected: Readings that came, and that were refused.
        units: Of the columns, where the source says them.
        reasons: Of refusals.
        left_out: Columns of which nothing would be kept.
    """

    ok: bool
    steps: tuple[Step, ...]
    samples: tuple[Sample, ...] = ()
    rows: int = 0
    rejected: int = 0
    units: dict[str, str] = {}
    reasons: tuple[Rejection, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


async def try_source(source: Source, seconds: float) -> Trial:
    """Open a source, wait for its first readings, and close it. Nothing is kept."""
    tried = source.probe() if isinstance(source, Probing) else source
    began_s = time.monotonic()
    try:
        async with asyncio.timeout(seconds):
            await tried.open()
    except (TelltaleError, OSError) as error:
        await tried.close()
        return Trial(ok=False, steps=(_step("connect", began_s, str(error), ok=False),))
    except TimeoutError:
        await tried.close()
        text = f"It did not open within {seconds:g} s. Give it more seconds, or check the address."
        return Trial(ok=False, steps=(_step("connect", began_s, text, ok=False),))
    steps = [_step("connect", began_s, tried.status.detail or "Open.")]
    began_s = time.monotonic()
    taken: list[Decoded] = []
    failure = ""
    try:
        async with asyncio.timeout(seconds):
            await _take(tried, taken)
    except TimeoutError:
        pass  # what came by then is shown
    except (TelltaleError, OSError) as error:
        failure = str(error)
    finally:
        await tried.close()
    steps.append(_heard(taken, began_s, seconds, failure))
    return _trial(steps, taken)


async def _take(source: Source, taken: list[Decoded]) -> None:
    async with aclosing(source.batches()) as batches:  # type: ignore[type-var]  # a generator
        async for decoded in batches:
            taken.append(decoded)
            if sum(one.rows for one in taken) >= MAX_SAMPLES or len(taken) > 1000:
                return


def _heard(taken: list[Decoded], began_s: float, seconds: float, failure: str) -> Step:
    rows, refused = sum(one.rows for one in taken), sum(one.rejected_rows for one in taken)
    if failure:
        return _step("read", began_s, failure, ok=False)
    if rows:
        told = f"{rows} readings came" + (f", {refused} more were refused." if refused else ".")
        return _step("read", began_s, told)
    if refused:
        return _step("read", began_s, f"All {refused} readings were refused.", ok=False)
    text = f"It is open, but nothing came within {seconds:g} s. Is anything sent there?"
    return _step("read", began_s, text, ok=False)


def _step(what: str, began_s: float, text: str, *, ok: bool = True) -> Step:
    return Step(what, ok, text, round(time.monotonic() - began_s, 3))


def _trial(steps: list[Step], taken: list[Decoded]) -> Trial:
    left_out = {one.column: one for decoded in taken for one in decoded.left_out}
    return Trial(
        ok=all(step.ok for step in steps),
        steps=tuple(steps),
        samples=tuple(islice(_samples(taken), MAX_SAMPLES)),
        rows=sum(decoded.rows for decoded in taken),
        rejected=sum(decoded.rejected_rows for decoded in taken),
        units={name: unit for decoded in taken for name, unit in decoded.units.items()},
        reasons=tuple(reason for decoded in taken for reason in decoded.reasons)[:MAX_SAMPLES],
        left_out=tuple(left_out.values()),
    )


def _samples(taken: list[Decoded]) -> Iterator[Sample]:
    for decoded in taken:
        for batch in decoded.batches:
            for i, time_ns in enumerate(batch.time_ns.tolist()):
                values: dict[str, Any] = {
                    name: float(column[i])
                    for name, column in list(batch.columns.items())[:MAX_CHANNELS]
                    if column[i] == column[i]  # NaN is missing
                }
                yield Sample(batch.machine, time_ns, values)
