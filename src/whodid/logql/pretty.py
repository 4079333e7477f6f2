"""A query laid out for people, as Loki's `format_query` lays it out: lines of at most 100 characters where that goes.

`pretty` breaks an expression into lines where its text is too long; `spelled` is that text: printer.py's, with Loki's
habits (loki_spelling.py). Source: Grafana Loki's prettier, as observed.
"""

from itertools import groupby

from whodid.logql.ast import (
    BinaryOperation,
    Decolorize,
    Expr,
    Grouping,
    LabelReplace,
    LineFilter,
    LogQuery,
    LogRange,
    NumberLiteral,
    RangeAggregation,
    VectorAggregation,
    VectorLiteral,
)
from whodid.logql.loki_spelling import LOKI, as_loki_reads
from whodid.logql.print_stages import print_stage
from whodid.logql.printer import print_expr, print_grouping, print_operator, print_selector, print_unwrap
from whodid.model.clock import format_duration
from whodid.model.labels import quote

WIDTH_BYTES = 100
"""Expressions whose text is longer get several lines."""


def pretty(expr: Expr) -> str:
    """The query's text over as many lines as it needs, indented by two blanks for each level."""
    return _laid_out(as_loki_reads(expr), 0)


def spelled(expr: Expr) -> str:
    """The query's text in one line, as Loki writes it."""
    return print_expr(as_loki_reads(expr), LOKI)


def _laid_out(expr: Expr, level: int) -> str:
    begin, inner = "  " * level, "  " * (level + 1)
    text = print_expr(expr, LOKI)
    if len(text.encode()) <= WIDTH_BYTES:
        return begin + text
    match expr:
        case LogQuery():
            return _pipeline(expr, level)
        case RangeAggregation():
            number = [] if expr.parameter is None else [inner + LOKI.literal(expr.parameter)]
            arguments = _arguments(level, *number, _log_range(expr.range, level + 1))
            return f"{begin}{expr.function}{arguments}{_grouping(expr.grouping)}"
        case VectorAggregation():
            number = [] if expr.parameter is None else [inner + LOKI.number(expr.parameter)]
            arguments = _arguments(level, *number, _laid_out(expr.expr, level + 1))
            return f"{begin}{expr.function}{_grouping(expr.grouping)}{arguments}"
        case BinaryOperation():
            sides = _laid_out(expr.left, level + 1), _laid_out(expr.right, level + 1)
            return f"{sides[0]}\n{begin}{print_operator(expr, ', ', LOKI)}\n{sides[1]}"
        case LabelReplace():
            texts = (inner + quote(text) for text in (expr.target, expr.replacement, expr.source, expr.pattern))
            return f"{begin}label_replace{_arguments(level, _laid_out(expr.expr, level + 1), *texts)}"
        case NumberLiteral() | VectorLiteral():
            return begin + text


def _arguments(level: int, *lines: str) -> str:
    return "(\n" + ",\n".join(lines) + f"\n{'  ' * level})"


def _pipeline(query: LogQuery, level: int) -> str:
    """Selector and each stage in a line of its own; line filters in a row share one as far as they fit."""
    lines = ["  " * level + print_selector(query.selector)]
    inner = "  " * (level + 1)
    for are_filters, group in groupby(query.stages, lambda stage: isinstance(stage, LineFilter)):
        stages = list(group)
        texts = [print_stage(stage, LOKI) for stage in stages]
        if are_filters:
            lines += [inner + text for text in _filter_lines(texts)]
        else:
            # Loki does not indent decolorize.
            pairs = zip(stages, texts, strict=True)
            lines += [text if isinstance(stage, Decolorize) else inner + text for stage, text in pairs]
    return "\n".join(lines)


def _filter_lines(texts: list[str]) -> list[str]:
    """As many of the first as fit share a line, each further one has its own."""
    fit = len(texts)
    while fit > 1 and len(" ".join(texts[:fit]).encode()) > WIDTH_BYTES:
        fit -= 1
    return [" ".join(texts[:fit]), *texts[fit:]]


def _log_range(log_range: LogRange, level: int) -> str:
    unwrap = print_unwrap(log_range.unwrap, LOKI) if log_range.unwrap else ()
    text = f"\n{'  ' * (level + 1)}".join((_laid_out(log_range.query, level), *unwrap))
    offset = f" offset {format_duration(log_range.offset_ns)}" if log_range.offset_ns else ""
    return f"{text} [{format_duration(log_range.range_ns)}]{offset}"


def _grouping(grouping: Grouping | None) -> str:
    if grouping is None or grouping.labels:
        return print_grouping(grouping, ", ")
    return " without" if grouping.without else ""
