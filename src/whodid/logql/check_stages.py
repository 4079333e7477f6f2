"""The part of check.py that judges pipeline stages: patterns, regular expressions, paths, addresses, names."""

import ipaddress

from whodid.logql.ast import (
    Drop,
    Extraction,
    JsonParser,
    Keep,
    LabelChoice,
    LabelFormat,
    LineFilter,
    LineOperand,
    LogfmtParser,
    PatternParser,
    RegexpParser,
    Stage,
)
from whodid.logql.errors import LogQLError
from whodid.logql.paths import parse_json_path
from whodid.logql.patterns import filter_fault, parser_fault
from whodid.logql.regexes import capture_names, examine
from whodid.model.labels import LABEL_NAME, quote


def check_stage(stage: Stage) -> None:
    """Raises LogQLError unless the stage can be run. The conditions of label filters are check.py's."""
    match stage:
        case LineFilter():
            for operand in stage.operands:
                _check_operand(stage.op, operand)
        case JsonParser():
            for extraction in stage.extractions:
                _check_json_path(extraction)
        case LogfmtParser():
            for extraction in stage.extractions:
                _check_logfmt_key(extraction)
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


def check_ip(pattern: str) -> None:
    """Raises LogQLError unless the argument of `ip()` is an address, a CIDR block or a range `from-to`, of v4 or v6."""
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
        raise LogQLError(
            f"ip: invalid pattern: {quote(pattern)}; write 10.0.0.7, 10.0.0.0/8 or 10.0.0.1-10.0.0.9"
        ) from None


def _check_operand(op: str, operand: LineOperand) -> None:
    if operand.ip:
        if op not in ("|=", "!="):
            raise LogQLError(f"ip: invalid operation: {op} ip({quote(operand.value)}); only |= and != know ip()")
        check_ip(operand.value)
    elif op in ("|~", "!~"):
        check_regex(operand.value)
    elif op in ("|>", "!>") and (fault := filter_fault(operand.value)):
        raise LogQLError(f"invalid pattern line filter: {fault}")


def _check_json_path(extraction: Extraction) -> None:
    try:
        parse_json_path(extraction.path)
    except ValueError as error:
        raise LogQLError(
            f"cannot parse expression [{extraction.path}] of json label {extraction.name}: {error}"
        ) from None


def _check_logfmt_key(extraction: Extraction) -> None:
    key = extraction.path
    if len(key) > 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not key or any(character in ' ="' or character < " " for character in key):
        raise LogQLError(f"cannot parse expression [{key}] of logfmt label {extraction.name}: it is not a logfmt key")


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
