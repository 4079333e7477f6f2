"""The server, put together: every room built, one page. Read it from top to bottom to know what runs.

`run_server` is what `whodid server` and one half of `whodid up` are. Nothing above it but the commands; nothing below
it knows that it exists.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import uvicorn
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from whodid import __version__
from whodid.agent.redaction import make_redactor
from whodid.api.app import api_app, dashboard_app
from whodid.api.metrics import register
from whodid.api.services import DEFAULT_TENANT, Services
from whodid.config.settings import Config, Limits, Listen
from whodid.errors import WhodidError
from whodid.ingest.deletes import Deletes
from whodid.ingest.indexing import keep_indexed
from whodid.ingest.json_fields import JsonFields
from whodid.ingest.limits import Limits as IngestLimits
from whodid.ingest.merging import keep_merging_aside
from whodid.ingest.pipeline import Ingest
from whodid.ingest.retention import Policy, keep_enforcing
from whodid.ingest.trail import Trail
from whodid.investigate.finding import Finding
from whodid.investigate.who import find, has_deeds
from whodid.logql.parser import parse
from whodid.model.clock import SECOND, Clock
from whodid.model.result import Row, Streams
from whodid.notify.outbox import Outbox
from whodid.notify.queue_file import QueueFile
from whodid.notify.webhook import Webhook
from whodid.query.columns import fields_of_line
from whodid.query.deletion import Chooser
from whodid.query.engine import Engine, RangeRequest
from whodid.query.errors import QueryError
from whodid.query.limits import Limits as QueryLimits
from whodid.rules.evaluator import Evaluator
from whodid.rules.journal import Journal
from whodid.rules.judgement import Surroundings
from whodid.rules.load import Loaded, load_rules
from whodid.rules.render import alerts_json, rule_files, rules_json
from whodid.rules.scheduler import Scheduler
from whodid.store.chdb import ChdbStore
from whodid.store.chdb import Settings as StoreSettings
from whodid.store.memory import keep_trimmed
from whodid.store.state import read_state
from whodid.store.streams import StreamIndex

log = logging.getLogger("whodid.server")

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
FINDINGS_ROWS = 200_000
"""Most rows that one question of `whodid who` may bring into memory (about 200 MB)."""


class PortTaken(WhodidError):
    """An address to listen on is in use or not ours."""


class HalfRunning(WhodidError):
    """A part of the server has failed, so the whole of it stopped."""


class QuestionTooLarge(QueryError):
    """Never answered in part: what is left out could be the line that matters."""


async def run_server(
    config: Config, clock: Clock, stop: asyncio.Event, on_ready: Callable[[], None] = lambda: None
) -> None:
    """Serves until `stop` is set. Raises WhodidError with what to do when it cannot start."""
    # Ports first: a second server must fail before it touches the first one's store.
    with _bind(config.server, "server.listen") as api, _bind(config.dashboard, "dashboard.listen") as pages:
        async with _house(config, clock, stop) as services:
            hosts = LOOPBACK_HOSTS | {config.server.host, config.dashboard.host}
            servers = [_uvicorn(api_app(services, hosts)), _uvicorn(dashboard_app(services, hosts))]
            serving = [
                asyncio.create_task(server._serve([sock])) for server, sock in zip(servers, (api, pages), strict=True)
            ]
            on_ready()
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait([stopping, *serving], return_when=asyncio.FIRST_COMPLETED)
            for server in servers:
                server.should_exit = True
            stop.set()
            await asyncio.gather(*serving)
            stopping.cancel()


@asynccontextmanager
async def _house(config: Config, clock: Clock, stop: asyncio.Event) -> AsyncIterator[Services]:
    """Every room, opened in order and closed in the reverse order."""
    rules = load_rules(config.rules, parse).checked()
    async with AsyncExitStack() as closing:
        store = ChdbStore.open(StoreSettings(config.data_dir / "store", config.store_memory_bytes))
        closing.callback(store.close)
        index = StreamIndex(store)
        await index.load()
        limits = IngestLimits(reject_older_ns=config.retention.period_ns)
        ingest = await Ingest.start(store, index, clock, limits, config.data_dir)
        query_limits = _query_limits(config.limits)
        engine = Engine(store, ingest.settled, index, clock, query_limits)
        live = Engine(store.urgent, ingest.bus.reached, index, clock, query_limits)
        of_findings = Engine(store, ingest.settled, index, clock, QueryLimits(max_entries=FINDINGS_ROWS))

        def forget() -> None:
            for one in (engine, live, of_findings):
                one.forget()

        trail = Trail(ingest, clock)
        choose = Chooser(store, index, query_limits).choose
        deletes = Deletes(store, ingest, trail, clock, config.data_dir, choose=choose, forget=forget)
        await deletes.load()

        evaluator, scheduler, outbox = await _judgement(config, rules, clock, live, ingest, closing)
        services = Services(
            clock=clock,
            store=store,
            index=index,
            ingest=ingest,
            engine=engine,
            live=live,
            deletes=deletes,
            trail=trail,
            registry=CollectorRegistry(),
            store_state=lambda: read_state(store),
            find=_finder(of_findings, config),
            has_deeds=_judge_of_deeds(engine),
            alerts=lambda: alerts_json(evaluator.alerts()),
            rules=lambda **chosen: rules_json(evaluator.groups, evaluator.active, evaluator.health, **chosen),
            rule_files=lambda: rule_files(evaluator.groups),
            retention_ns=config.retention.period_ns,
            hooks=config.webhooks,
            redact=make_redactor(config.agent.redact, config.data_dir),
            version=__version__,
        )
        register(services)
        work = {
            "the write path": ingest.run(),
            "the deletions": deletes.run(),
            "the rules": scheduler.run(stop),
            "the notifications": outbox.run(stop),
            "memory": keep_trimmed(store, clock),
            "merging": keep_merging_aside(store, ingest.totals, clock),
            "the index": keep_indexed(
                store, ingest.totals, clock, JsonFields(store, lambda: ingest.bus.last_seq, fields_of_line)
            ),
            "retention": keep_enforcing(store, _policy(config), config.data_dir, clock, forget),
        }
        async with _running(work, stop):
            yield services


async def _judgement(
    config: Config, rules: Loaded, clock: Clock, live: Engine, ingest: Ingest, closing: AsyncExitStack
) -> tuple[Evaluator, Scheduler, Outbox]:
    """What judges the lines that come in, and tells."""
    journal = Journal(config.data_dir / "rules.sqlite")
    closing.push_async_callback(journal.close)
    queue = QueueFile(config.data_dir / "outbox.sqlite")
    closing.push_async_callback(queue.close)
    dashboard = f"{config.dashboard.url}/logs/"
    webhooks = [Webhook(replace(settings, external_url=dashboard), clock) for settings in config.notify]
    for webhook in webhooks:
        closing.push_async_callback(webhook.close)
    outbox = Outbox(queue, webhooks, clock)
    evaluator = Evaluator(
        rules.groups,
        query=live.instant,
        committed=live.committed,
        notify=outbox.put,
        journal=journal,
        clock=clock,
        around=Surroundings(external_url=dashboard),
    )
    await evaluator.start(ingest.bus.last_seq)
    scheduler = Scheduler(evaluator, ingest.bus.wait, clock, journal.prune_history)
    return evaluator, scheduler, outbox


def _policy(config: Config) -> Policy:
    return Policy(config.retention.period_ns, config.retention.max_bytes, config.retention.max_disk_percent)


@asynccontextmanager
async def _running(work: Mapping[str, Awaitable[None]], stop: asyncio.Event) -> AsyncIterator[None]:
    """Background work for the life of the server. If any of it ends early the server stops: half a server lies."""
    tasks: dict[asyncio.Future[None], str] = {asyncio.ensure_future(job): name for name, job in work.items()}
    failures: list[str] = []

    def ended(task: asyncio.Future[None]) -> None:
        if task.cancelled() or stop.is_set():
            return
        error = task.exception()
        failures.append(f"{tasks[task]} ended unexpectedly{f' ({error!r})' if error else ''}")
        log.critical("%s, the server stops", failures[0], exc_info=error)
        stop.set()

    for task in tasks:
        task.add_done_callback(ended)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if failures:
        raise HalfRunning(f"the server stopped because {failures[0]}; its log says more")


def _query_limits(limits: Limits) -> QueryLimits:
    return QueryLimits(
        max_entries=limits.max_entries_limit_per_query,
        max_series=limits.max_query_series,
        timeout_s=limits.query_timeout_ns / SECOND,
        memory_bytes=limits.query_memory_bytes,
        max_length_ns=limits.max_query_length_ns,
        max_matchers=limits.max_streams_matchers_per_query,
        max_volume_series=limits.volume_max_series,
    )


def _finder(engine: Engine, config: Config) -> Callable[[int, int, Sequence[str]], Coroutine[Any, Any, list[Finding]]]:
    """`whodid who` over this server's own query engine."""

    async def fetch(query: str, start_ns: int, end_ns: int) -> list[Row]:
        request = RangeRequest(query, start_ns, end_ns, SECOND, FINDINGS_ROWS, "forward", 0, DEFAULT_TENANT)
        result = await engine.range(request)
        assert isinstance(result, Streams)
        if len(result.rows) >= FINDINGS_ROWS:
            raise QuestionTooLarge(
                f"more than {FINDINGS_ROWS} lines bear on this question; ask for a shorter time or add a word"
            )
        return result.rows

    async def findings(start_ns: int, end_ns: int, words: Sequence[str]) -> list[Finding]:
        return await find(fetch, config.people, start_ns, end_ns, words)

    return findings


