"""Loki's habits of writing a query (`( a , b )`, `1m0s`, `vector(1.000000)`), and what its parser changes before.

`LOKI` is for the printer; `as_loki_reads` is the tree that Loki would write. Used by pretty.py. Source: Grafana Loki's
parser and prettier, as observed.
"""

import math
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from whodid.logql.ast import (
    BinaryOperation,
    Expr,
    Extraction,
    LabelReplace,
    LineFilter,
    LogQuery,
    NumberLiteral,
    RangeAggregation,
    SampleExpr,
    Stage,
    VectorAggregation,
    VectorLiteral,
    VectorMatching,
)
from whodid.logql.spelling import Spelling, print_matcher
from whodid.model.go_text import format_go_duration, plain_float, show_float
from whodid.model.labels import quote
from whodid.model.matcher import Matcher

_ONLY_LITERALS = re.compile(r"(?:[^\\.+*?()|\[\]{}^$]|\.[*+]|[()|])*")
"""Regular expressions that Loki turns into plain comparisons: it writes these quoted, all others in backticks."""
_DECIMAL_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


def _power(base: float, exponent: float) -> float:
    """Go's math.Pow: no exceptions."""
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    except ValueError:
        return math.inf if base == 0 else math.nan


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda a, b: a / b if b else math.nan,
    "%": lambda a, b: math.fmod(a, b) if b and math.isfinite(a) else math.nan,
    "^": _power,
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    ">": lambda a, b: float(a > b),
    ">=": lambda a, b: float(a >= b),
    "<": lambda a, b: float(a < b),
    "<=": lambda a, b: float(a <= b),
}


def as_loki_reads(expr: Expr) -> Expr:
    """The tree with arithmetic done, each denied text a line filter of its own, and no `by ()`."""
    return _query(expr) if isinstance(expr, LogQuery) else _samples(expr)


def humanized(size_bytes: int) -> str:
    """A size as go-humanize prints it, without its blank: `20MB`, `1.5kB`, `82B`."""
    if size_bytes < 10:
        return f"{size_bytes}B"
    power = min(int(math.log(size_bytes, 1000)), len(_DECIMAL_UNITS) - 1)
    value = math.floor(size_bytes / 1000**power * 10 + 0.5) / 10
    return f"{value:.0f}{_DECIMAL_UNITS[power]}" if value >= 10 else f"{value:.1f}{_DECIMAL_UNITS[power]}"


def _matcher(matcher: Matcher) -> str:
    is_regex = matcher.op in ("=~", "!~")
    if is_regex and not _ONLY_LITERALS.fullmatch(matcher.value) and "`" not in matcher.value:
        return f"{matcher.name}{matcher.op}`{matcher.value}`"
    return print_matcher(matcher)


def _extraction(extraction: Extraction) -> str:
    return f"{extraction.name}={quote(extraction.path)}"


def _group(matching: VectorMatching, comma: str) -> str:
    group = f"group_{matching.group}" if matching.group else ""
    return f" {group} ({comma.join(matching.include)})" if matching.include else f" {group}"


LOKI = Spelling(
    comma=",",
    gap="",
    conjunction=",",
    brackets=("( ", " )"),
    always=True,
    matcher=_matcher,
    comparison=lambda op: "==" if op == "=" else op,
    extraction=_extraction,
    group=_group,
    number=plain_float,
    literal=show_float,
    vector=lambda value: f"{value:f}",
    duration=format_go_duration,
    size=humanized,
)


def _query(query: LogQuery) -> LogQuery:
    return replace(query, stages=tuple(each for stage in query.stages for each in _single(stage)))


def _single(stage: Stage) -> Iterator[Stage]:
    if isinstance(stage, LineFilter) and stage.op.startswith("!"):
        # None of them: one filter after the other.
        yield from (LineFilter(stage.op, (operand,)) for operand in stage.operands)
    else:
        yield stage


def _samples(expr: SampleExpr) -> SampleExpr:
    match expr:
        case RangeAggregation():
            return replace(expr, range=replace(expr.range, query=_query(expr.range.query)))
        case VectorAggregation():
            grouping = expr.grouping if expr.grouping and (expr.grouping.labels or expr.grouping.without) else None
            return replace(expr, expr=_samples(expr.expr), grouping=grouping)
        case BinaryOperation():
            return _folded(replace(expr, left=_samples(expr.left), right=_samples(expr.right)))
        case LabelReplace():
            return replace(expr, expr=_samples(expr.expr))
        case NumberLiteral() | VectorLiteral():
            return expr


def _folded(expr: BinaryOperation) -> BinaryOperation | NumberLiteral:
    """An operation of two numbers is a number."""
    compute = _ARITHMETIC.get(expr.op)
    if compute and isinstance(expr.left, NumberLiteral) and isinstance(expr.right, NumberLiteral):
        return NumberLiteral(compute(expr.left.value, expr.right.value))
    return expr
