"""The part of check.py that judges pipeline stages: patterns, regular expressions, paths, addresses, names."""

import ipaddress
from collections.abc import Callable

from whodid.logql.ast import (
    Drop,
    IpPredicate,
    JsonParser,
    Keep,
    LabelChoice,
    LabelFilter,
    LabelFormat,
    LineFilter,
    LineOperand,
    LogfmtParser,
    PatternParser,
    RegexpParser,
    Stage,
)
from whodid.logql.errors import LogQLError
from whodid.logql.loki_spelling import LOKI
from whodid.logql.paths import parse_json_path, parse_logfmt_key
from whodid.logql.patterns import filter_fault, parser_fault
from whodid.logql.print_stages import print_stage
from whodid.logql.regexes import capture_names, examine
from whodid.model.labels import LABEL_NAME, quote


def check_stage(stage: Stage) -> None:
    """Raises LogQLError unless the stage can be run. The conditions of label filters are check.py's."""
    match stage:
        case LineFilter():
            for operand in stage.operands:
                _check_operand(stage, operand)
        case JsonParser():
            _check_extractions(stage, parse_json_path)
        case LogfmtParser():
            _check_extractions(stage, parse_logfmt_key)
        case LabelFilter(IpPredicate(_, _, pattern)):
            # A bad address that is a part of a condition, or stands behind unwrap, holds for no line; so it is in Loki.
            _check_ip(pattern, stage)
        case RegexpParser():
            _check_regexp_parser(stage.pattern)
        case PatternParser():
            if fault := parser_fault(stage.pattern):
                raise LogQLError(f"invalid pattern parser: {fault}")
        case LabelFormat():
            _check_label_format(stage)
        case Drop() | Keep():
            for choice in stage.choices:
                _check_choice(choice)
        case _:
            pass


def check_regex(pattern: str) -> None:
    """Raises LogQLError unless RE2 takes the pattern."""
    if error := examine(pattern).error:
        raise LogQLError(error)


def _check_ip(pattern: str, stage: Stage) -> None:
    if not is_address(pattern):
        raise LogQLError(f"stage '{print_stage(stage, LOKI)}' : ip: invalid pattern: {quote(pattern)}")


def is_address(pattern: str) -> bool:
    """Whether the argument of `ip()` is an address, a CIDR block or a range `from-to`, of v4 or v6."""
    try:
        if "-" in pattern:
            first, last = (ipaddress.ip_address(part) for part in pattern.split("-"))
            if first.version != last.version or int(first) > int(last):
                raise ValueError
        elif "/" in pattern:
            ipaddress.ip_network(pattern, strict=False)
        else:
            ipaddress.ip_address(pattern)
    except ValueError:
        return False
    return True


def _check_operand(stage: LineFilter, operand: LineOperand) -> None:
    op = stage.op
    if operand.ip:
        if op not in ("|=", "!="):
            raise LogQLError(f"ip: invalid operation: {op} ip({quote(operand.value)}); only |= and != know ip()")
        _check_ip(operand.value, stage)
    elif op in ("|~", "!~"):
        check_regex(operand.value)
    elif op in ("|>", "!>") and (fault := filter_fault(operand.value)):
        raise LogQLError(f"invalid pattern line filter: {fault}")


def _check_extractions(stage: JsonParser | LogfmtParser, read: Callable[[str], object]) -> None:
    for item in stage.extractions:
        try:
            read(item.path)
        except ValueError as error:
            text = f"stage '{print_stage(stage, LOKI)}' : cannot parse expression [{item.path}]: {error}"
            raise LogQLError(text) from None


def _check_regexp_parser(pattern: str) -> None:
    if error := examine(pattern).error:
        raise LogQLError(f"invalid regexp parser: {error}")
    names = capture_names(pattern)
    if not names:
        raise LogQLError("invalid regexp parser: at least one named capture must be supplied")
    seen: set[str] = set()
    for name in names:
        if not LABEL_NAME.fullmatch(name):
            raise LogQLError(f"invalid regexp parser: invalid extracted label name '{name}'")
        if name in seen:
            raise LogQLError(f"invalid regexp parser: duplicate extracted label name '{name}'")
        seen.add(name)


def _check_label_format(stage: LabelFormat) -> None:
    seen: set[str] = set()
    for assignment in stage.assignments:
        if assignment.name == "__error__":
            raise LogQLError("__error__ cannot be formatted")
        if assignment.name in seen:
            raise LogQLError(f"multiple label name '{assignment.name}' not allowed in a single format operation")
        seen.add(assignment.name)


def _check_choice(choice: LabelChoice) -> None:
    if choice.op in ("=~", "!~"):
        check_regex(choice.value)
