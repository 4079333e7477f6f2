"""The part of pretty.py that writes selectors, stages and conditions in Loki's spelling, and numbers as Go does."""

import math
import re
from decimal import Decimal
from itertools import groupby

from whodid.logql.ast import (
    AndPredicate,
    BytesPredicate,
    Decolorize,
    Drop,
    DurationPredicate,
    Extraction,
    IpPredicate,
    JsonParser,
    Keep,
    LabelChoice,
    LabelFilter,
    LabelFormat,
    LineFilter,
    LineFormat,
    LineOperand,
    LogfmtParser,
    LogQuery,
    NumberPredicate,
    OrPredicate,
    PatternParser,
    Predicate,
    RegexpParser,
    Stage,
    StringPredicate,
    Unpack,
)
from whodid.logql.literals import format_go_duration
from whodid.logql.print_stages import print_matcher
from whodid.model.labels import quote
from whodid.model.matcher import Matcher

_ONLY_LITERALS = re.compile(r"(?:[^\\.+*?()|\[\]{}^$]|\.[*+]|[()|])*")
"""Regular expressions that Loki turns into plain comparisons: it writes these quoted, all others in backticks."""
_DECIMAL_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


def spelled_query(query: LogQuery) -> str:
    """Selector and stages in one line."""
    return " ".join((_selector(query), *_stages(query)))


def pretty_pipeline(query: LogQuery, level: int, width_bytes: int) -> str:
    """Selector and each stage in a line of its own; line filters in a row share one as far as they fit."""
    lines = ["  " * level + _selector(query)]
    inner = "  " * (level + 1)
    for are_filters, group in groupby(query.stages, lambda stage: isinstance(stage, LineFilter)):
        stages = list(group)
        if are_filters:
            texts = [text for stage in stages if isinstance(stage, LineFilter) for text in _line_filter(stage)]
            lines += [inner + text for text in _filter_lines(texts, width_bytes)]
        else:
            # Loki does not indent decolorize.
            lines += [("" if isinstance(stage, Decolorize) else inner) + _stage(stage) for stage in stages]
    return "\n".join(lines)


def spelled_predicate(predicate: Predicate) -> str:
    """`( a>5 , b="x" )`"""
    match predicate:
        case StringPredicate():
            return _string_matcher(predicate.matcher)
        case NumberPredicate():
            return f"{predicate.name}{_compare(predicate.op)}{plain_float(predicate.value)}"
        case DurationPredicate():
            return f"{predicate.name}{_compare(predicate.op)}{format_go_duration(predicate.value_ns)}"
        case BytesPredicate():
            return f"{predicate.name}{_compare(predicate.op)}{humanized(predicate.value_bytes)}"
        case IpPredicate():
            return f"{predicate.name}{predicate.op}ip({quote(predicate.value)})"
        case AndPredicate():
            return f"( {spelled_predicate(predicate.left)} , {spelled_predicate(predicate.right)} )"
        case OrPredicate():
            return f"( {spelled_predicate(predicate.left)} or {spelled_predicate(predicate.right)} )"


def go_float(value: float) -> str:
    """A float as Go's fmt prints it: the shortest digits, with an exponent from 1e+06 on and below 1e-04."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    power = exponent + len(digits) - 1
    if not value or -4 <= power < 6:
        return plain_float(value)
    fraction = "".join(map(str, digits[1:]))
    return f"{'-' if sign else ''}{digits[0]}{'.' if fraction else ''}{fraction}e{power:+03d}"


def plain_float(value: float) -> str:
    """A float without exponent, as Go's strconv.FormatFloat(v, 'f', -1, 64) writes it."""
    text = repr(value)
    return text.removesuffix(".0") if "e" not in text else f"{Decimal(text):f}"


def humanized(size_bytes: int) -> str:
    """A size as go-humanize prints it, without its blank: `20MB`, `1.5kB`, `82B`."""
    if size_bytes < 10:
        return f"{size_bytes}B"
    power = min(int(math.log(size_bytes, 1000)), len(_DECIMAL_UNITS) - 1)
    value = math.floor(size_bytes / 1000**power * 10 + 0.5) / 10
    return f"{value:.0f}{_DECIMAL_UNITS[power]}" if value >= 10 else f"{value:.1f}{_DECIMAL_UNITS[power]}"


def _selector(query: LogQuery) -> str:
    return "{" + ", ".join(map(print_matcher, query.selector.matchers)) + "}"


def _stages(query: LogQuery) -> list[str]:
    texts: list[str] = []
    for stage in query.stages:
        texts += _line_filter(stage) if isinstance(stage, LineFilter) else [_stage(stage)]
    return texts


def _line_filter(stage: LineFilter) -> list[str]:
    operands = list(map(_operand, stage.operands))
    if stage.op.startswith("!"):
        return [f"{stage.op} {operand}" for operand in operands]  # neither of them is: one filter after the other
    return [f"{stage.op} {' or '.join(operands)}"]


def _filter_lines(texts: list[str], width_bytes: int) -> list[str]:
    """As many of the first as fit share a line, each further one has its own."""
    fit = len(texts)
    while fit > 1 and len(" ".join(texts[:fit]).encode()) > width_bytes:
        fit -= 1
    return [" ".join(texts[:fit]), *texts[fit:]]


def _operand(operand: LineOperand) -> str:
    return f"ip({quote(operand.value)})" if operand.ip else quote(operand.value)


def _stage(stage: Stage) -> str:
    match stage:
        case LabelFilter():
            return f"| {spelled_predicate(stage.predicate)}"
        case JsonParser():
            return "| json" + _extractions(stage.extractions)
        case LogfmtParser():
            flags = (" --strict" if stage.strict else "") + (" --keep-empty" if stage.keep_empty else "")
            return "| logfmt" + flags + _extractions(stage.extractions)
        case RegexpParser():
            return f"| regexp {quote(stage.pattern)}"
        case PatternParser():
            return f"| pattern {quote(stage.pattern)}"
        case LineFormat():
            return f"| line_format {quote(stage.template)}"
        case LabelFormat():
            parts = (f"{a.name}={quote(a.value) if a.is_template else a.value}" for a in stage.assignments)
            return "| label_format " + ",".join(parts)
        case Drop():
            return "| drop " + ",".join(map(_choice, stage.choices))
        case Keep():
            return "| keep " + ",".join(map(_choice, stage.choices))
        case Unpack():
            return "| unpack"
        case Decolorize():
            return "| decolorize"
        case LineFilter():
            raise AssertionError("a line filter may be several")


def _extractions(extractions: tuple[Extraction, ...]) -> str:
    return " " + ",".join(f"{e.name}={quote(e.path)}" for e in extractions) if extractions else ""


def _choice(choice: LabelChoice) -> str:
    return choice.name if choice.op is None else f"{choice.name}{choice.op}{quote(choice.value)}"


def _string_matcher(matcher: Matcher) -> str:
    is_regex = matcher.op in ("=~", "!~")
    if is_regex and not _ONLY_LITERALS.fullmatch(matcher.value) and "`" not in matcher.value:
        return f"{matcher.name}{matcher.op}`{matcher.value}`"
    return print_matcher(matcher)


def _compare(op: str) -> str:
    return "==" if op == "=" else op
