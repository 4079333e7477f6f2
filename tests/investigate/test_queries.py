"""The queries are LogQL, their values cannot break out, and the windows cover what they must."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.investigate import queries
from whodid.logql.ast import LogQuery
from whodid.logql.parser import parse

ODD = ['host-1.example"}', "a|b", "back\\slash"]


@pytest.mark.parametrize(
    "query",
    [
        queries.candidates(),
        queries.deeds(),
        queries.near(["database"], ["prod", ""], ["41", "42"]),
        queries.near(ODD, ODD, ["41"]),
        queries.frame(["database"], ["prod"], ["41"]),
        queries.crashes(["database"], ["prod"]),
        queries.ssh(["192.0.2.77", "::ffff:192.0.2.77", "2001:db8::1"]),
    ],
)
def test_every_query_is_a_log_query(query: str) -> None:
    assert isinstance(parse(query), LogQuery)


def test_values_of_the_log_stay_values() -> None:
    assert queries.near(['x"} or {y="'], [], ["1"]).startswith('{job=~"x\\"')


@given(st.lists(st.integers(min_value=0, max_value=10**16), min_size=1, max_size=60))
def test_windows_are_few_disjoint_and_cover_every_instant(instants: list[int]) -> None:
    spans = queries.windows(instants)
    assert 1 <= len(spans) <= queries.WINDOWS
    assert all(one[1] < two[0] for one, two in pairwise(spans))
    for instant in instants:
        assert any(start <= instant - queries.BEFORE_NS and instant + queries.AFTER_NS <= end for start, end in spans)


def test_chunks_hold_every_value_once() -> None:
    values = [str(number) for number in range(queries.CHUNK + 3)] * 2
    assert [len(chunk) for chunk in queries.chunks(values)] == [queries.CHUNK, 3]
