"""`whodid rules check` and `whodid rules test`: rule files are judged before they are trusted.

Unlike the other commands these import the query engine at once, so main.py loads this module only when it is
called for.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import typer

from whodid.errors import WhodidError
from whodid.ingest.limits import Limits as IngestLimits
from whodid.ingest.pipeline import Ingest
from whodid.logql.ast import LogQuery
from whodid.logql.parser import parse
from whodid.model.clock import SystemClock
from whodid.model.entry import Stream
from whodid.model.result import Row, Scalar, Vector
from whodid.query.engine import Engine
from whodid.query.limits import Limits as QueryLimits
from whodid.rules.load import load_rules
from whodid.rules.selftest import OpenStore, Outcome, Store, run_tests
from whodid.store.chdb import ChdbStore, Settings
from whodid.store.streams import StreamIndex
from whodid.wire.label_text import BadLabels
from whodid.wire.push_protobuf import encode_push

CENTURY_NS = 100 * 365 * 86_400 * 10**9
"""Tests have instants of their own; no age is too old for them."""


class LineRefused(WhodidError):
    """A line of a test cannot be stored."""


def check(files: Sequence[str]) -> int:
    """Prints every mistake; returns how many."""
    loaded = load_rules(files, parse)
    for mistake in loaded.mistakes:
        typer.echo(str(mistake))
    if not loaded.mistakes:
        rules = sum(len(group.rules) for group in loaded.groups)
        typer.echo(f"good: {rules} rules in {len(loaded.groups)} groups, {len(loaded.tests)} tests")
    return len(loaded.mistakes)


def test(files: Sequence[str]) -> int:
    """Runs the tests on the real engine in a throw-away store, prints each; returns how many failed."""
    outcomes = asyncio.run(run(files))
    for outcome in outcomes:
        typer.echo(f"{'FAIL' if outcome.faults else 'pass'}  {outcome.test.name}")
        for fault in outcome.faults:
            typer.echo(f"      {fault}")
    failed = sum(bool(outcome.faults) for outcome in outcomes)
    typer.echo(f"{len(outcomes) - failed} passed, {failed} failed")
    return failed


async def run(files: Sequence[str]) -> list[Outcome]:
    """The outcomes of all tests of the files."""
    loaded = load_rules(files, parse).checked()
    with tempfile.TemporaryDirectory(prefix="whodid-rules-") as directory:
        async with bench(Path(directory)) as open_store:
            return await run_tests(loaded.groups, loaded.tests, open_store)


@asynccontextmanager
async def bench(directory: Path) -> AsyncIterator[OpenStore]:
    """An engine in `directory` that gives every test a tenant of its own: chDB opens one store per process."""
    clock = _Hurried()
    store = ChdbStore.open(Settings(directory / "store"))
    try:
        index = StreamIndex(store)
        await index.load()
        limits = IngestLimits(reject_older_ns=CENTURY_NS, creation_grace_ns=CENTURY_NS)
        ingest = await Ingest.start(store, index, clock, limits, directory)
        engine = Engine(store, ingest.settled, index, clock, QueryLimits())
        committing = asyncio.create_task(ingest.run())
        await asyncio.sleep(0)  # a task that has not begun is cancelled without closing its files
        tests = 0

        @asynccontextmanager
        async def open_store(streams: Sequence[Stream]) -> AsyncIterator[Store]:
            nonlocal tests
            tests += 1
            tenant, before = f"test-{tests}", ingest.bus.last_seq
            # A stream of one entry for each line, in the order of time: sequence numbers rise as they would live.
            lines = sorted(
                ((e.ns, i, s.labels, e) for s in streams for i, e in enumerate(s.entries)), key=lambda x: x[:2]
            )
            if lines:
                body = encode_push([Stream(labels, [entry]) for _, _, labels, entry in lines])
                try:
                    refused = [refusal.text for refusal in await ingest.push(body, tenant)]
                except BadLabels as e:
                    refused = [str(e)]
                if refused:
                    raise LineRefused(f"a test has a line that no server would take: {refused[0]}")
            yield _Sample(engine, tenant, before)

        try:
            yield open_store
        finally:
            committing.cancel()
            await asyncio.gather(committing, return_exceptions=True)
    finally:
        store.close()


class _Hurried(SystemClock):
    """Does not wait: tests push one after the other, so nothing is gained by gathering pushes into one commit."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


class _Sample:
    """See rules.selftest.Store: the lines of one test, numbered from 1."""

    def __init__(self, engine: Engine, tenant: str, before_seq: int) -> None:
        self._engine, self._tenant, self._before = engine, tenant, before_seq

    async def query(self, expr: str, at_ns: int) -> Vector | Scalar:
        return await self._engine.instant(expr, at_ns, self._tenant)

    async def committed(self, queries: Sequence[LogQuery], first_seq: int, last_seq: int) -> list[list[Row]]:
        first, last = first_seq + self._before, last_seq + self._before
        found = await self._engine.committed(queries, first, last, self._tenant)
        return [[row._replace(seq=row.seq - self._before) for row in rows] for rows in found]
