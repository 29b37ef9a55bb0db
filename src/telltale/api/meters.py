"""Counters of the API that nothing else keeps, in Prometheus' form."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

# Group commit waits up to 25 ms, so the interesting part lies between 5 ms and 1 s.
COMMIT_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Meters:
    """One set per app, so that two apps in one process do not add up."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.accepted = Counter(
            "telltale_ingest_rows",
            "Readings pushed over HTTP and WebSocket and committed.",
            registry=self.registry,
        )
        self.rejected = Counter(
            "telltale_ingest_rejected_rows",
            "Readings pushed over HTTP and WebSocket and refused with a reason.",
            registry=self.registry,
        )
        self.refused = Counter(
            "telltale_ingest_refused_requests",
            "Pushes refused as a whole, by HTTP status.",
            ["status"],
            registry=self.registry,
        )
        self.commit_s = Histogram(
            "telltale_ingest_commit_seconds",
            "From a decoded push to the end of its commit.",
            buckets=COMMIT_BUCKETS_S,
            registry=self.registry,
        )
