"""Selectors of `match`; what they choose is in cases/match.yml."""

import pytest

from whodid.promtail import PipelineEntry
from whodid.promtail.selector import SelectorError, chooses


@pytest.mark.parametrize(
    ("selector", "chosen"),
    [
        ('{a="x"}', True),
        ('{a="x", b=""}', True),
        ('{a=~".+"} |= "line" |~ "^a" != "z" !~ "Z"', True),
        ('{a=~"X"}', False),
        ('{a=~"(?i)X"}', True),
        ('{a!="x"}', False),
        ('{a!~"y"} |= `line`', True),
        ('{a="x"} |= ""', True),
        ('{a="x"} |~ "(?i)LINE$"', True),
    ],
)
def test_chosen(selector: str, chosen: bool) -> None:
    assert chooses(selector)(PipelineEntry({"a": "x"}, "a line")) is chosen


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ('{a="x"', "syntax error"),
        ('{a="x"} | json', "no other stage of LogQL"),
        ('{a="x"} |= "a" or "b"', "takes one text"),
        ('{a="x"} |= ip("192.0.2.1")', "takes one text"),
        ('{a="x"} |> "a<_>"', "no other stage of LogQL"),
        ('{a=~"("}', "missing closing )"),
        ('{a="x"} |~ "("', "missing closing )"),
        ('count_over_time({a="x"}[1m])', "syntax error"),
    ],
)
def test_no_selectors(selector: str, message: str) -> None:
    with pytest.raises(SelectorError) as caught:
        chooses(selector)
    assert message in str(caught.value)
