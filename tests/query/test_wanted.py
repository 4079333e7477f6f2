"""What a metric query wants of its parsers."""

import pytest

from whodid.logql.ast import Grouping, RangeAggregation
from whodid.logql.parser import parse
from whodid.query.wanted import Wanted, wanted


def asked(pipeline: str, *by: str, without: bool = False) -> Wanted:
    node = parse(f'count_over_time({{job="x"}} {pipeline} [1m])')
    assert isinstance(node, RangeAggregation)
    return wanted(node.range.query, node.range.unwrap, Grouping(by, without))


@pytest.mark.parametrize(
    ("pipeline", "names"),
    [
        ("| json", set()),
        ("| json | a > 5 and (b = `x` or c < 2s)", {"a", "b", "c"}),
        ('| json | line_format "{{.a}} {{ .b }}"', {"a", "b"}),
        ('| json | label_format a=b, c="{{.d}}"', {"b", "d"}),
        ("| json | drop a | keep b", set()),
        ("| json | size > 5KB | ip = ip(`10.0.0.1`)", {"size", "ip"}),
    ],
)
def test_names(pipeline: str, names: set[str]) -> None:
    assert asked(pipeline).names == names
    assert asked(pipeline, "g_extracted").names == names | {"g", "g_extracted"}
    assert asked(pipeline, "g", without=True) == Wanted(None)


def test_of_unwrap() -> None:
    node = parse('sum_over_time({job="x"} | json | unwrap bytes(a) | __error__="" [1m])')
    assert isinstance(node, RangeAggregation)
    needs = wanted(node.range.query, node.range.unwrap, Grouping(()))
    assert (needs.names, needs.keeps_parse_errors) == ({"a", "__error__"}, True)
    assert wanted(node.range.query, node.range.unwrap, None) == Wanted(None)


def test_parsers_from_which_nothing_is_wanted_are_left_out() -> None:
    node = parse('count_over_time({job="x"} | json |= "a" | logfmt | unpack [1m])')
    assert isinstance(node, RangeAggregation)
    query = node.range.query
    kinds = [type(stage).__name__ for stage in Wanted(frozenset()).reduced(query).stages]
    assert kinds == ["LineFilter", "Unpack"]
    assert Wanted(None).reduced(query) is query
    assert Wanted(frozenset({"a"})).reduced(query) is query
