"""Tree to text: `print_expr`, in one canonical form. `parse(print_expr(tree)) == tree` for every tree of the parser.

One line, double-quoted strings, brackets only where the tree needs them; another `Spelling` (spelling.py) changes the
habits, never what is written of a node. Used by format_query (pretty.py), plans and messages.
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
    SampleExpr,
    Selector,
    Unwrap,
    VectorAggregation,
    VectorLiteral,
)
from whodid.logql.print_stages import print_stage
from whodid.logql.spelling import EXACT, Spelling, print_matcher
from whodid.logql.tokens import PRECEDENCE
from whodid.model.clock import format_duration as format_range
from whodid.model.labels import quote


def print_expr(expr: Expr, spelling: Spelling = EXACT) -> str:
    """The query's text in one line."""
    match expr:
        case LogQuery():
            stages = (print_stage(stage, spelling) for stage in expr.stages)
            return " ".join((print_selector(expr.selector), *stages))
        case RangeAggregation():
            parameter = _parameter(expr.parameter, spelling)
            grouping = print_grouping(expr.grouping, spelling.comma)
            return f"{expr.function}({parameter}{_log_range(expr.range, spelling)}){grouping}"
        case VectorAggregation():
            grouping = print_grouping(expr.grouping, spelling.comma) + (spelling.gap if expr.grouping else "")
            argument = print_expr(expr.expr, spelling)
            return f"{expr.function}{grouping}({_parameter(expr.parameter, spelling)}{argument})"
        case BinaryOperation():
            return _binary_operation(expr, spelling)
        case NumberLiteral():
            return spelling.literal(expr.value)
        case VectorLiteral():
            return f"vector({spelling.vector(expr.value)})"
        case LabelReplace():
            texts = map(quote, (expr.target, expr.replacement, expr.source, expr.pattern))
            return f"label_replace({spelling.comma.join((print_expr(expr.expr, spelling), *texts))})"


def print_selector(selector: Selector) -> str:
    """`{a="b", c=~"d.*"}`"""
    return "{" + ", ".join(map(print_matcher, selector.matchers)) + "}"


def print_unwrap(unwrap: Unwrap, spelling: Spelling) -> tuple[str, ...]:
    """`| unwrap duration(a)`, and each filter after it."""
    label = unwrap.label if unwrap.conversion is None else f"{unwrap.conversion}({unwrap.label})"
    return f"| unwrap {label}", *(print_stage(stage, spelling) for stage in unwrap.filters)


def print_grouping(grouping: Grouping | None, comma: str) -> str:
    """` by (a, b)`, its blank before it."""
    if grouping is None:
        return ""
    return f" {'without' if grouping.without else 'by'} ({comma.join(grouping.labels)})"


def print_operator(expr: BinaryOperation, comma: str, spelling: Spelling) -> str:
    """`>= bool on (a) group_left (b)`"""
    op = f"{expr.op} bool" if expr.return_bool else expr.op
    matching = expr.matching
    if matching is None:
        return op
    group = spelling.group(matching, comma)
    return f"{op} {'on' if matching.on else 'ignoring'} ({comma.join(matching.labels)}){group}"


def _parameter(value: float | None, spelling: Spelling) -> str:
    return "" if value is None else spelling.number(value) + spelling.comma


def _log_range(log_range: LogRange, spelling: Spelling) -> str:
    unwrap = print_unwrap(log_range.unwrap, spelling) if log_range.unwrap else ()
    query = " ".join((print_expr(log_range.query, spelling), *unwrap))
    gap = spelling.gap if log_range.query.stages or unwrap else ""
    offset = f" offset {spelling.duration(log_range.offset_ns)}" if log_range.offset_ns else ""
    return f"{query}{gap}[{format_range(log_range.range_ns)}]{offset}"


def _binary_operation(expr: BinaryOperation, spelling: Spelling) -> str:
    binding = PRECEDENCE[expr.op]
    # The side towards which the operator does not associate needs brackets at equal strength too.
    left_limit, right_limit = (binding + 1, binding) if expr.op == "^" else (binding, binding + 1)
    left, right = _operand(expr.left, left_limit, spelling), _operand(expr.right, right_limit, spelling)
    text = f"{left} {print_operator(expr, spelling.comma, spelling)} {right}"
    return f"({text})" if spelling.always else text


def _operand(expr: SampleExpr, weakest: int, spelling: Spelling) -> str:
    text = print_expr(expr, spelling)
    if isinstance(expr, BinaryOperation) and PRECEDENCE[expr.op] < weakest and not spelling.always:
        return f"({text})"
    return text
