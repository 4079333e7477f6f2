"""Matchers on labels."""

import pytest

from whodid.logql.parser import parse_selector
from whodid.query.selector import select

STREAMS = {
    1: {"job": "db", "host": "a"},
    2: {"job": "db", "host": "b"},
    3: {"job": "web"},
}


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ('{job="db"}', {1, 2}),
        ('{job=~"d.|w.*"}', {1, 2, 3}),
        ('{job=~"d"}', set()),
        ('{job=~".+", host=""}', {3}),
        ('{job=~".+", host!=""}', {1, 2}),
        ('{job=~".+", host=~"|a"}', {1, 3}),
        ('{job=~".+", host!~"a|c"}', {2, 3}),
        ("{}", {1, 2, 3}),
    ],
)
def test_select(text: str, ids: set[int]) -> None:
    assert set(select(STREAMS, parse_selector(text).matchers)) == ids
