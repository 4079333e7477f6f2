"""Delete requests over the real write path and engine, with a clock that stands still but for sleeps of its own."""

import asyncio
from pathlib import Path

from kit.api_house import Hurried
from kit.ingest_bench import IngestBench, until
from whodid.ingest.delete_request import Asker, Request
from whodid.ingest.deletes import Deletes
from whodid.ingest.trail import TRAIL_TENANT, Trail
from whodid.model.clock import SECOND
from whodid.query.deletion import Chooser
from whodid.query.engine import Engine, RangeRequest
from whodid.query.limits import Limits

ASKER = Asker("203.0.113.7", "noa", "curl/8")


MANY_PARTS = 30


class Ahead(Hurried):
    """The real time and some seconds more."""

    ahead_s = 0.0

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.05))

    def now_ns(self) -> int:
        return super().now_ns() + int(self.ahead_s * SECOND)


class DeleteBench:
    """Start with `await bench.start()`; `start` again is a restart of the server."""

    def __init__(self, data_dir: Path) -> None:
        self.write = IngestBench(data_dir)
        self.clock = Ahead()
        self.write.clock = self.clock  # type: ignore[assignment]
        self.tenant = self.write.tenant
        self.forgotten = 0
        self.deletes: Deletes
        self.engine: Engine
        self._data_dir = data_dir

    async def start(self) -> None:
        # What other tests of this process have left in hundreds of parts is mutated with what is deleted here.
        table = await self.write.store.select("SELECT count() AS n FROM system.parts WHERE table = 'lines' AND active")
        if table["n"][0].as_py() > MANY_PARTS:
            await self.write.store.write("OPTIMIZE TABLE lines FINAL")
        await self.write.start()
        store, index = self.write.store, self.write.index
        self.engine = Engine(store, self.write.ingest.settled, index, self.clock, Limits())
        self.deletes = Deletes(
            store,
            self.write.ingest,
            Trail(self.write.ingest, self.clock),
            self.clock,
            self._data_dir,
            choose=Chooser(store, index, Limits()).choose,
            forget=self._forget,
        )
        await self.deletes.load()

    def _forget(self) -> None:
        self.forgotten += 1
        self.engine.forget()

    async def put(self, *lines: str, **labels: str) -> None:
        assert await self.write.ingest.push(self.write.body(*lines, **labels), self.tenant) == []

    async def delete(self, query: str, *, start_ns: int = 0) -> Request:
        return await self.deletes.create(query, start_ns, self.clock.now_ns(), self.tenant, ASKER)

    async def lines(self, query: str = '{job=~".+"}', tenant: str = "", limit: int = 1000) -> list[str]:
        now_ns = self.clock.now_ns()
        request = RangeRequest(
            query, now_ns - 7200 * SECOND, now_ns + 7200 * SECOND, SECOND, limit, "forward", 0, tenant or self.tenant
        )
        return sorted(row.line for row in (await self.engine.range(request)).rows)  # type: ignore[union-attr]

    async def count(self, query: str = '{job=~".+"}') -> int:
        """Lines as the engine counts them, for a dashboard that is refreshed."""
        end_ns = self.clock.now_ns() + 3600 * SECOND
        expr = f"sum(count_over_time({query}[4h]))"
        request = RangeRequest(expr, end_ns - 1800 * SECOND, end_ns, 1800 * SECOND, 1, "forward", 0, self.tenant)
        series = (await self.engine.range(request)).series  # type: ignore[union-attr]
        return int(series[0].points[-1][1]) if series else 0

    async def settle(self, *, quiet: bool) -> None:
        """As the server does now and then, once the engine has masked what is hidden."""
        await until(lambda: not self.deletes._watching)
        await self.deletes.settle(quiet=quiet)

    async def trail(self, name: str) -> list[str]:
        return await self.lines(f'{{job="whodid"}} | request_id="{name}"', TRAIL_TENANT)

    async def on_disk(self, text: str) -> int:
        """Lines of this tenant that are still in the parts, hidden or not."""
        ids = ", ".join(map(str, self.write.index.streams(self.tenant)))
        table = await self.write.store.select(
            f"SELECT count() AS n FROM (SELECT 1 FROM lines WHERE stream_id IN ({ids}) AND line = '{text}' "
            "SETTINGS apply_deleted_mask = 0, apply_mutations_on_fly = 0)"
        )
        return int(table["n"][0].as_py())

    async def stop(self) -> None:
        for task in list(self.deletes._watching):
            task.cancel()
        await asyncio.gather(*self.deletes._watching, return_exceptions=True)
        await self.write.stop()
