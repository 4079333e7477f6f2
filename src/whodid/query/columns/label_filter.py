"""Label filters as SQL on columns: strings exactly, numbers, durations and sizes in the spellings of numbers.py.

An absent label equals "" for strings and drops the row for the others. Addresses are left to Python. The meaning:
query/stages/label_filter.py.
"""

from collections.abc import Callable

from whodid.logql.ast import (
    AndPredicate,
    BytesPredicate,
    DurationPredicate,
    IpPredicate,
    NumberPredicate,
    OrPredicate,
    Predicate,
    StringPredicate,
)
from whodid.model.matcher import Matcher
from whodid.query.columns.column import Aliases, Column, Condition, any_of
from whodid.query.columns.numbers import Kind, number_of
from whodid.query.go_values import as_compared
from whodid.query.regex import anchored
from whodid.query.selector import as_label_filter
from whodid.store.sql import quote

ColumnOf = Callable[[str], Column | None]
"""A label by its name; None: only Python knows it."""


def filter_condition(predicate: Predicate, column_of: ColumnOf, aliases: Aliases) -> Condition | None:
    """The predicate; None where SQL cannot say it for any row."""
    match predicate:
        case AndPredicate(left, right) | OrPredicate(left, right):
            first = filter_condition(left, column_of, aliases)
            second = filter_condition(right, column_of, aliases)
            if first is None or second is None:
                return None
            word = "AND" if isinstance(predicate, AndPredicate) else "OR"
            return Condition(f"({first.holds}) {word} ({second.holds})", any_of(first.doubt, second.doubt))
        case StringPredicate(matcher):
            column = column_of(matcher.name)
            return None if column is None else Condition(matches(as_label_filter(matcher), column.value))
        case NumberPredicate(name, op, value):
            return _comparison(column_of(name), "number", op, value, aliases)
        case DurationPredicate(name, op, value):
            return _comparison(column_of(name), "duration", op, value, aliases)
        case BytesPredicate(name, op, value):
            return _comparison(column_of(name), "bytes", op, as_compared(value), aliases)
        case IpPredicate():
            return None


def matches(matcher: Matcher, value: str) -> str:
    """A matcher on SQL text."""
    if matcher.op in ("=", "!="):
        return f"{value} {matcher.op} {quote(matcher.value)}"
    negation = "NOT " if matcher.op == "!~" else ""
    return f"{negation}match({value}, {quote(anchored(matcher.value))})"


def _comparison(column: Column | None, kind: Kind, op: str, value: float, aliases: Aliases) -> Condition | None:
    if column is None:
        return None
    number = number_of(column.value, kind, aliases)
    limit = f"toFloat64({value!r})" if kind == "number" else str(value)
    return Condition(f"{column.present} AND {number.value} {op} {limit}", f"{column.present} AND NOT ({number.read})")
