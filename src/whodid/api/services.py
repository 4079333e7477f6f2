"""The contract between the door and the house: what the routes may call. Built by server.py, held in `app.state`.

Everything is a callable or an object of a lower room; the routes know nothing of how it was put together.
"""

from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from prometheus_client import CollectorRegistry, Histogram
from starlette.requests import HTTPConnection

from whodid.api.hooks import Hooks
from whodid.api.tenants import HEADER, read_tenants, write_tenant
from whodid.formats.redact import Redactor
from whodid.ingest.deletes import Deletes
from whodid.ingest.pipeline import Ingest
from whodid.ingest.trail import Trail
from whodid.investigate.finding import Finding
from whodid.model.clock import Clock
from whodid.query.engine import Engine
from whodid.store.state import StoreState
from whodid.store.store import Store
from whodid.store.streams import StreamIndex

LOKI_VERSION = "3.7.6"
"""The Loki whose API this is: Grafana and logcli switch features on by this number."""
DEFAULT_TENANT = "fake"
"""The tenant without tenants, named as Loki names it."""


class RulesAnswer(Protocol):
    """Groups with the state of their rules, those that the filters leave."""

    def __call__(
        self,
        *,
        kind: Literal["alert", "record"] | None,
        files: Collection[str],
        group_names: Collection[str],
        rule_names: Collection[str],
    ) -> dict[str, Any]: ...


@dataclass(slots=True)
class Services:
    """What one server consists of, as the routes see it."""

    clock: Clock
    store: Store
    index: StreamIndex
    ingest: Ingest
    engine: Engine
    """Reads all that was acknowledged."""
    live: Engine
    """Reads what is in the table, at once: for those who follow the numbers that the bell rings for."""
    deletes: Deletes
    trail: Trail
    registry: CollectorRegistry
    store_state: Callable[[], Coroutine[Any, Any, StoreState]]
    """How the engine is, for /metrics."""
    find: Callable[[int, int, Sequence[str]], Coroutine[Any, Any, list[Finding]]]
    """Findings between two instants (ns) that hold all words: the answer of `whodid who`."""
    has_deeds: Callable[[int, int], Coroutine[Any, Any, bool]]
    """Whether a database's log says between two instants (ns) of anything that it was done."""
    alerts: Callable[[], dict[str, Any]]
    """Prometheus' /api/v1/alerts answer."""
    rules: "RulesAnswer"
    """Prometheus' /api/v1/rules answer."""
    rule_files: Callable[[], Mapping[str, list[dict[str, Any]]]]
    """The groups of each rule file, as they are written."""
    retention_ns: int = 0
    """How long lines are kept."""
    hooks: Hooks = field(default_factory=Hooks)
    """Who may tell of events by HTTP."""
    redact: Redactor = field(default_factory=Redactor)
    """Masks secrets in what webhooks tell: no agent has read it before."""
    version: str = ""
    tails: int = 0
    """Open tails."""
    exports: int = 0
    """Running exports."""
    hook_bytes: int = 0
    """Of large webhook deliveries under way."""
    durations: Histogram | None = None
    """How long requests take; None: nobody counts."""
    is_ready: Callable[[], str] = field(default=lambda: "")
    """Empty when ready, else why not."""


def services(connection: HTTPConnection) -> Services:
    """The services of the app that a request came to."""
    found: Services = connection.app.state.services
    return found


def tenant_of(connection: HTTPConnection) -> str:
    """The tenant, or tenants, that a request reads. Raises BadTenant."""
    return read_tenants(connection.headers.get(HEADER, ""), DEFAULT_TENANT)


def writing_tenant_of(connection: HTTPConnection) -> str:
    """The tenant that a request writes to. Raises BadTenant."""
    return write_tenant(connection.headers.get(HEADER, ""), DEFAULT_TENANT)
