"""`|= "text"`, `!=`, `|~ "regex"`, `!~`, `|> "pattern"`, `!>`, `|= ip("10.0.0.0/8")`, each with `or`.

A line is kept if any operand matches; a negative filter drops it if any matches. In SQL: text and regular expressions
exactly; patterns and addresses only by the text they must contain, so that Python decides on what is left.
"""

from collections.abc import Callable

from whodid.logql.ast import LineFilter, LineFilterOp, LineOperand
from whodid.logql.patterns import Capture, split_pattern
from whodid.query import address, patterns
from whodid.query.line import Line
from whodid.query.regex import compiled, unanchored
from whodid.query.regex_words import ascii_lower, regex_words
from whodid.query.stages.stage import Fragment, Scope, Step
from whodid.store.sql import quote, quote_list

_LONGEST_WORD = 64
"""Characters of a text that the index is asked for: more would not make it rarer."""


def sql(stage: LineFilter, scope: Scope) -> Fragment | None:
    """Exact for text and regular expressions."""
    if not scope.line_intact:
        return None
    said = [_operand_sql(stage.op, operand) for operand in stage.operands]
    exact = all(operand.exact for operand in said)
    if stage.op.startswith("!"):
        # A line that an exact operand finds is dropped whatever the others say; nothing follows from a vague one.
        found = [operand.condition for operand in said if operand.exact]
        return Fragment(f"NOT ({' OR '.join(found)})", exact) if found else None
    words = sum((operand.words for operand in said), ()) if all(operand.words for operand in said) else ()
    return Fragment(" OR ".join(operand.condition for operand in said), exact, words=words)


def _operand_sql(op: LineFilterOp, operand: LineOperand) -> Fragment:
    """A condition that holds for every line the operand matches."""
    if operand.ip:
        return _contains(address.common_text(operand.value), exact=False)
    if op in ("|=", "!="):
        return _contains(operand.value)
    if op in ("|~", "!~"):
        return _matches(operand.value)
    parts = split_pattern(operand.value)
    if not any(isinstance(part, Capture) for part in parts):
        return Fragment(f"line = {quote(operand.value)}", words=_words(operand.value))
    texts = patterns.literals(parts)
    longest = max(texts, key=len, default="")
    return Fragment(" AND ".join(_contains(text).condition for text in texts) or "true", False, words=_words(longest))


def _contains(text: str, *, exact: bool = True) -> Fragment:
    return Fragment(f"position(line, {quote(text)}) > 0" if text else "true", exact, words=_words(text))


def _words(text: str) -> tuple[str, ...]:
    return (ascii_lower(text[:_LONGEST_WORD]),) if text else ()


def _matches(pattern: str) -> Fragment:
    """A regular expression, by what it needs where that is all, or where RE2 would have to look at each letter."""
    match = f"match(line, {quote(unanchored(pattern))})"
    words = regex_words(pattern)
    if words is None:
        return Fragment(match)
    found = f"multiSearchAny({'lower(line)' if words.folded else 'line'}, {quote_list(words.any_of)})"
    known = tuple(map(ascii_lower, words.any_of))
    if words.exact:
        return Fragment(found, words=known)
    return Fragment(f"{found} AND {match}" if words.folded else match, words=known)


def apply(stage: LineFilter) -> Step:
    """The filter on the text as it stands."""
    tests = [_operand_test(stage.op, operand) for operand in stage.operands]
    negative = stage.op.startswith("!")
    if len(tests) == 1:
        only = tests[0]
        return lambda line: only(line.text) is not negative

    def step(line: Line) -> bool:
        return any(test(line.text) for test in tests) is not negative

    return step


def _operand_test(op: LineFilterOp, operand: LineOperand) -> Callable[[str], bool]:
    value = operand.value
    if operand.ip:
        return address.contains(value)
    if op in ("|=", "!="):
        return lambda text: value in text
    if op in ("|~", "!~"):
        search = compiled(unanchored(value)).search
        return lambda text: search(text) is not None
    parts = split_pattern(value)
    return lambda text: patterns.matches(parts, text)
