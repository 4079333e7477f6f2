"""Fixtures of the query tests: a bench with a tenant of its own."""

import pytest

from kit.query_bench import QueryBench


@pytest.fixture
def bench() -> QueryBench:
    return QueryBench()
