"""A query laid out for people, as Loki's `format_query` lays it out: Loki's spelling, lines of at most 100 characters.

`pretty` breaks an expression into lines where its text is too long; `spelled` is that text (pretty_stages.py for the
stages). It is not printer.py's: that one says a tree exactly and reads back as the same tree, this one has Loki's
habits (`( a , b )`, `1m0s`, `vector(1.000000)`). Source: Grafana Loki's prettier, as observed.
"""

import math
import operator
from collections.abc import Callable

from whodid.logql.ast import (
    BinaryOperation,
    Expr,
    Grouping,
    LabelReplace,
    LogQuery,
    LogRange,
    NumberLiteral,
    RangeAggregation,
    SampleExpr,
    VectorAggregation,
    VectorLiteral,
)
from whodid.logql.literals import format_go_duration
from whodid.logql.pretty_stages import go_float, plain_float, pretty_pipeline, spelled_predicate, spelled_query
from whodid.model.clock import format_duration
from whodid.model.labels import quote

WIDTH_BYTES = 100
"""Expressions whose text is longer get several lines."""
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda a, b: a / b if b else math.nan,
    "%": lambda a, b: math.fmod(a, b) if b else math.nan,
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    ">": lambda a, b: float(a > b),
    ">=": lambda a, b: float(a >= b),
    "<": lambda a, b: float(a < b),
    "<=": lambda a, b: float(a <= b),
}


def pretty(expr: Expr, level: int = 0) -> str:
    """The query's text over as many lines as it needs, indented by two blanks for each level."""
    text = spelled(expr)
    if len(text.encode()) <= WIDTH_BYTES:
        return _indent(level) + text
    match expr:
        case LogQuery():
            return pretty_pipeline(expr, level, WIDTH_BYTES)
        case RangeAggregation():
            head = [] if expr.parameter is None else [f"{_indent(level + 1)}{go_float(expr.parameter)}"]
            arguments = _arguments([*head, _pretty_range(expr.range, level + 1)])
            return f"{_indent(level)}{expr.function}({arguments}{_indent(level)}){_spaced(expr.grouping)}"
        case VectorAggregation():
            head = [] if expr.parameter is None else [f"{_indent(level + 1)}{int(expr.parameter)}"]
            arguments = _arguments([*head, pretty(expr.expr, level + 1)])
            return f"{_indent(level)}{expr.function}{_spaced(expr.grouping)}({arguments}{_indent(level)})"
        case BinaryOperation():
            sides = pretty(expr.left, level + 1), pretty(expr.right, level + 1)
            return f"{sides[0]}\n{_indent(level)}{_operator(expr, ', ')}\n{sides[1]}"
        case LabelReplace():
            texts = [
                _indent(level + 1) + quote(text) for text in (expr.target, expr.replacement, expr.source, expr.pattern)
            ]
            return (
                f"{_indent(level)}label_replace({_arguments([pretty(expr.expr, level + 1), *texts])}{_indent(level)})"
            )
        case NumberLiteral() | VectorLiteral():
            return _indent(level) + text


def spelled(expr: Expr) -> str:
    """The query's text in one line, as Loki writes it."""
    match expr:
        case LogQuery():
            return spelled_query(expr)
        case RangeAggregation():
            parameter = "" if expr.parameter is None else f"{plain_float(expr.parameter)},"
            return f"{expr.function}({parameter}{_spelled_range(expr.range)}){_tight(expr.grouping)}"
        case VectorAggregation():
            parameter = "" if expr.parameter is None else f"{int(expr.parameter)},"
            grouping = expr.grouping if expr.grouping and (expr.grouping.labels or expr.grouping.without) else None
            return f"{expr.function}{_tight(grouping)}({parameter}{spelled(expr.expr)})"
        case BinaryOperation():
            folded = _folded(expr)
            if folded is not None:
                return go_float(folded)
            return f"({spelled(expr.left)} {_operator(expr, ',')} {spelled(expr.right)})"
        case NumberLiteral():
            return go_float(expr.value)
        case VectorLiteral():
            return f"vector({expr.value:f})"
        case LabelReplace():
            texts = ",".join(map(quote, (expr.target, expr.replacement, expr.source, expr.pattern)))
            return f"label_replace({spelled(expr.expr)},{texts})"


def _indent(level: int) -> str:
    return "  " * level


def _arguments(lines: list[str]) -> str:
    return "\n" + ",\n".join(lines) + "\n"


def _pretty_range(log_range: LogRange, level: int) -> str:
    text = pretty(log_range.query, level)
    if log_range.unwrap is not None:
        lines = [_unwrapped(log_range), *(f"| {spelled_predicate(f.predicate)}" for f in log_range.unwrap.filters)]
        text += "".join(f"\n{_indent(level + 1)}{line}" for line in lines)
    offset = f" offset {format_duration(log_range.offset_ns)}" if log_range.offset_ns else ""
    return f"{text} [{format_duration(log_range.range_ns)}]{offset}"


def _spelled_range(log_range: LogRange) -> str:
    text = spelled_query(log_range.query)
    if log_range.unwrap is not None:
        filters = "".join(f" | {spelled_predicate(f.predicate)}" for f in log_range.unwrap.filters)
        text += f" {_unwrapped(log_range)}{filters}"
    offset = f" offset {format_go_duration(log_range.offset_ns)}" if log_range.offset_ns else ""
    return f"{text}[{format_duration(log_range.range_ns)}]{offset}"


def _unwrapped(log_range: LogRange) -> str:
    unwrap = log_range.unwrap
    assert unwrap is not None
    return f"| unwrap {unwrap.conversion}({unwrap.label})" if unwrap.conversion else f"| unwrap {unwrap.label}"


def _tight(grouping: Grouping | None) -> str:
    if grouping is None:
        return ""
    return f" {'without' if grouping.without else 'by'} ({','.join(grouping.labels)})"


def _spaced(grouping: Grouping | None) -> str:
    if grouping is None or not (grouping.labels or grouping.without):
        return ""
    names = f" ({', '.join(grouping.labels)})" if grouping.labels else ""
    return f" {'without' if grouping.without else 'by'}{names}"


def _operator(expr: BinaryOperation, comma: str) -> str:
    op = f"{expr.op} bool" if expr.return_bool else expr.op
    matching = expr.matching
    if matching is None:
        return op
    group = f"group_{matching.group}" if matching.group else ""
    if matching.include:
        group += f" ({comma.join(matching.include)})"
    return f"{op} {'on' if matching.on else 'ignoring'} ({comma.join(matching.labels)}) {group}"


def _folded(expr: SampleExpr) -> float | None:
    """The number that an expression of literals alone is: Loki computes it while it parses."""
    if isinstance(expr, NumberLiteral):
        return expr.value
    if not isinstance(expr, BinaryOperation):
        return None
    left, right = _folded(expr.left), _folded(expr.right)
    if left is None or right is None:
        return None
    if expr.op == "^":
        return _power(left, right)
    compute = _ARITHMETIC.get(expr.op)
    return compute(left, right) if compute else None


def _power(base: float, exponent: float) -> float:
    """Go's math.Pow: no exceptions."""
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    except ValueError:
        return math.inf if base == 0 else math.nan
