"""Limits say no in Loki's words."""

import pytest

from whodid.logql.parser import parse
from whodid.model.clock import SECOND
from whodid.query.errors import QueryError
from whodid.query.limits import Limits

LIMITS = Limits(max_series=2, max_cells=10, max_length_ns=3600 * SECOND, max_matchers=2, max_volume_series=2)


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (lambda: LIMITS.check_entries(0), "limit must be a positive value"),
        (lambda: LIMITS.check_entries(5001), r"limit > max_entries_limit_per_query \(5001 > 5000\)"),
        (lambda: LIMITS.check_points(0, 10, 0), "zero or negative query resolution step widths"),
        (lambda: LIMITS.check_points(0, 11_001, 1), "exceeded maximum resolution of 11,000 points per time series"),
        (lambda: LIMITS.check_series(3), r"maximum number of series \(2\) reached for a single query"),
        (lambda: LIMITS.check_cells(3, 4), "3 series of 4 points"),
        (lambda: LIMITS.check_samples(11), "unwraps more than 10 numbers"),
        (
            lambda: LIMITS.check_length(0, 5401 * SECOND),
            r"the query time range exceeds the limit \(query length: 1h30m1s, limit: 1h\)",
        ),
        (lambda: LIMITS.check_matchers(parse('{a="", b="c", d="e"}')), r"matchers-count > limit \(3 > 2\)"),
        (
            lambda: LIMITS.check_matchers(parse('rate({a="b"}[1m]) / rate({a="", b="c", d="e"}[1m])')),
            r"max streams matchers per query exceeded, matchers-count > limit \(3 > 2\)",
        ),
        (lambda: LIMITS.check_volumes(3), r"the query hit the max number of series limit \(limit: 2 series\)"),
    ],
)
def test_refusals(check: object, words: str) -> None:
    with pytest.raises(QueryError, match=words):
        check()  # type: ignore[operator]


def test_bounds_themselves_are_allowed() -> None:
    LIMITS.check_entries(5000)
    LIMITS.check_points(0, 11_000, 1)
    LIMITS.check_series(2)
    LIMITS.check_cells(2, 5)
    LIMITS.check_samples(10)
    LIMITS.check_length(0, 3600 * SECOND)
    LIMITS.check_matchers(parse('{a="b", c="d"}'))
    LIMITS.check_matchers(parse("1 + 1"))
    LIMITS.check_volumes(2)
    Limits().check_length(0, 1 << 62)
