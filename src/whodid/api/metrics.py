"""What /metrics says, read from the services and the store at the moment it is asked. Called by routes/status.py."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from whodid.api.services import LOKI_VERSION, Services
from whodid.store.state import EngineNumbers, StoreState

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100)
"""Loki's."""
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"))
"""A client may send any word; each would be a series."""


class _Server(Collector):
    """Counters of the write path and gauges of what is open."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        totals = self._services.ingest.totals
        yield CounterMetricFamily("whodid_ingested_lines", "Lines stored durably.", totals.lines)
        yield CounterMetricFamily(
            "whodid_ingested_bytes", "Bytes of push bodies, unpacked, whose lines are durable.", totals.bytes
        )
        yield CounterMetricFamily("whodid_commits", "Commits, each fsynced.", totals.commits)
        yield CounterMetricFamily(
            "whodid_refused", "Lines or streams refused, by the reasons told to the client.", totals.refused
        )
        yield CounterMetricFamily(
            "whodid_repeated_pushes", "Pushes whose idempotency key was stored before.", totals.repeated
        )
        yield GaugeMetricFamily(
            "whodid_journal_bytes",
            "Acknowledged and on disk, not yet in the table.",
            self._services.ingest.journal_bytes,
        )
        yield GaugeMetricFamily("whodid_tails", "Open live tails.", self._services.tails)
        yield GaugeMetricFamily(
            "whodid_last_sequence", "Sequence number of the last commit.", self._services.ingest.bus.last_seq
        )
        yield from _of_loki(self._services)
        info = GaugeMetricFamily("whodid_build_info", "Version of this server.", labels=["version"])
        info.add_metric([self._services.version], 1)
        yield info


def _of_loki(services: Services) -> Iterator[Metric]:
    """What Loki's own dashboards ask for, by its names, as far as there is such a thing here."""
    totals = services.ingest.totals
    yield CounterMetricFamily("loki_distributor_lines_received", "Lines stored durably.", totals.lines)
    yield CounterMetricFamily("loki_distributor_bytes_received", "Bytes of push bodies, unpacked.", totals.bytes)
    yield CounterMetricFamily("loki_discarded_samples", "Lines refused.", totals.refused)
    yield GaugeMetricFamily("loki_ingester_memory_streams", "Streams known.", services.index.count)
    info = GaugeMetricFamily("loki_build_info", "The Loki whose API this is.", labels=["version", "revision", "branch"])
    info.add_metric([LOKI_VERSION, f"whodid-{services.version}", "main"], 1)
    yield info


def register(services: Services) -> None:
    """Adds the server's collector to its registry, and begins to count requests."""
    services.registry.register(_Server(services))
    services.durations = Histogram(
        "loki_request_duration_seconds",
        "Time from a request to the end of its answer.",
        ["method", "route", "status_code", "ws"],
        buckets=_BUCKETS,
        registry=services.registry,
    )


class _Store(Collector):
    """One look at the store, had before: a collector cannot wait for the engine."""

    def __init__(self, state: StoreState) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        statements = GaugeMetricFamily(
            "whodid_store_statements",
            "Calls that run in the engine or wait for one of its threads.",
            labels=["kind"],
        )
        for kind, count in self._state.statements.items():
            statements.add_metric([kind], count)
        yield statements
        if self._state.engine is not None:
            yield from _engine(self._state.engine)


def _engine(numbers: EngineNumbers) -> Iterator[Metric]:
    yield GaugeMetricFamily("whodid_store_parts", "Parts that the lines are in; merges keep them few.", numbers.parts)
    yield GaugeMetricFamily("whodid_store_lines", "Lines in the store.", numbers.rows)
    yield GaugeMetricFamily(
        "whodid_store_unindexed_lines",
        "Lines without the index for searches, which is built in quiet moments.",
        numbers.unindexed_rows,
    )
    yield GaugeMetricFamily("whodid_store_disk_bytes", "Size of the tables on disk.", numbers.disk_bytes)
    yield GaugeMetricFamily("whodid_store_memory_bytes", "Memory that the engine holds.", numbers.memory_bytes)
    yield GaugeMetricFamily("whodid_store_merges_running", "Merges under way.", numbers.merges_running)
    yield CounterMetricFamily("whodid_store_merges", "Merges begun, of all tables.", numbers.merges)
    yield CounterMetricFamily("whodid_store_merged_rows", "Rows that merges have read.", numbers.merged_rows)
    yield CounterMetricFamily(
        "whodid_store_merged_bytes",
        "Bytes that merges have read, as they are without compression.",
        numbers.merged_bytes,
    )
    yield CounterMetricFamily("whodid_store_merge_seconds", "Time that merges have taken.", numbers.merge_s)


def of_store(state: StoreState) -> CollectorRegistry:
    """What is to be said of the store, for one answer."""
    registry = CollectorRegistry()
    registry.register(_Store(state))
    return registry


class Timed:
    """Notes how long each request took, by route: of an address with a name in it, the pattern."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app, self._services = app, services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        durations = self._services.durations
        if durations is None or scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = 500, self._services.clock.monotonic_s()

        async def with_status(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, with_status)
        finally:
            took = self._services.clock.monotonic_s() - began
            method = scope["method"] if scope["method"] in _METHODS else "other"
            durations.labels(method, _route(scope), str(status), "false").observe(took)


def _route(scope: Scope) -> str:
    """`loki_api_v1_label_name_values`; what no route takes is one, whatever its address."""
    if "endpoint" not in scope:
        return "other"
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    for name, value in scope.get("path_params", {}).items():
        before, found, behind = path.rpartition(f"/{value}")
        path = f"{before}/{name}{behind}" if found and value else path
    return "_".join(part for part in path.split("/") if part) or "root"
