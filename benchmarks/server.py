"""A real whodid server of a proof's own, in a directory that goes with it: started as a user does, everything on."""

import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.client import Client
from benchmarks.machine import Company, disk_mb, memory_mib
from kit.processes import Installation

_SAMPLE = re.compile(r"^(whodid_\w+(?:\{[^}]*\})?) (\S+)$", re.MULTILINE)
SETTLED = {"whodid_store_unindexed_lines": 50_000, "whodid_store_merges_running": 1, "whodid_journal_bytes": 1}
"""Below these the server has nothing more to do for what it was given."""


def read_metrics(client: Client) -> dict[str, float]:
    """Every sample, by its name with its labels."""
    return {name: float(value) for name, value in _SAMPLE.findall(client.get("/metrics").decode())}


class Server:
    """One running server and what can be seen of it from outside."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.port = installation.port
        self.pid = installation.start("server").pid
        self.company = Company()
        self.client = Client(self.port)

    def metrics(self) -> dict[str, float]:
        """Every sample of /metrics."""
        return read_metrics(self.client)

    def total(self, selector: str) -> int:
        """How many lines a log query has in the last hour: a check, not a measurement."""
        body = self.client.get("/loki/api/v1/query", query=f"sum(count_over_time({selector} [1h]))")
        result = json.loads(body)["data"]["result"]
        return int(result[0]["value"][1]) if result else 0

    def rest(self, most_s: float) -> float:
        """Leaves the server alone until it says that it has nothing more to do, or for so long; seconds."""
        begin = time.monotonic()
        while (left_s := begin + most_s - time.monotonic()) > 0:
            now = self.metrics()
            if all(now.get(name, most) < most for name, most in SETTLED.items()):
                break
            time.sleep(min(1.0, left_s))
        return time.monotonic() - begin

    def memory_mib(self) -> float:
        return memory_mib(self.pid)

    def disk_mb(self) -> float:
        """Everything it keeps."""
        return disk_mb(self.installation.directory / "data")


@contextmanager
def serving(settings: Callable[[Path], Mapping[str, Any]] = lambda directory: {}) -> Iterator[Server]:
    """A server; `settings` of whodid.yml may name files in its directory. It ends, and its files go, at the end."""
    with tempfile.TemporaryDirectory(prefix="whodid-bench-", ignore_cleanup_errors=True) as name:
        installation = Installation(Path(name), **settings(Path(name)))
        try:
            server = Server(installation)
            yield server
            server.client.close()
        finally:
            installation.stop()
