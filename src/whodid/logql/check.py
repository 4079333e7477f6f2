"""What is well formed but makes no sense: judges a tree before anything runs. The first fault is raised.

Called by parser.py for every query, and by whoever builds trees by hand. Reads no text, so its errors have no place;
their words are Loki's wherever Loki has words. Templates (`line_format`) are judged by query/, which knows them.
"""

from collections.abc import Callable
from typing import Any, Final

from whodid.logql.ast import (
    BinaryOperation,
    Expr,
    LabelReplace,
    LogQuery,
    NumberLiteral,
    RangeAggregation,
    Selector,
    StringPredicate,
    VectorAggregation,
)
from whodid.logql.check_stages import check_regex, check_stage
from whodid.logql.errors import LogQLError
from whodid.logql.literals import format_number
from whodid.logql.regexes import examine
from whodid.logql.tokens import (
    EITHER_RANGE_FUNCTIONS,
    GROUPED_RANGE_FUNCTIONS,
    RANKING_FUNCTIONS,
    SET_OPERATORS,
    SORT_FUNCTIONS,
    UNWRAP_RANGE_FUNCTIONS,
)
from whodid.logql.walk import Node, walk
from whodid.model.matcher import Matcher

MAX_DEPTH: Final = 250
"""Of a tree. Parentheses are limited by the parser; this also stops `1 + 1 + 1 + …`, as deep a tree as it is long.
Whoever walks a sound tree recursively, with two frames a level, stays well within Python's 1,000."""


def check(expr: Expr) -> None:
    """Raises LogQLError unless the tree can be run."""
    for node, depth in walk(expr):
        if depth > MAX_DEPTH:
            raise LogQLError(f"the query is nested more than {MAX_DEPTH} levels deep")
        judge = _JUDGES.get(type(node))
        if judge is not None:
            judge(node)


def check_selector(selector: Selector) -> None:
    """Raises LogQLError if a matcher's regular expression is none."""
    for matcher in selector.matchers:
        _check_matcher(matcher)


def _check_matcher(matcher: Matcher) -> None:
    if matcher.op in ("=~", "!~"):
        check_regex(matcher.value)


def _check_log_query(query: LogQuery) -> None:
    check_selector(query.selector)
    check_narrow(query.selector)
    for stage in query.stages:
        check_stage(stage)


def check_narrow(selector: Selector) -> None:
    """Raises LogQLError if a selector would take a stream without any of its labels."""
    if all(_accepts_empty(matcher) for matcher in selector.matchers):
        raise LogQLError(
            "queries require at least one regexp or equality matcher that does not have an empty-compatible value. "
            'For instance, app=~".*" does not meet this requirement, but app=~".+" will'
        )


def _accepts_empty(matcher: Matcher) -> bool:
    if matcher.op in ("=", "!="):
        return (matcher.value == "") == (matcher.op == "=")
    return examine(matcher.value).matches_empty == (matcher.op == "=~")


def _check_range_aggregation(node: RangeAggregation) -> None:
    function = node.function
    unwrap = node.range.unwrap
    if function == "quantile_over_time":
        if node.parameter is None:
            raise LogQLError(f"parameter required for operation {function}")
    elif node.parameter is not None:
        raise LogQLError(f"parameter {format_number(node.parameter)} not supported for operation {function}")
    if node.grouping is not None and function not in GROUPED_RANGE_FUNCTIONS:
        raise LogQLError(f"grouping not allowed for {function} aggregation")
    if unwrap is None and function in UNWRAP_RANGE_FUNCTIONS:
        raise LogQLError(f"invalid aggregation {function} without unwrap")
    if unwrap is not None and function not in UNWRAP_RANGE_FUNCTIONS | EITHER_RANGE_FUNCTIONS:
        raise LogQLError(f"invalid aggregation {function} with unwrap")


def _check_vector_aggregation(node: VectorAggregation) -> None:
    function = node.function
    if function not in RANKING_FUNCTIONS:
        if node.parameter is not None:
            raise LogQLError(f"unsupported parameter for operation {function}({format_number(node.parameter)},")
        if function in SORT_FUNCTIONS and node.grouping is not None and node.grouping.labels:
            raise LogQLError("sort and sort_desc doesn't allow grouping by")
        return
    if node.parameter is None:
        raise LogQLError(f"parameter required for operation {function}")
    shown = format_number(node.parameter)
    if not node.parameter.is_integer():  # as written in a query it must also be without a point (parser.py)
        raise LogQLError(f"invalid parameter {function}({shown},")
    if node.parameter <= 0:
        raise LogQLError(f"invalid parameter (must be greater than 0) {function}({shown}")
    if function == "approx_topk" and node.grouping is not None:
        raise LogQLError("grouping not allowed for approx_topk aggregation")


def _check_binary_operation(node: BinaryOperation) -> None:
    # `bool` behind any other operator, and group_left behind `and`, mean nothing; Loki lets them stand.
    if node.op not in SET_OPERATORS:
        return
    for side, leg in (("left", node.left), ("right", node.right)):
        if isinstance(leg, NumberLiteral):
            raise LogQLError(
                f"unexpected literal for {side} leg of logical/set binary operation ({node.op}): {leg.value:f}"
            )


def _check_label_replace(node: LabelReplace) -> None:
    if error := examine(f"^(?:{node.pattern})$").error:
        raise LogQLError(f"invalid regex in label_replace: {error}")


def _check_string_predicate(node: StringPredicate) -> None:
    _check_matcher(node.matcher)


_JUDGES: dict[type[Node], Callable[[Any], None]] = {
    LogQuery: _check_log_query,
    RangeAggregation: _check_range_aggregation,
    VectorAggregation: _check_vector_aggregation,
    BinaryOperation: _check_binary_operation,
    LabelReplace: _check_label_replace,
    StringPredicate: _check_string_predicate,
}
