"""The grammar of conditions: stream matchers `{a="b"}` and label filters `a > 5 and b = ip("…")`.

Called by pipeline.py and parser.py. What a condition means is query/'s business.
"""

from typing import cast

from whodid.logql.ast import (
    AndPredicate,
    BytesPredicate,
    CompareOp,
    DurationPredicate,
    IpPredicate,
    NumberPredicate,
    OrPredicate,
    Predicate,
    Selector,
    StringPredicate,
)
from whodid.logql.cursor import Cursor
from whodid.logql.tokens import BYTES, DURATION, IDENTIFIER, NUMBER, STRING
from whodid.model.matcher import Matcher, MatchOp

MATCH_SIGNS = ("=", "=~", "!~", "!=")
_COMPARE_SIGNS: dict[str, CompareOp] = {"=": "=", "==": "=", "!=": "!=", ">": ">", ">=": ">=", "<": "<", "<=": "<="}
_OR, _AND = 1, 2


def selector(cursor: Cursor) -> Selector:
    """`{a="b", c=~"d.*"}`; `{}` is read too, and refused by check.py where it may not stand."""
    cursor.expect("{")
    if cursor.accept("}"):
        return Selector(())
    matchers = [_matcher(cursor, IDENTIFIER, "}")]
    while cursor.accept(","):
        matchers.append(_matcher(cursor, IDENTIFIER))
    cursor.expect("}", ",")
    return Selector(tuple(matchers))


def _matcher(cursor: Cursor, *expected: str) -> Matcher:
    name = cursor.expect_text(*expected)
    if cursor.kind not in MATCH_SIGNS:
        raise cursor.unexpected(*MATCH_SIGNS)
    return Matcher(name, cast(MatchOp, cursor.advance().kind), cursor.expect_text(STRING))


def predicate(cursor: Cursor, strength: int = 0) -> Predicate:
    """Conditions joined by `and`, `or`, `,` or nothing.

    `and` binds tighter than `or`, both to the left. A comma, or nothing, is an `and` whose right side is all that
    follows: `a, b or c` is `a and (b or c)`. That is how Loki's grammar resolves it.
    """
    cursor.enter()
    left = _condition(cursor)
    while True:
        if cursor.kind == "and" and strength < _AND:
            cursor.advance()
            left = AndPredicate(left, predicate(cursor, _AND))
        elif cursor.kind == "or" and strength < _OR:
            cursor.advance()
            left = OrPredicate(left, predicate(cursor, _OR))
        elif cursor.accept(",") or cursor.kind in (IDENTIFIER, "("):
            left = AndPredicate(left, predicate(cursor))
        else:
            cursor.leave()
            return left


def _condition(cursor: Cursor) -> Predicate:
    if cursor.accept("("):
        inner = predicate(cursor)
        cursor.expect(")")
        return inner
    name = cursor.expect_text(IDENTIFIER, "(")
    sign = cursor.kind
    if sign in ("=~", "!~"):
        cursor.advance()
        return StringPredicate(Matcher(name, cast(MatchOp, sign), cursor.expect_text(STRING)))
    op = _COMPARE_SIGNS.get(sign)
    if op is None:
        raise cursor.unexpected()
    cursor.advance()
    if sign in ("=", "!="):
        if cursor.kind == STRING:
            return StringPredicate(Matcher(name, "=" if sign == "=" else "!=", cursor.expect_text(STRING)))
        if cursor.accept_function("ip"):
            return IpPredicate(name, "=" if sign == "=" else "!=", argument(cursor))
    return _comparison(cursor, name, op)


def _comparison(cursor: Cursor, name: str, op: CompareOp) -> Predicate:
    if cursor.kind == DURATION:
        return DurationPredicate(name, op, cursor.expect_integer(DURATION))
    if cursor.kind == BYTES:
        return BytesPredicate(name, op, cursor.expect_integer(BYTES))
    return NumberPredicate(name, op, number(cursor, BYTES, DURATION))


def number(cursor: Cursor, *others: str) -> float:
    """A number with its sign. `others`: what else could have stood here, for the message."""
    if cursor.accept("-"):
        return -cursor.expect_number(NUMBER)
    if cursor.accept("+"):
        return cursor.expect_number(NUMBER)
    if cursor.kind != NUMBER:
        raise cursor.unexpected(NUMBER, *others)
    return cursor.expect_number(NUMBER)


def argument(cursor: Cursor) -> str:
    """`("text")`, the argument of `ip`."""
    cursor.expect("(")
    text = cursor.expect_text(STRING)
    cursor.expect(")")
    return text
