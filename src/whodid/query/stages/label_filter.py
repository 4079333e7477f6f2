"""`| status >= 500`, `| user=~"raz.*"`, `| took > 250ms and size < 1MB`, `| client = ip("10.0.0.0/8")`.

An absent label equals "" for `=`, `!=`, `=~`, `!~`; the other comparisons drop the line. A value that cannot be
read keeps the line and marks it `LabelFilterErr`. In SQL: strings exactly, plain numbers exactly (others are
suspect), durations, sizes and addresses only by presence. After a parser, `name="value"` still narrows: the value
must stand in the line.
"""

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from whodid.logql.ast import (
    AndPredicate,
    BytesPredicate,
    CompareOp,
    DurationPredicate,
    IpPredicate,
    LabelFilter,
    NumberPredicate,
    OrPredicate,
    Predicate,
    StringPredicate,
)
from whodid.model.entry import Labels
from whodid.model.go_numbers import parse_duration_ns, parse_float
from whodid.model.matcher import Matcher
from whodid.query import address, selector
from whodid.query.errors import QueryError
from whodid.query.go_values import as_compared, parse_size_bytes
from whodid.query.line import ERROR, ERROR_DETAILS, EXTRACTED, Line
from whodid.query.regex import anchored
from whodid.query.stages.stage import Fragment, Scope, Step
from whodid.store.sql import quote

