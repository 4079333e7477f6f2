"""Label filters: SQL and Python agree on random labels; the narrowing behind a parser loses nothing."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kit.stage_bench import NAMES, VALUES, compare, texts_and_labels
from whodid.logql.ast import (
    AndPredicate,
    BytesPredicate,
    DurationPredicate,
    IpPredicate,
    LabelFilter,
    LogQuery,
    NumberPredicate,
    OrPredicate,
    StringPredicate,
)
from whodid.logql.parser import parse
from whodid.model.matcher import Matcher
from whodid.query.line import Line
from whodid.query.stages import Scope, label_filter

NAME = st.sampled_from(NAMES)
COMPARE = st.sampled_from(["=", "!=", ">", ">=", "<", "<="])
NUMBER = st.sampled_from([0.0, 5.0, -5.0, 1.5, 0.1, 12.0, 0.3, 0.30000000000000004, 9007199254740992.0, 1e15, 1000.0])
REGEX = st.sampled_from(["", ".*", ".+", "a|5", "a.b", r"\d+", "(?i)A", "prod|"])
STRINGS = st.builds(
    StringPredicate,
    st.builds(Matcher, NAME, st.sampled_from(["=", "!="]), st.sampled_from(["", "prod", *VALUES]))
    | st.builds(Matcher, NAME, st.sampled_from(["=~", "!~"]), REGEX),
)
LEAF = (
    STRINGS
    | st.builds(NumberPredicate, NAME, COMPARE, NUMBER)
    | st.builds(DurationPredicate, NAME, COMPARE, st.sampled_from([0, 5_000_000_000]))
    | st.builds(BytesPredicate, NAME, COMPARE, st.sampled_from([0, 5_000, 10_000_000]))
    | st.builds(IpPredicate, NAME, st.sampled_from(["=", "!="]), st.sampled_from(["10.0.0.0/8", "::/0"]))
)
PREDICATE = st.recursive(LEAF, lambda p: st.builds(AndPredicate, p, p) | st.builds(OrPredicate, p, p), max_leaves=3)


UNREADABLE_THEN_ADDRESS = LabelFilter(AndPredicate(NumberPredicate("a", ">", 5.0), IpPredicate("b", "=", "10.0.0.0/8")))


@settings(max_examples=80, deadline=None)
@example(UNREADABLE_THEN_ADDRESS)
@given(st.builds(LabelFilter, PREDICATE))
def test_sql_and_python_agree(stage: LabelFilter) -> None:
    compare(stage)


@pytest.mark.parametrize(
    "query",
    [
        '{job="j1"} | json | a="b"',
        '{job="j1"} | json | a="b" or host="5"',
        '{job="j2"} | logfmt | a="1" and b="2"',
        '{job="j2"} | regexp `(?P<x>GET)` | x="GET" | a!=""',
        '{job="j3"} | json | host="prod" |= "a"',
        '{job="j4"} | b > 1 | json | a="b"',
        '{job="j0"} | a > 1 | __error__="" | b=ip("10.0.0.0/8")',
        '{job="j0"} | drop a | a="" != "GET"',
        '{job="j0"} | label_format a=b | a="5"',
    ],
)
async def test_a_plan_answers_as_python_alone_would(query: str) -> None:
    parsed = parse(query)
    assert isinstance(parsed, LogQuery)
    answered, expected = await texts_and_labels(query, parsed)
    assert answered == expected


def test_streams_decide_by_their_own_label() -> None:
    scope = Scope({1: {"host": "prod"}, 2: {"host": "stage"}, 3: {}})
    fragment = label_filter.sql(LabelFilter(StringPredicate(Matcher("host", "=", "prod"))), scope)
    assert fragment is not None
    assert fragment.condition == "(stream_id IN (1) OR (stream_id NOT IN (1, 2) AND (metadata['host'] = 'prod')))"


def test_the_first_failure_is_the_one_that_is_told() -> None:
    line = Line(0, "", {}, {"a": "x", "b": "y"})
    both = AndPredicate(NumberPredicate("a", ">", 1), DurationPredicate("b", ">", 1))
    assert label_filter.apply(LabelFilter(both))(line)
    assert (line.error, line.error_details) == ("LabelFilterErr", 'strconv.ParseFloat: parsing "x": invalid syntax')


def test_the_right_side_of_and_runs_on_a_line_the_left_side_has_dropped() -> None:
    line = Line(0, "", {}, {"a": "1", "b": "y"})
    both = AndPredicate(NumberPredicate("a", ">", 5), NumberPredicate("b", ">", 1))
    assert not label_filter.apply(LabelFilter(both))(line)
    assert line.error == "LabelFilterErr"
