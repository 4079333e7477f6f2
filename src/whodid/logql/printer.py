"""Tree to text: `print_expr`, in one canonical form. `parse(print_expr(tree)) == tree` for every tree of the parser.

One line, double-quoted strings, parentheses only where the tree needs them. Used by format_query, plans and messages.
A tree built by hand may hold what LogQL cannot say: a bare name ending drop or keep, right before a `!=` or `!~` line
filter, reads as a condition on that name.
"""

from whodid.logql.ast import (
    BinaryOperation,
    Expr,
    Grouping,
    LabelReplace,
    LogQuery,
    LogRange,
    NumberLiteral,
    RangeAggregation,
    Selector,
    Unwrap,
    VectorAggregation,
    VectorLiteral,
    VectorMatching,
)
from whodid.logql.literals import format_duration, format_number
from whodid.logql.print_stages import print_matcher, print_predicate, print_stage
from whodid.logql.tokens import PRECEDENCE
from whodid.model.clock import format_duration as format_range
from whodid.model.labels import quote


def print_expr(expr: Expr) -> str:
    """The query's canonical text."""
    match expr:
        case LogQuery():
            return " ".join((print_selector(expr.selector), *map(print_stage, expr.stages)))
        case RangeAggregation():
            parameter = "" if expr.parameter is None else f"{format_number(expr.parameter)}, "
            return f"{expr.function}({parameter}{_log_range(expr.range)})" + _grouping(expr.grouping, " ", "")
        case VectorAggregation():
            parameter = "" if expr.parameter is None else f"{format_number(expr.parameter)}, "
            head = expr.function + _grouping(expr.grouping, " ", " ")
            return f"{head}({parameter}{print_expr(expr.expr)})"
        case BinaryOperation():
            return _binary_operation(expr)
        case NumberLiteral():
            return format_number(expr.value)
        case VectorLiteral():
            return f"vector({format_number(expr.value)})"
        case LabelReplace():
            texts = map(quote, (expr.target, expr.replacement, expr.source, expr.pattern))
            return f"label_replace({print_expr(expr.expr)}, {', '.join(texts)})"


def print_selector(selector: Selector) -> str:
    """`{a="b", c=~"d.*"}`"""
    return "{" + ", ".join(map(print_matcher, selector.matchers)) + "}"


def _log_range(log_range: LogRange) -> str:
    query = print_expr(log_range.query)
    unwrap = "" if log_range.unwrap is None else " " + _unwrap(log_range.unwrap)
    space = " " if log_range.query.stages or unwrap else ""
    offset = f" offset {format_duration(log_range.offset_ns)}" if log_range.offset_ns else ""
    return f"{query}{unwrap}{space}[{format_range(log_range.range_ns)}]{offset}"


def _unwrap(unwrap: Unwrap) -> str:
    label = unwrap.label if unwrap.conversion is None else f"{unwrap.conversion}({unwrap.label})"
    filters = (f" | {print_predicate(stage.predicate)}" for stage in unwrap.filters)
    return f"| unwrap {label}" + "".join(filters)


def _grouping(grouping: Grouping | None, before: str, after: str) -> str:
    if grouping is None:
        return ""
    word = "without" if grouping.without else "by"
    return f"{before}{word} ({', '.join(grouping.labels)}){after}"


def _binary_operation(expr: BinaryOperation) -> str:
    binding = PRECEDENCE[expr.op]
    # The side towards which the operator does not associate needs parentheses at equal strength too.
    left_limit, right_limit = (binding + 1, binding) if expr.op == "^" else (binding, binding + 1)
    words = [_operand(expr.left, left_limit), expr.op]
    if expr.return_bool:
        words.append("bool")
    if expr.matching is not None:
        words.append(_matching(expr.matching))
    words.append(_operand(expr.right, right_limit))
    return " ".join(words)


def _operand(expr: Expr, weakest: int) -> str:
    text = print_expr(expr)
    if isinstance(expr, BinaryOperation) and PRECEDENCE[expr.op] < weakest:
        return f"({text})"
    return text


def _matching(matching: VectorMatching) -> str:
    text = f"{'on' if matching.on else 'ignoring'} ({', '.join(matching.labels)})"
    if matching.group is None:
        return text
    # The list is written even when empty: without it, a right side in parentheses would be taken for it.
    return f"{text} group_{matching.group} ({', '.join(matching.include)})"
