"""How much one query may ask for, and the sentences that say no. Numbers and words: Loki's defaults (limits_config).

The server's settings build a `Limits`; engine.py and the readers of the index ask it before and after a query runs.
"""

from dataclasses import dataclass

from whodid.logql.ast import Expr
from whodid.logql.walk import selector_of
from whodid.model.clock import format_duration
from whodid.model.go_text import format_go_duration
from whodid.query.errors import QueryError


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one query."""

    max_entries: int = 5000
    """Lines that one log query may return (`limit`)."""
    max_points: int = 11_000
    """Points of one series (`(end - start) / step`)."""
    max_series: int = 500
    """Series that one metric query may return."""
    max_cells: int = 20_000_000
    """Series × points, or samples of `unwrap`, that may be held in memory while a metric query is computed (16 bytes
    each)."""
    timeout_s: float = 60.0
    """Time of one query, over all statements it runs."""
    memory_bytes: int = 1 << 30
    """Memory that the engine may use for one statement."""
    max_length_ns: int = 0
    """Time that one query may span (`end - start`); 0: any, for what a query costs depends on the lines in it."""
    max_matchers: int = 1000
    """Label matchers of one query."""
    max_volume_series: int = 1000
    """Series of one `index/volume`."""

    @property
    def partial_warning(self) -> str:
        """What is said where too many series are answered in part."""
        return f"maximum number of series ({self.max_series}) reached for a single query; returning partial results"

    def check_entries(self, limit: int) -> None:
        """Refuses a `limit` that is not positive or too large."""
        if limit <= 0:
            raise QueryError("limit must be a positive value")
        if limit > self.max_entries:
            raise QueryError(
                "max entries limit per query exceeded, "
                f"limit > max_entries_limit_per_query ({limit} > {self.max_entries})"
            )

    def check_points(self, start_ns: int, end_ns: int, step_ns: int) -> None:
        """Refuses a step that is not positive, or too fine for the range."""
        if step_ns <= 0:
            raise QueryError("zero or negative query resolution step widths are not accepted. Try a positive integer")
        if (end_ns - start_ns) // step_ns > self.max_points:
            raise QueryError(
                f"exceeded maximum resolution of {self.max_points:,} points per time series. "
                "Try increasing the value of the step parameter"
            )

    def check_series(self, count: int) -> None:
        """Refuses a result of too many series."""
        if count > self.max_series:
            raise QueryError(
                f"maximum number of series ({self.max_series}) reached for a single query; consider reducing query "
                "cardinality by adding more specific stream selectors, reducing the time range, or aggregating "
                "results with functions like sum(), count() or topk()"
            )

    def check_cells(self, series: int, points: int) -> None:
        """Refuses an intermediate result that would not fit into memory."""
        if series * points > self.max_cells:
            raise QueryError(
                f"the query has {series} series of {points} points before aggregation, more than this server computes "
                f"at once ({self.max_cells}); aggregate with sum by (…), use a larger step or a shorter range"
            )

    def check_samples(self, count: int) -> None:
        """Refuses to hold more numbers of `unwrap` than fit into memory."""
        if count > self.max_cells:
            raise QueryError(
                f"the query unwraps more than {self.max_cells} numbers, more than this server computes at once; "
                "use a narrower selector, a filter before unwrap, or a shorter range"
            )

    def check_length(self, start_ns: int, end_ns: int) -> None:
        """Refuses a range that is too long."""
        if 0 < self.max_length_ns < end_ns - start_ns:
            raise QueryError(
                f"the query time range exceeds the limit (query length: {format_go_duration(end_ns - start_ns)}, "
                f"limit: {format_duration(self.max_length_ns)})"
            )

    def check_matchers(self, expr: Expr) -> None:
        """Refuses a query with too many matchers."""
        count = max((len(selector.matchers) for selector in selector_of(expr)), default=0)
        if count > self.max_matchers:
            raise QueryError(
                f"max streams matchers per query exceeded, matchers-count > limit ({count} > {self.max_matchers})"
            )

    def check_volumes(self, count: int) -> None:
        """Refuses a volume of too many series."""
        if count > self.max_volume_series:
            raise QueryError(f"the query hit the max number of series limit (limit: {self.max_volume_series} series)")
