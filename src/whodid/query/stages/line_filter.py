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
from whodid.query.stages.stage import Fragment, Scope, Step
from whodid.store.sql import quote


def sql(stage: LineFilter, scope: Scope) -> Fragment | None:
    """Exact for text and regular expressions."""
    if not scope.line_intact:
        return None
    said = [_operand_sql(stage.op, operand) for operand in stage.operands]
    exact = all(is_exact for _, is_exact in said)
    if stage.op.startswith("!"):
        # A line that an exact operand finds is dropped whatever the others say; nothing follows from a vague one.
        found = [condition for condition, is_exact in said if is_exact]
        return Fragment(f"NOT ({' OR '.join(found)})", exact) if found else None
    return Fragment(" OR ".join(condition for condition, _ in said), exact)


def _operand_sql(op: LineFilterOp, operand: LineOperand) -> tuple[str, bool]:
    """A condition that holds for every line the operand matches, and whether for no other."""
    if operand.ip:
        text = address.common_text(operand.value)
        return _contains(text), False
    if op in ("|=", "!="):
        return _contains(operand.value), True
    if op in ("|~", "!~"):
        return f"match(line, {quote(unanchored(operand.value))})", True
    parts = split_pattern(operand.value)
    if not any(isinstance(part, Capture) for part in parts):
        return f"line = {quote(operand.value)}", True
    return " AND ".join(map(_contains, patterns.literals(parts))) or "true", False


def _contains(text: str) -> str:
    return f"position(line, {quote(text)}) > 0" if text else "true"


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
