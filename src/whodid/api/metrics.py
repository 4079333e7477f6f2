"""What /metrics says, read from the services at the moment it is asked."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from whodid.api.services import Services


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
        info = GaugeMetricFamily("whodid_build_info", "Version of this server.", labels=["version"])
        info.add_metric([self._services.version], 1)
        yield info


def register(services: Services) -> None:
    """Adds the server's collector to its registry."""
    services.registry.register(_Server(services))
