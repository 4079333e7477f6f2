"""The part of printer.py that writes matchers, conditions and pipeline stages."""

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
    LabelAssignment,
    LabelChoice,
    LabelFilter,
    LabelFormat,
    LineFilter,
    LineFormat,
    LineOperand,
    LogfmtParser,
    NumberPredicate,
    OrPredicate,
    PatternParser,
    Predicate,
    RegexpParser,
    Stage,
    StringPredicate,
    Unpack,
)
from whodid.logql.literals import format_duration, format_number, format_size
from whodid.model.labels import quote
from whodid.model.matcher import Matcher


def print_matcher(matcher: Matcher) -> str:
    """`a=~"b"`"""
    return f"{matcher.name}{matcher.op}{quote(matcher.value)}"


def print_stage(stage: Stage) -> str:
    """`|= "x"`, `| json`, `| a > 5`: the stage with its leading sign."""
    if isinstance(stage, LineFilter):
        return f"{stage.op} " + " or ".join(map(_operand, stage.operands))
    return "| " + _after_pipe(stage)


def _after_pipe(stage: Stage) -> str:
    match stage:
        case LabelFilter():
            return print_predicate(stage.predicate)
        case JsonParser():
            return " ".join(filter(None, ("json", _extractions(stage.extractions))))
        case LogfmtParser():
            flags = ("--strict" if stage.strict else "", "--keep-empty" if stage.keep_empty else "")
            return " ".join(filter(None, ("logfmt", *flags, _extractions(stage.extractions))))
        case RegexpParser():
            return f"regexp {quote(stage.pattern)}"
        case PatternParser():
            return f"pattern {quote(stage.pattern)}"
        case LineFormat():
            return f"line_format {quote(stage.template)}"
        case LabelFormat():
            return "label_format " + ", ".join(map(_assignment, stage.assignments))
        case Drop():
            return "drop " + ", ".join(map(_choice, stage.choices))
        case Keep():
            return "keep " + ", ".join(map(_choice, stage.choices))
        case Unpack():
            return "unpack"
        case Decolorize():
            return "decolorize"
        case LineFilter():
            raise AssertionError("a line filter brings its own sign")


def print_predicate(predicate: Predicate) -> str:
    """`a > 5 and (b="x" or c="y")`"""
    match predicate:
        case StringPredicate():
            return print_matcher(predicate.matcher)
        case NumberPredicate():
            return f"{predicate.name} {predicate.op} {format_number(predicate.value)}"
        case DurationPredicate():
            return f"{predicate.name} {predicate.op} {format_duration(predicate.value_ns)}"
        case BytesPredicate():
            return f"{predicate.name} {predicate.op} {format_size(predicate.value_bytes)}"
        case IpPredicate():
            return f"{predicate.name}{predicate.op}ip({quote(predicate.value)})"
        case AndPredicate():
            left, right = _part(predicate.left, OrPredicate), _part(predicate.right, OrPredicate, AndPredicate)
            return f"{left} and {right}"
        case OrPredicate():
            return f"{print_predicate(predicate.left)} or {_part(predicate.right, OrPredicate)}"


def _part(predicate: Predicate, *in_parentheses: type[Predicate]) -> str:
    text = print_predicate(predicate)
    return f"({text})" if isinstance(predicate, in_parentheses) else text


def _operand(operand: LineOperand) -> str:
    return f"ip({quote(operand.value)})" if operand.ip else quote(operand.value)


def _extractions(extractions: tuple[Extraction, ...]) -> str:
    return ", ".join(e.name if e.path == e.name else f"{e.name}={quote(e.path)}" for e in extractions)


def _assignment(assignment: LabelAssignment) -> str:
    return f"{assignment.name}={quote(assignment.value) if assignment.is_template else assignment.value}"


def _choice(choice: LabelChoice) -> str:
    return choice.name if choice.op is None else f"{choice.name}{choice.op}{quote(choice.value)}"