def _judge_of_deeds(engine: Engine) -> Callable[[int, int], Coroutine[Any, Any, bool]]:
    """Whether there was anything for `whodid who` to judge: the newest such line is all that is read."""

    async def fetch(query: str, start_ns: int, end_ns: int) -> list[Row]:
        result = await engine.range(RangeRequest(query, start_ns, end_ns, SECOND, 1, "backward", 0, DEFAULT_TENANT))
        assert isinstance(result, Streams)
        return result.rows

    async def judge(start_ns: int, end_ns: int) -> bool:
        return await has_deeds(fetch, start_ns, end_ns)

    return judge


def _bind(listen: Listen, key: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    # Named, or asyncio would not know it for TCP and leave Nagle on: each answer in two writes would take 40 ms more.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((listen.host, listen.port))
        sock.listen(512)
    except OSError as e:
        sock.close()
        raise PortTaken(
            f"cannot listen on {listen.host}:{listen.port} ({key}): {e.strerror}; stop the program that uses the port "
            f"(`ss -ltnp 'sport = :{listen.port}'` names it) or set another {key}"
        ) from None
    return sock


def _uvicorn(app: ASGIApp) -> uvicorn.Server:
    settings = uvicorn.Config(
        app,
        lifespan="off",
        access_log=False,
        log_config=None,
        ws="websockets-sansio",
        timeout_graceful_shutdown=5,
        server_header=False,
        ws_max_size=1 << 20,
    )
    return uvicorn.Server(settings)
