"""The engine: LogQL text in, rows or numbers out. The door of query/; api/, rules/ and the tails call it.

It parses, checks the limits, and gives the work to logs.py, metric.py and committed.py, each query with a budget
(budget.py). A cancelled caller stops it at the next statement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from whodid.logql.ast import LogQuery, SampleExpr, VectorAggregation
from whodid.logql.parser import parse
from whodid.logql.tokens import SORT_FUNCTIONS
from whodid.logql.walk import walk
from whodid.model.clock import Clock
from whodid.model.entry import Labels
from whodid.model.result import Matrix, Row, Scalar, Series, Statistics, Streams, Vector
from whodid.query import logs, planner
from whodid.query.beside import narrowed
from whodid.query.budget import Budget, Settled
from whodid.query.committed import CommittedRanges
from whodid.query.errors import QueryError
from whodid.query.frame import Frame
from whodid.query.grid import Grid
from whodid.query.labels import LabelReader
from whodid.query.limits import Limits
from whodid.query.metric import Evaluation
from whodid.query.results_cache import ResultsCache
from whodid.query.scan import Cost
from whodid.query.volume import VolumeRequest, volumes
from whodid.store.store import Reader
from whodid.store.streams import StreamIndex


@dataclass(frozen=True)
class RangeRequest:
    """A query over a span of time. Log queries read [start, end); metric queries are computed at multiples of the
    step.
    """

    query: str
    start_ns: int
    end_ns: int
    step_ns: int
    limit: int
    direction: Literal["forward", "backward"]
    interval_ns: int = 0
    """Log queries: at most one line in this time; 0 for all."""
    tenant: str = "fake"
    takes_part: bool = False
    """Metric queries: of too many series the first are an answer, with a warning; else they are an error."""
    cached: bool = True
    """Metric queries: what was computed before may be a part of the answer (results_cache.py)."""


class Engine:
    """Answers queries over one store. Safe to be asked many things at once from one event loop."""

    def __init__(self, reader: Reader, settled: Settled, index: StreamIndex, clock: Clock, limits: Limits) -> None:
        self._reader, self._settled, self._index, self._clock, self._limits = reader, settled, index, clock, limits
        self._committed, self._cache = CommittedRanges(), ResultsCache()
        self.labels = LabelReader(index)

    @property
    def limits(self) -> Limits:
        """What one query may ask for."""
        return self._limits

    async def range(self, request: RangeRequest) -> Streams | Matrix:
        """Lines of a log query, series of a metric query. Raises LogQLError, QueryError."""
        expr = parse(request.query)
        self._limits.check_matchers(expr)
        self._limits.check_length(request.start_ns, request.end_ns)
        budget = self.budget()
        if isinstance(expr, LogQuery):
            return await self._lines(expr, request, budget)
        self._limits.check_points(request.start_ns, request.end_ns, request.step_ns)
        grid = Grid.aligned(request.start_ns, request.end_ns, request.step_ns)
        cache = self._cache if request.cached else None
        frame, cost = await self._value(expr, grid, request.tenant, budget, cache)
        if not isinstance(frame, Frame):
            frame = Frame.constant(frame, grid.points)
        series = frame.ordered().series(grid)
        statistics = _statistics(cost, budget)
        if request.takes_part and len(series) > self._limits.max_series:
            return Matrix(series[: self._limits.max_series], statistics, (self._limits.partial_warning,))
        self._limits.check_series(len(series))
        return Matrix(series, statistics)

    async def instant(self, query: str, ns: int, tenant: str = "fake", limit: int = 100) -> Vector | Scalar:
        """The value of a metric query at one instant. `limit` is Loki's parameter; it counts lines, of which there
        are none.
        """
        expr = parse(query)
        if isinstance(expr, LogQuery):
            raise QueryError(
                "log queries are not supported as an instant query type, please change your query to a range query type"
            )
        self._limits.check_matchers(expr)
        budget = self.budget()
        value, cost = await self._value(expr, Grid.instant(ns), tenant, budget, None)
        if not isinstance(value, Frame):
            return Scalar(ns, value, _statistics(cost, budget))
        samples = (value if _is_sorted(expr) else value.ordered()).samples()
        self._limits.check_series(len(samples))
        return Vector(ns, samples, _statistics(cost, budget))

    async def committed(
        self, queries: Sequence[LogQuery], first_seq: int, last_seq: int, tenant: str = "fake"
    ) -> list[list[Row]]:
        """For each query, the lines it keeps of the sequence numbers first…last (both included), in their order."""
        streams = self._index.streams(tenant)
        return await self._committed.rows(queries, first_seq, last_seq, tenant, streams, self.budget())

    async def volumes(self, request: VolumeRequest, tenant: str = "fake", *, cached: bool = True) -> list[Series]:
        """Bytes of each series. Raises QueryError."""
        budget, cache = self.budget(), self._cache if cached else None
        streams = await self._streams(tenant, budget, cache)
        return await volumes(streams, request, budget, self._limits, tenant, cache)

    def budget(self) -> Budget:
        """The time and memory of one query from now on; also for statements about the store, such as of volume.py."""
        return Budget(self._reader, self._settled, self._limits, self._clock)

    def forget(self) -> None:
        """Drops what is remembered of stored lines, since some have been deleted."""
        self._committed.forget()
        self._cache.forget()
        self.labels.forget()

    async def _lines(self, query: LogQuery, request: RangeRequest, budget: Budget) -> Streams:
        self._limits.check_entries(request.limit)
        if request.interval_ns < 0:
            raise QueryError("interval must be >= 0")
        plan = narrowed(query, planner.plan(query, self._index.streams(request.tenant)))
        rows, cost = await logs.run(
            plan,
            request.start_ns,
            request.end_ns,
            limit=request.limit,
            newest_first=request.direction == "backward",
            interval_ns=request.interval_ns,
            select=budget,
        )
        return Streams(rows, _statistics(cost, budget))

    async def _value(
        self, expr: SampleExpr, grid: Grid, tenant: str, budget: Budget, cache: ResultsCache | None
    ) -> tuple[Frame | float, Cost]:
        streams = await self._streams(tenant, budget, cache)
        evaluation = Evaluation(streams, grid, budget, self._limits, tenant, cache)
        return await evaluation.value(expr), evaluation.cost

    async def _streams(self, tenant: str, budget: Budget, cache: ResultsCache | None) -> Mapping[int, Labels]:
        """Of one who asks the cache they are those of all lines that it is to know: none may come after them."""
        if cache is not None:
            await budget.last_seq()
        return self._index.streams(tenant)


def _statistics(cost: Cost, budget: Budget) -> Statistics:
    return Statistics(cost.lines, cost.bytes, budget.spent_s)


def _is_sorted(expr: SampleExpr) -> bool:
    """Whether the order of a vector is that of its values, which a `sort` anywhere in the query asks for."""
    return any(isinstance(node, VectorAggregation) and node.function in SORT_FUNCTIONS for node, _ in walk(expr))
