"""Health: does it work (`/healthz`), can it keep readings (`/readyz`), and `/metrics`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

import msgspec
from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector, CollectorRegistry
from starlette.responses import Response

from telltale.api.context import Context, Shared
from telltale.api.status import Status, status_now
from telltale.api.wire import answers, reply
from telltale.batch import FOREVER_NS
from telltale.errors import TelltaleError
from telltale.store.base import RangeQuery, StoreStatus

router = APIRouter(tags=["health"])

CHECK_TIMEOUT_S = 2.0
MAX_LOOP_LAG_S = 0.5


class Check(msgspec.Struct, frozen=True):
    """One thing that was just tried."""

    name: str
    ok: bool
    took_ms: float
    detail: str


class Readiness(msgspec.Struct, frozen=True):
    """`ready` only if every check passed."""

    ready: bool
    checks: list[Check]


@router.get("/healthz", summary="The process answers")
async def healthz() -> Response:
    """Answer while the event loop turns."""
    return reply({"status": "ok"})


@router.get("/readyz", responses=answers(Readiness), summary="Readings can be kept")
async def readyz(shared: Shared) -> Response:
    """Measure every check now; 503 if one fails."""
    checks = [await _loop_check(), await _read_check(shared), *await _store_checks(shared)]
    ready = all(check.ok for check in checks)
    return reply(Readiness(ready, checks), 200 if ready else 503)


async def _loop_check() -> Check:
    """Measure how late the event loop is: everything else waits as long."""
    begin_s = time.perf_counter()
    await asyncio.sleep(0.001)
    lag_s = max(0.0, time.perf_counter() - begin_s - 0.001)
    return _check("event_loop", begin_s, lag_s < MAX_LOOP_LAG_S, f"{lag_s * 1000:.1f} ms late")


async def _read_check(shared: Context) -> Check:
    begin_s = time.perf_counter()
    machines = shared.runtime.machines()
    query = RangeQuery(
        machines[0].machine.id if machines else "", 0, FOREVER_NS, limit=1, newest=True
    )
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            batch = await shared.runtime.store.read(query)
    except (TelltaleError, TimeoutError) as error:
        detail = str(error) or f"no answer within {CHECK_TIMEOUT_S:g} s"
        return _check("store_read", begin_s, False, detail)
    return _check("store_read", begin_s, True, f"read {len(batch)} newest reading(s)")


async def _store_checks(shared: Context) -> list[Check]:
    begin_s = time.perf_counter()
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            status = await shared.runtime.store.status()
    except (TelltaleError, TimeoutError) as error:
        detail = str(error) or f"no answer within {CHECK_TIMEOUT_S:g} s"
        return [_check("store_write", begin_s, False, detail)]
    return [
        _check("store_write", begin_s, status.problem is None, status.problem or _commits(status)),
        _check(
            "queue",
            begin_s,
            status.queue_rows < status.queue_limit_rows,
            f"{status.queue_rows} of {status.queue_limit_rows} rows wait for the writer",
        ),
        _check(
            "disk",
            begin_s,
            status.free_bytes >= shared.settings.min_free_bytes,
            f"{status.free_bytes} bytes free, {shared.settings.min_free_bytes} needed",
        ),
    ]


def _commits(status: StoreStatus) -> str:
    return f"{status.commits} commits, {status.failed_commits} failed"


def _check(name: str, begin_s: float, ok: bool, detail: str) -> Check:
    return Check(name, ok, round((time.perf_counter() - begin_s) * 1000, 2), detail)


@router.get(
    "/metrics",
    summary="For Prometheus",
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(shared: Shared) -> Response:
    """Return all counters in Prometheus' text form. No label names a machine."""
    registry = CollectorRegistry()
    registry.register(_Snapshot(await status_now(shared), shared))
    text = generate_latest(shared.meters.registry) + generate_latest(registry)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


class _Snapshot(Collector):
    """The runtime's own numbers, read once per scrape."""

    def __init__(self, status: Status, shared: Context) -> None:
        self._status, self._shared = status, shared

    def collect(self) -> Iterable[Metric]:
        """Give each number its name, unit and meaning."""
        status, store, hub = self._status, self._status.store, self._shared.hub
        machines = self._shared.runtime.machines()
        counters = {
            "telltale_rows": ("Readings taken since the start.", status.rows),
            "telltale_rejected_rows": ("Readings refused since the start.", status.rejected),
            "telltale_late_rows": ("Kept, but too late.", sum(m.late for m in machines)),
            "telltale_commits": ("Commits of the store.", store.commits),
            "telltale_failed_commits": ("Commits that failed.", store.failed_commits),
            "telltale_live_frames": ("Live frames encoded.", hub.frames),
            "telltale_live_dropped_frames": ("Frames viewers were too slow for.", hub.dropped),
            "telltale_live_missed_events": ("Events viewers were too slow for.", hub.missed_events),
        }
        gauges: dict[str, tuple[str, float]] = {
            "telltale_machines": ("Machines known.", status.machines),
            "telltale_viewers": ("Live viewers.", status.viewers.now),
            "telltale_rows_per_second": ("Readings per second, last 10 s.", status.rate_hz),
            "telltale_queue_rows": ("Readings waiting for the writer.", store.queue_rows),
            "telltale_queue_limit_rows": ("Readings that may wait.", store.queue_limit_rows),
            "telltale_models_size_bytes": (
                "Memory that loaded models take, estimated.",
                self._shared.runtime.fleet.shelf.used_bytes,
            ),
            "telltale_store_size_bytes": ("Size on the disk.", store.size_bytes),
            "telltale_disk_free_bytes": ("Left on the disk.", store.free_bytes),
            "telltale_start_time_seconds": ("Unix time of the start.", status.started_ns / 1e9),
        }
        for name, (text, total) in counters.items():
            yield CounterMetricFamily(name, text, value=total)
        for name, (text, value) in gauges.items():
            yield GaugeMetricFamily(name, text, value=value)
