"""LogQL text to tree: `parse` and `parse_selector`. Recursive descent; binary operators by precedence climbing.

The grammar is Grafana Loki 3.7's. Here are the expressions; stages are in pipeline.py, conditions in filters.py. What
is well formed but makes no sense is judged by check.py, which `parse` calls: the caller gets a sound tree or one error.
"""

from difflib import get_close_matches
from typing import Literal, NamedTuple, cast

from whodid.logql.ast import (
    BinaryOp,
    BinaryOperation,
    Expr,
    Grouping,
    LabelReplace,
    LogQuery,
    LogRange,
    NumberLiteral,
    RangeAggregation,
    SampleExpr,
    Selector,
    Stage,
    Unwrap,
    VectorAggregation,
    VectorLiteral,
    VectorMatching,
)
from whodid.logql.check import check, check_narrow, check_selector
from whodid.logql.cursor import Cursor
from whodid.logql.errors import LogQLError
from whodid.logql.filters import number, selector
from whodid.logql.pipeline import pipeline
from whodid.logql.tokens import (
    DURATION,
    END,
    FUNCTION,
    FUNCTIONS,
    IDENTIFIER,
    NUMBER,
    PRECEDENCE,
    RANGE,
    RANGE_FUNCTIONS,
    RANKING_FUNCTIONS,
    STRING,
    VECTOR_FUNCTIONS,
)


def parse(text: str) -> Expr:
    """The tree of a query. Raises LogQLError for anything Loki would refuse before running it."""
    cursor = Cursor(text)
    expr = _expression(cursor)
    if cursor.kind != END:
        raise cursor.unexpected()
    check(expr)
    return expr


def parse_selector(text: str, *, narrow: bool = False) -> Selector:
    """A bare selector, as `match[]` and the labels' `query` take it. `{}` and `{a=~".*"}` are fine unless it has to be
    `narrow`, as that of a query.
    """
    cursor = Cursor(text)
    found = selector(cursor)
    if cursor.kind != END:
        if not pipeline(cursor)[0] or cursor.kind != END:
            raise cursor.unexpected()
        raise LogQLError("only label matchers is supported")
    check_selector(found)
    if narrow:
        check_narrow(found)
    return found


def parse_filtered(text: str) -> LogQuery:
    """A selector of any width with its pipeline, as Promtail's `match` stage has it; who asks judges the stages."""
    cursor = Cursor(text)
    found = LogQuery(selector(cursor), pipeline(cursor)[0])
    if cursor.kind != END:
        raise cursor.unexpected()
    return found


def _expression(cursor: Cursor, strength: int = 0) -> Expr:
    """Operands joined by operators that bind tighter than `strength`."""
    cursor.enter()
    left = _operand(cursor)
    while (binding := PRECEDENCE.get(cursor.kind, 0)) > strength:
        op = cast(BinaryOp, cursor.advance().kind)
        return_bool = cursor.accept("bool")
        matching = _matching(cursor)
        # `^` associates to the right: its right side may hold another `^`.
        right = _expression(cursor, binding - 1 if op == "^" else binding)
        left = BinaryOperation(op, _leg(left, "left", op), _leg(right, "right", op), matching, return_bool)
    cursor.leave()
    return left


def _leg(expr: Expr, side: str, op: str) -> SampleExpr:
    if isinstance(expr, LogQuery):
        loki_type = "*syntax.PipelineExpr" if expr.stages else "*syntax.MatchersExpr"
        raise LogQLError(f"unexpected type for {side} leg of binary operation ({op}): {loki_type}")
    return expr


def _operand(cursor: Cursor) -> Expr:
    kind = cursor.kind
    if kind == "{":
        return LogQuery(selector(cursor), pipeline(cursor)[0])
    if kind == FUNCTION:
        return _call(cursor)
    if kind in (NUMBER, "+", "-"):
        return NumberLiteral(number(cursor))
    if cursor.accept("("):
        inner = _expression(cursor)
        cursor.expect(")")
        return inner
    raise cursor.unexpected(hint=_function_hint(cursor) if kind == IDENTIFIER and cursor.peek().kind == "(" else "")


def _function_hint(cursor: Cursor) -> str:
    # The name is cut: looking for its neighbours takes time that grows with the square of its length.
    name = str(cursor.token.value)[:40]
    nearest = get_close_matches(name.lower(), sorted(FUNCTIONS), n=1)
    return f"there is no function {name}" + (f", did you mean {nearest[0]}?" if nearest else "")


def _metric(cursor: Cursor) -> SampleExpr:
    expr = _expression(cursor)
    if isinstance(expr, LogQuery):
        # A log query stands where a value is needed; the token that should have been its range is what Loki names.
        raise cursor.unexpected()
    return expr


def _call(cursor: Cursor) -> SampleExpr:
    function = cursor.token.value
    if function in RANGE_FUNCTIONS:
        return _range_aggregation(cursor)
    if function in VECTOR_FUNCTIONS:
        return _vector_aggregation(cursor)
    if function == "label_replace":
        return _label_replace(cursor)
    if function == "vector":
        cursor.advance()
        cursor.expect("(")
        value = cursor.expect_number(NUMBER)
        cursor.expect(")")
        return VectorLiteral(value)
    raise cursor.unexpected()


