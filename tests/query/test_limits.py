"""Limits say no in Loki's words."""

import pytest

from whodid.query.errors import QueryError
from whodid.query.limits import Limits

LIMITS = Limits(max_series=2, max_cells=10)


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
