"""Hypothesis strategies for sound LogQL trees: whatever they draw, `check` accepts and LogQL can write."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from whodid.logql import ast
from whodid.logql.tokens import (
    CONVERSIONS,
    EITHER_RANGE_FUNCTIONS,
    FUNCTIONS,
    GROUPED_RANGE_FUNCTIONS,
    KEYWORDS,
    LOG_RANGE_FUNCTIONS,
    PRECEDENCE,
    RANKING_FUNCTIONS,
    SET_OPERATORS,
    SORT_FUNCTIONS,
    UNWRAP_RANGE_FUNCTIONS,
    VECTOR_FUNCTIONS,
)
from whodid.model.clock import MILLISECOND
from whodid.model.matcher import Matcher


def patient(examples: int = 100) -> settings:
    """No limit on time per example: a busy machine is no defect of the code under test."""
    return settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])


REGEXES = ("", ".*", ".+", "a|b", r"\d{1,3}", "(?i)drop table", '["`]', r"\Qa.b\E", "é+", "^$")
ADDRESSES = ("10.0.0.7", "10.0.0.0/8", "10.0.0.1-10.0.0.9", "::1", "2001:db8::/32")

# Function names are labels too wherever no parenthesis follows.
names = st.one_of(
    st.sampled_from(sorted(FUNCTIONS)),
    st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,6}", fullmatch=True).filter(lambda name: name.lower() not in KEYWORDS),
)
name_lists = st.lists(names, max_size=3).map(tuple)
texts = st.text(max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
unsigned_numbers = st.floats(min_value=0, allow_nan=False, allow_infinity=False)
durations = st.integers(min_value=-(2**63) + 1, max_value=2**63 - 1)
ranges = st.integers(min_value=1, max_value=10**11).map(lambda ms: ms * MILLISECOND)
sizes = st.one_of(st.integers(0, 2**53), st.builds(lambda n, unit: n * unit, st.integers(1, 5000), st.just(1024**4)))
compare_ops = st.sampled_from(("=", "!=", ">", ">=", "<", "<="))

matchers = st.one_of(
    st.builds(Matcher, names, st.sampled_from(("=", "!=")), texts),
    st.builds(Matcher, names, st.sampled_from(("=~", "!~")), st.sampled_from(REGEXES)),
)
selectors = st.builds(
    lambda before, needed, after: ast.Selector((*before, needed, *after)),
    st.lists(matchers, max_size=2),
    st.builds(Matcher, names, st.just("="), texts.filter(bool)),
    st.lists(matchers, max_size=2),
)

conditions = st.one_of(
    st.builds(ast.StringPredicate, matchers),
    st.builds(ast.NumberPredicate, names, compare_ops, numbers),
    st.builds(ast.DurationPredicate, names, compare_ops, durations),
    st.builds(ast.BytesPredicate, names, compare_ops, sizes),
    st.builds(ast.IpPredicate, names, st.sampled_from(("=", "!=")), st.sampled_from(ADDRESSES)),
)
predicates = st.recursive(
    conditions,
    lambda inner: st.one_of(st.builds(ast.AndPredicate, inner, inner), st.builds(ast.OrPredicate, inner, inner)),
    max_leaves=6,
)


def _line_filters(op: str) -> st.SearchStrategy[ast.LineFilter]:
    if op in ("|~", "!~"):
        operand = st.sampled_from(REGEXES).map(ast.LineOperand)
    elif op in ("|>", "!>"):
        operand = st.sampled_from(("", "<_>", "<_> failed for <_>", "a < b", "plain")).map(ast.LineOperand)
    else:
        address = st.builds(ast.LineOperand, st.sampled_from(ADDRESSES), st.just(True))
        operand = st.one_of(texts.map(ast.LineOperand), address)
    return st.builds(ast.LineFilter, st.just(op), st.lists(operand, min_size=1, max_size=3).map(tuple))


line_filters = st.sampled_from(("|=", "!=", "|~", "!~", "|>", "!>")).flatmap(_line_filters)
json_extractions = st.one_of(
    names.map(lambda name: ast.Extraction(name, name)),
    st.builds(ast.Extraction, names, st.sampled_from(("a.b", "a[0].c", '["odd key"]', 'x["y"][1]'))),
)
logfmt_extractions = st.builds(ast.Extraction, names, st.sampled_from(("key", "_1", '"two words"', '"é"')))
assignments = st.builds(ast.LabelAssignment, names, texts, st.just(True)) | st.builds(
    ast.LabelAssignment, names, names, st.just(False)
)
choices = names.map(ast.LabelChoice) | matchers.map(lambda m: ast.LabelChoice(m.name, m.op, m.value))
choice_lists = st.lists(choices, min_size=1, max_size=3).map(tuple)
label_filters = st.builds(ast.LabelFilter, predicates)
stages = st.one_of(
    line_filters,
    label_filters,
    st.builds(ast.JsonParser, st.lists(json_extractions, max_size=2).map(tuple)),
    st.builds(ast.LogfmtParser, st.booleans(), st.booleans(), st.lists(logfmt_extractions, max_size=2).map(tuple)),
    st.builds(ast.RegexpParser, st.sampled_from((r"(?P<ip>\S+)", "(?P<a>x)(?P<b>.*)"))),
    st.builds(ast.PatternParser, st.sampled_from(("<ip> - <_>", "<a>=<b> <c>", '"<q>"'))),
    st.just(ast.Unpack()),
    st.just(ast.Decolorize()),
    st.builds(ast.LineFormat, texts),
    st.builds(
        ast.LabelFormat,
        st.lists(assignments, min_size=1, max_size=3, unique_by=lambda a: a.name).map(tuple),
    ),
    st.builds(ast.Drop, choice_lists),
    st.builds(ast.Keep, choice_lists),
)


def writable(pipeline: Sequence[ast.Stage]) -> bool:
    """Not so: `| keep a` before `!= "x"`, which is the text of another tree (see printer.py)."""
    return not any(
        isinstance(left, ast.Drop | ast.Keep)
        and left.choices[-1].op is None
        and isinstance(right, ast.LineFilter)
        and right.op in ("!=", "!~")
        for left, right in pairwise(pipeline)
    )


pipelines = st.lists(stages, max_size=4).filter(writable)
log_queries = st.builds(ast.LogQuery, selectors, pipelines.map(tuple))

unwraps = st.builds(
    ast.Unwrap,
    names,
    st.none() | st.sampled_from(sorted(CONVERSIONS)),
    st.lists(label_filters, max_size=2).map(tuple),
)
groupings = st.builds(ast.Grouping, name_lists, st.booleans())


def _range_aggregations(function: str) -> st.SearchStrategy[ast.RangeAggregation]:
    if function in UNWRAP_RANGE_FUNCTIONS:
        unwrap: st.SearchStrategy[ast.Unwrap | None] = unwraps
    else:
        unwrap = st.none() if function in LOG_RANGE_FUNCTIONS else st.none() | unwraps
    grouping = st.none() | groupings if function in GROUPED_RANGE_FUNCTIONS else st.none()
    parameter = unsigned_numbers if function == "quantile_over_time" else st.none()
    window = st.builds(ast.LogRange, log_queries, ranges, st.just(0) | durations, unwrap)
    return st.builds(ast.RangeAggregation, st.just(function), window, parameter, grouping)


range_aggregations = st.sampled_from(
    sorted(LOG_RANGE_FUNCTIONS | EITHER_RANGE_FUNCTIONS | UNWRAP_RANGE_FUNCTIONS)
).flatmap(_range_aggregations)
vector_literals = st.builds(ast.VectorLiteral, unsigned_numbers)
literals = st.builds(ast.NumberLiteral, numbers)

Samples = st.SearchStrategy[ast.SampleExpr]


def _vector_aggregations(function: str, inner: Samples) -> Samples:
    ranking = function in RANKING_FUNCTIONS
    grouping = st.none() if function in {"approx_topk"} | SORT_FUNCTIONS else st.none() | groupings
    parameter = st.integers(1, 1000).map(float) if ranking else st.none()
    return st.builds(ast.VectorAggregation, st.just(function), inner, parameter, grouping)


def _binary_operations(op: str, inner: Samples) -> Samples:
    leg = inner.filter(lambda expr: not isinstance(expr, ast.NumberLiteral)) if op in SET_OPERATORS else inner
    matching = st.tuples(name_lists, st.booleans(), st.sampled_from((None, "left", "right")), name_lists).map(
        lambda parts: ast.VectorMatching(*parts[:3], parts[3] if parts[2] else ())
    )
    return st.builds(ast.BinaryOperation, st.just(op), leg, leg, st.none() | matching, st.booleans())


def _larger(inner: Samples) -> Samples:
    return st.one_of(
        st.sampled_from(sorted(VECTOR_FUNCTIONS)).flatmap(lambda function: _vector_aggregations(function, inner)),
        st.sampled_from(sorted(PRECEDENCE)).flatmap(lambda op: _binary_operations(op, inner)),
        st.builds(ast.LabelReplace, inner, names, texts, names, st.sampled_from(REGEXES)),
    )


sample_exprs = st.recursive(st.one_of(range_aggregations, vector_literals, literals), _larger, max_leaves=5)
exprs = st.one_of(log_queries, sample_exprs)