def _range_aggregation(cursor: Cursor) -> RangeAggregation:
    function = cursor.expect_text(FUNCTION)
    cursor.expect("(")
    parameter = _parameter(cursor) if cursor.kind == NUMBER else None
    log_range = _finish_range(cursor, _log_range(cursor))
    cursor.expect(")")
    return RangeAggregation(function, log_range, parameter, _grouping(cursor))


def _vector_aggregation(cursor: Cursor) -> VectorAggregation:
    function = cursor.expect_text(FUNCTION)
    grouping = _grouping(cursor)
    cursor.expect("(")
    parameter = _count(cursor, function) if cursor.kind == NUMBER and cursor.peek().kind == "," else None
    expr = _metric(cursor)
    cursor.expect(")")
    if grouping is None:
        grouping = _grouping(cursor)
    return VectorAggregation(function, expr, parameter, grouping)


def _parameter(cursor: Cursor) -> float:
    value = cursor.expect_number(NUMBER)
    cursor.expect(",")
    return value


def _count(cursor: Cursor, function: str) -> float:
    """The parameter of `topk`: an integer, and written as one."""
    text = cursor.text_before(",")
    if function in RANKING_FUNCTIONS and not text.isdecimal():
        raise LogQLError(f"invalid parameter {function}({text},")
    return _parameter(cursor)


def _label_replace(cursor: Cursor) -> LabelReplace:
    cursor.advance()
    cursor.expect("(")
    expr = _metric(cursor)
    texts: list[str] = []
    for _ in range(4):
        cursor.expect(",")
        texts.append(cursor.expect_text(STRING))
    cursor.expect(")")
    target, replacement, source, pattern = texts
    return LabelReplace(expr, target, replacement, source, pattern)


class _Window(NamedTuple):
    """A log range while it is read; its parts may come in several orders."""

    selector: Selector
    stages: tuple[Stage, ...]
    unwrap: Unwrap | None
    range_ns: int | None = None
    offset_ns: int = 0


def _log_range(cursor: Cursor) -> _Window:
    """`{…} | … | unwrap x [5m] offset 1m`, `{…}[5m] offset 1m | … | unwrap x`, `({…} | …)[5m]`, `(any of these)`.

    A selector in brackets of its own takes its range behind them, and behind that only an unwrap.
    """
    in_brackets = cursor.kind == "("
    if in_brackets:
        cursor.advance()
        if cursor.kind == "(":
            return _whole_range_in_brackets(cursor)
    window = _Window(selector(cursor), *pipeline(cursor, unwrap_allowed=True))
    if in_brackets:
        if cursor.kind == RANGE:
            return _closed(cursor, _ranged(cursor, window, pipeline_allowed=True))
        cursor.expect(")", RANGE)
    return _ranged(cursor, window, pipeline_allowed=not in_brackets) if cursor.kind == RANGE else window


def _whole_range_in_brackets(cursor: Cursor) -> _Window:
    cursor.enter()
    window = _log_range(cursor)
    cursor.leave()
    if window.range_ns is None:
        raise cursor.unexpected(RANGE)
    return _closed(cursor, window)


def _closed(cursor: Cursor, window: _Window) -> _Window:
    cursor.expect(")")
    return window


def _ranged(cursor: Cursor, window: _Window, *, pipeline_allowed: bool) -> _Window:
    """The window with its range, and with the stages that may follow if there are none before it."""
    range_ns = cursor.expect_integer(RANGE)
    offset_ns = cursor.expect_integer(DURATION) if cursor.accept("offset") else 0
    window = window._replace(range_ns=range_ns, offset_ns=offset_ns)
    if window.stages or window.unwrap or not (pipeline_allowed or cursor.peek().kind == "unwrap"):
        return window
    stages, unwrap = pipeline(cursor, unwrap_allowed=True)
    return window._replace(stages=stages, unwrap=unwrap)


def _finish_range(cursor: Cursor, window: _Window) -> LogRange:
    if window.range_ns is None:
        raise cursor.unexpected(RANGE)
    return LogRange(LogQuery(window.selector, window.stages), window.range_ns, window.offset_ns, window.unwrap)


def _grouping(cursor: Cursor) -> Grouping | None:
    if cursor.kind not in ("by", "without"):
        return None
    without = cursor.advance().kind == "without"
    return Grouping(_labels(cursor), without)


def _labels(cursor: Cursor) -> tuple[str, ...]:
    """`(a, b)` or `()`."""
    cursor.expect("(")
    if cursor.accept(")"):
        return ()
    labels = [cursor.expect_text(IDENTIFIER, ")")]
    while cursor.accept(","):
        labels.append(cursor.expect_text())
    cursor.expect(")", ",")
    return tuple(labels)


def _matching(cursor: Cursor) -> VectorMatching | None:
    """`on (a) group_left (b)`, `ignoring (c)`; nothing at all is None."""
    if cursor.kind not in ("on", "ignoring"):
        return None
    on = cursor.advance().kind == "on"
    labels = _labels(cursor)
    if cursor.kind not in ("group_left", "group_right"):
        return VectorMatching(labels, on)
    group: Literal["left", "right"] = "left" if cursor.advance().kind == "group_left" else "right"
    # `group_left (x)`: a list of labels, or the right operand in parentheses? Loki takes it for the list; so do we.
    include = _labels(cursor) if cursor.kind == "(" else ()
    return VectorMatching(labels, on, group, include)
