"""The grammar of a pipeline: `|= "x" | json | status >= 500 | line_format "…"`, and the `| unwrap x` that may end it.

Called by parser.py. One function per stage, listed in `_STAGES`.
"""

from collections.abc import Callable
from typing import TypeVar, cast

from whodid.logql.ast import (
    Decolorize,
    Drop,
    Extraction,
    JsonParser,
    Keep,
    LabelAssignment,
    LabelChoice,
    LabelFilter,
    LabelFormat,
    LineFilter,
    LineFilterOp,
    LineFormat,
    LineOperand,
    LogfmtParser,
    PatternParser,
    RegexpParser,
    Stage,
    Unpack,
    Unwrap,
)
from whodid.logql.cursor import Cursor
from whodid.logql.filters import MATCH_SIGNS, argument, predicate
from whodid.logql.tokens import CONVERSIONS, FLAG, FUNCTION, IDENTIFIER, LINE_FILTERS, STRING
from whodid.model.matcher import MatchOp

T = TypeVar("T")


def pipeline(cursor: Cursor, *, unwrap_allowed: bool = False) -> tuple[tuple[Stage, ...], Unwrap | None]:
    """The stages from here on, and the unwrap behind them."""
    stages: list[Stage] = []
    while True:
        if cursor.kind in LINE_FILTERS:
            stages.append(_line_filter(cursor))
        elif cursor.kind == "|":
            if unwrap_allowed and cursor.peek().kind == "unwrap":
                return tuple(stages), _unwrap(cursor)
            cursor.advance()
            stages.append(_stage(cursor))
        else:
            return tuple(stages), None


def _stage(cursor: Cursor) -> Stage:
    reader = _STAGES.get(cursor.kind)
    if reader is not None:
        cursor.advance()
        return reader(cursor)
    if cursor.kind in (IDENTIFIER, "("):
        return LabelFilter(predicate(cursor))
    raise cursor.unexpected()


def _line_filter(cursor: Cursor) -> LineFilter:
    op = cast(LineFilterOp, cursor.advance().kind)
    operands = [_operand(cursor)]
    while cursor.accept("or"):
        operands.append(_operand(cursor))
    return LineFilter(op, tuple(operands))


def _operand(cursor: Cursor) -> LineOperand:
    if cursor.accept_function("ip"):
        return LineOperand(argument(cursor), ip=True)
    return LineOperand(cursor.expect_text(STRING, "ip"))


def _json(cursor: Cursor) -> JsonParser:
    return JsonParser(_extractions(cursor))


def _logfmt(cursor: Cursor) -> LogfmtParser:
    flags = set()
    while cursor.kind == FLAG:
        flags.add(cursor.expect_text(FLAG))
    return LogfmtParser("--strict" in flags, "--keep-empty" in flags, _extractions(cursor))


def _extractions(cursor: Cursor) -> tuple[Extraction, ...]:
    return _comma_list(cursor, _extraction) if cursor.kind == IDENTIFIER else ()


def _extraction(cursor: Cursor) -> Extraction:
    name = cursor.expect_text()
    return Extraction(name, cursor.expect_text(STRING) if cursor.accept("=") else name)


def _label_assignment(cursor: Cursor) -> LabelAssignment:
    name = cursor.expect_text()
    cursor.expect("=")
    if cursor.kind == STRING:
        return LabelAssignment(name, cursor.expect_text(STRING), is_template=True)
    return LabelAssignment(name, cursor.expect_text(IDENTIFIER, STRING), is_template=False)


def _label_choice(cursor: Cursor) -> LabelChoice:
    name = cursor.expect_text()
    if cursor.kind not in MATCH_SIGNS:
        return LabelChoice(name)
    return LabelChoice(name, cast(MatchOp, cursor.advance().kind), cursor.expect_text(STRING))


def _comma_list(cursor: Cursor, item: Callable[[Cursor], T]) -> tuple[T, ...]:
    items = [item(cursor)]
    while cursor.accept(","):
        items.append(item(cursor))
    return tuple(items)


_STAGES: dict[str, Callable[[Cursor], Stage]] = {
    "json": _json,
    "logfmt": _logfmt,
    "regexp": lambda cursor: RegexpParser(cursor.expect_text(STRING)),
    "pattern": lambda cursor: PatternParser(cursor.expect_text(STRING)),
    "unpack": lambda _: Unpack(),
    "line_format": lambda cursor: LineFormat(cursor.expect_text(STRING)),
    "label_format": lambda cursor: LabelFormat(_comma_list(cursor, _label_assignment)),
    "decolorize": lambda _: Decolorize(),
    "drop": lambda cursor: Drop(_comma_list(cursor, _label_choice)),
    "keep": lambda cursor: Keep(_comma_list(cursor, _label_choice)),
}


def _unwrap(cursor: Cursor) -> Unwrap:
    """`| unwrap x`, `| unwrap bytes(x)`; behind it only label filters."""
    cursor.expect("|")
    cursor.expect("unwrap")
    label, conversion = _unwrapped(cursor)
    filters: list[LabelFilter] = []
    while cursor.accept("|"):
        if cursor.kind not in (IDENTIFIER, "("):
            raise cursor.unexpected()
        filters.append(LabelFilter(predicate(cursor)))
    return Unwrap(label, conversion, tuple(filters))


def _unwrapped(cursor: Cursor) -> tuple[str, str | None]:
    if cursor.kind != FUNCTION or cursor.token.value not in CONVERSIONS:
        return cursor.expect_text(IDENTIFIER, *sorted(CONVERSIONS)), None
    conversion = cursor.expect_text(FUNCTION)
    cursor.expect("(")
    label = cursor.expect_text()
    cursor.expect(")")
    return label, conversion
