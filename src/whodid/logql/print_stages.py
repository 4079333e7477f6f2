"""The part of printer.py that writes conditions and pipeline stages, in any spelling."""

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
from whodid.logql.spelling import EXACT, Spelling
from whodid.model.labels import quote


def print_stage(stage: Stage, spelling: Spelling = EXACT) -> str:
    """`|= "x"`, `| json`, `| a > 5`: the stage with its leading sign."""
    if isinstance(stage, LineFilter):
        return f"{stage.op} " + " or ".join(map(_operand, stage.operands))
    return "| " + _after_pipe(stage, spelling)


def _after_pipe(stage: Stage, spelling: Spelling) -> str:
    match stage:
        case LabelFilter():
            return print_predicate(stage.predicate, spelling)
        case JsonParser():
            return " ".join(filter(None, ("json", _extractions(stage.extractions, spelling))))
        case LogfmtParser():
            flags = ("--strict" if stage.strict else "", "--keep-empty" if stage.keep_empty else "")
            return " ".join(filter(None, ("logfmt", *flags, _extractions(stage.extractions, spelling))))
        case RegexpParser():
            return f"regexp {quote(stage.pattern)}"
        case PatternParser():
            return f"pattern {quote(stage.pattern)}"
        case LineFormat():
            return f"line_format {quote(stage.template)}"
        case LabelFormat():
            return "label_format " + spelling.comma.join(map(_assignment, stage.assignments))
        case Drop():
            return "drop " + spelling.comma.join(map(_choice, stage.choices))
        case Keep():
            return "keep " + spelling.comma.join(map(_choice, stage.choices))
        case Unpack():
            return "unpack"
        case Decolorize():
            return "decolorize"
        case LineFilter():
            raise AssertionError("a line filter brings its own sign")


def print_predicate(predicate: Predicate, spelling: Spelling = EXACT) -> str:
    """`a > 5 and (b="x" or c="y")`"""
    match predicate:
        case StringPredicate():
            return spelling.matcher(predicate.matcher)
        case NumberPredicate():
            return f"{predicate.name}{spelling.comparison(predicate.op)}{spelling.number(predicate.value)}"
        case DurationPredicate():
            return f"{predicate.name}{spelling.comparison(predicate.op)}{spelling.duration(predicate.value_ns)}"
        case BytesPredicate():
            return f"{predicate.name}{spelling.comparison(predicate.op)}{spelling.size(predicate.value_bytes)}"
        case IpPredicate():
            return f"{predicate.name}{predicate.op}ip({quote(predicate.value)})"
        case AndPredicate():
            left = _part(predicate.left, spelling, OrPredicate)
            right = _part(predicate.right, spelling, OrPredicate, AndPredicate)
            text = f"{left} {spelling.conjunction} {right}"
        case OrPredicate():
            text = f"{_part(predicate.left, spelling)} or {_part(predicate.right, spelling, OrPredicate)}"
    return text.join(spelling.brackets) if spelling.always else text


def _part(predicate: Predicate, spelling: Spelling, *in_brackets: type[Predicate]) -> str:
    text = print_predicate(predicate, spelling)
    return text.join(spelling.brackets) if isinstance(predicate, in_brackets) and not spelling.always else text


def _operand(operand: LineOperand) -> str:
    return f"ip({quote(operand.value)})" if operand.ip else quote(operand.value)


def _extractions(extractions: tuple[Extraction, ...], spelling: Spelling) -> str:
    return spelling.comma.join(map(spelling.extraction, extractions))


def _assignment(assignment: LabelAssignment) -> str:
    return f"{assignment.name}={quote(assignment.value) if assignment.is_template else assignment.value}"


def _choice(choice: LabelChoice) -> str:
    return choice.name if choice.op is None else f"{choice.name}{choice.op}{quote(choice.value)}"