FAILED = "LabelFilterErr"
_COMPARE: Mapping[CompareOp, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_WHOLE_NUMBER = r"^-?[0-9]{1,15}$"
_PLAIN_NUMBER = r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?$"
"""Texts that simdjson reads to the same double as Go does; ClickHouse's own reader of floats may be off by one bit."""


# ---- SQL ----------------------------------------------------------------------------------------------------------


def sql(stage: LabelFilter, scope: Scope) -> Fragment | None:
    """See the module's text; None where nothing follows for the stored row."""
    return _predicate_sql(stage.predicate, scope)


def _predicate_sql(predicate: Predicate, scope: Scope) -> Fragment | None:
    match predicate:
        case AndPredicate(left, right):
            return _both(_predicate_sql(left, scope), _predicate_sql(right, _after(left, scope)))
        case OrPredicate(left, right):
            return _either(_predicate_sql(left, scope), _predicate_sql(right, _after(left, scope)))
        case StringPredicate(matcher):
            return _string_sql(selector.as_label_filter(matcher), scope)
        case NumberPredicate(name) | DurationPredicate(name) | BytesPredicate(name) | IpPredicate(name):
            if scope.labels != "stored" or name.endswith(EXTRACTED):
                return None
            if isinstance(predicate, NumberPredicate):
                return _number_sql(predicate, scope)
            if isinstance(predicate, IpPredicate) and scope.may_fail:
                return None  # lines that already failed pass an address filter
            return Fragment(_Stored.of(name, scope).present(), exact=False)


def _after(left: Predicate, scope: Scope) -> Scope:
    """The right side runs on a line that the left side may have marked, even where the left side did not hold."""
    return scope if isinstance(left, StringPredicate | IpPredicate) else replace(scope, may_fail=True)


def _both(left: Fragment | None, right: Fragment | None) -> Fragment | None:
    if left is None or right is None:
        # One side may narrow for both, but the stage has to run.
        some = left or right
        return some and Fragment(some.condition, exact=False)
    suspect = " OR ".join(s for s in (left.suspect, right.suspect) if s)
    sure = all(f.exact or f.suspect for f in (left, right))
    return Fragment(f"({left.condition}) AND ({right.condition})", left.exact and right.exact, suspect if sure else "")


def _either(left: Fragment | None, right: Fragment | None) -> Fragment | None:
    if left is None or right is None:
        return None
    suspect = " OR ".join(s for s in (left.suspect, right.suspect) if s)
    sure = all(f.exact or f.suspect for f in (left, right))
    return Fragment(f"({left.condition}) OR ({right.condition})", left.exact and right.exact, suspect if sure else "")


@dataclass(frozen=True, slots=True)
class _Stored:
    """A label as the table has it: known by stream where the stream has it, else a column."""

    value: str
    """SQL of the structured metadata's value; '' when absent."""
    column_present: str
    of_stream: Mapping[int, str]
    """Streams that have the label, with its value; the others are left to the column."""
    streams: Mapping[int, Labels]

    @classmethod
    def of(cls, name: str, scope: Scope) -> "_Stored":
        if name == "detected_level":
            value, present = "detected_level", "detected_level != ''"
        else:
            value, present = f"metadata[{quote(name)}]", f"mapContains(metadata, {quote(name)})"
        known = {i: labels[name] for i, labels in scope.streams.items() if name in labels}
        return cls(value, present, known, scope.streams)

    def where(self, holds: Callable[[str], bool], column: str) -> str:
        """`holds` decides for the streams that have the label, the SQL `column` for the others."""
        yes = [i for i, value in self.of_stream.items() if holds(value)]
        if len(self.of_stream) == len(self.streams):
            return "true" if len(yes) == len(self.streams) else _in(yes)
        if not self.of_stream:
            return column
        return f"({_in(yes)} OR ({_in(self.of_stream, negative=True)} AND ({column})))"

    def present(self) -> str:
        return self.where(lambda _: True, self.column_present)


def _in(ids: Iterable[int], negative: bool = False) -> str:
    listed = ", ".join(map(str, ids))
    if not listed:
        return "true" if negative else "false"
    return f"stream_id {'NOT ' if negative else ''}IN ({listed})"


def _string_sql(matcher: Matcher, scope: Scope) -> Fragment | None:
    name = matcher.name
    holds = selector.test(matcher)
    if scope.labels == "changed" or name.endswith(EXTRACTED):
        return None
    if name in (ERROR, ERROR_DETAILS):
        return None if scope.may_fail else Fragment("true" if holds("") else "false")
    stored = _Stored.of(name, scope)
    if scope.labels == "stored":
        return Fragment(stored.where(holds, _matcher_sql(matcher, stored.value)))
    if matcher.op != "=" or not matcher.value or not scope.line_intact:
        return None
    # A parsed value is a piece of the line, unless it was written with escapes.
    text = quote(matcher.value)
    column = f"{stored.value} = {text} OR position(line, {text}) > 0 OR position(line, '\\\\') > 0"
    return Fragment(stored.where(holds, column), exact=False)


def _matcher_sql(matcher: Matcher, value: str) -> str:
    if matcher.op in ("=", "!="):
        return f"{value} {matcher.op} {quote(matcher.value)}"
    negation = "NOT " if matcher.op == "!~" else ""
    return f"{negation}match({value}, {quote(anchored(matcher.value))})"


def _number_sql(predicate: NumberPredicate, scope: Scope) -> Fragment:
    stored = _Stored.of(predicate.name, scope)
    compare = _COMPARE[predicate.op]

    def kept(text: str) -> bool:
        number = _number(text)
        return number is None or compare(number, predicate.value)

    value, limit = stored.value, f"toFloat64({predicate.value!r})"
    whole, plain = f"match({value}, {quote(_WHOLE_NUMBER)})", f"match({value}, {quote(_PLAIN_NUMBER)})"
    fits = (
        f"multiIf({whole}, toFloat64(toInt64OrZero({value})) {predicate.op} {limit}, "
        f"{plain}, JSONExtractFloat({value}) {predicate.op} {limit}, {stored.column_present})"
    )
    unread = f"{stored.column_present} AND NOT {whole} AND NOT {plain}"
    condition = stored.where(kept, fits)
    suspect = stored.where(lambda text: _number(text) is None, unread)
    return Fragment(condition, exact=False, suspect=suspect)


def _number(text: str) -> float | None:
    try:
        return parse_float(text)
    except ValueError:
        return None


# ---- Python -------------------------------------------------------------------------------------------------------


def apply(stage: LabelFilter) -> Step:
    """The predicate on the labels as they stand."""
    return _predicate_step(stage.predicate)


def _predicate_step(predicate: Predicate) -> Step:
    match predicate:
        case AndPredicate(left, right):
            first, second = _predicate_step(left), _predicate_step(right)
            # Both sides run: the second may mark the line even where the first has dropped it.
            return lambda line: first(line) & second(line)
        case OrPredicate(left, right):
            first, second = _predicate_step(left), _predicate_step(right)
            return lambda line: first(line) or second(line)
        case StringPredicate(matcher):
            name, holds = matcher.name, selector.test(selector.as_label_filter(matcher))
            if name == ERROR:
                return lambda line: holds(line.error)
            return lambda line: holds(line.get(name) or "")
        case NumberPredicate(name, op, value):
            return _comparison(name, parse_float, op, value)
        case DurationPredicate(name, op, value):
            return _comparison(name, parse_duration_ns, op, value)
        case BytesPredicate(name, op, value):
            return _comparison(name, parse_size_bytes, op, as_compared(value))
        case IpPredicate():
            return _address(predicate)


def _comparison(name: str, parse: Callable[[str], float], op: CompareOp, value: float) -> Step:
    compare = _COMPARE[op]

    def step(line: Line) -> bool:
        text = line.get(name)
        if text is None:
            return False
        try:
            return compare(parse(text), value)
        except ValueError as e:
            if not line.error:  # the first failure is the more useful one
                line.fail(FAILED, str(e))
            return True

    return step


def _address(predicate: IpPredicate) -> Step:
    name, wanted = predicate.name, predicate.op == "="
    try:
        holds = address.contains(predicate.value)
    except QueryError:
        # Only a stage of its own is refused for it (logql/check_stages.py).
        return lambda line: bool(line.error)

    def step(line: Line) -> bool:
        if line.error:
            return True
        text = line.get(name)
        return text is not None and holds(text) is wanted

    return step
