"""The functions that Loki adds to Go's templates, one explicit table; those that Promtail has too are templates/'s.

Patterns run on RE2. Source: LogQL's manual ("Template functions"), Go's time and net/url.
"""

import re
from urllib.parse import quote_plus, unquote_to_bytes

from whodid.model.go_numbers import parse_duration_s
from whodid.model.go_text import text_of
from whodid.query.errors import QueryError
from whodid.query.go_values import parse_size_bytes
from whodid.query.line import Line
from whodid.query.regex import Pattern, compiled
from whodid.templates.dates import DATES, epoch
from whodid.templates.expansion import expanded
from whodid.templates.function import Function, function
from whodid.templates.go_time import GoTime, parse_time, zone
from whodid.templates.numbers import NUMBERS
from whodid.templates.texts import TEXTS
from whodid.templates.values import Failure, check_size, joined

_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2}).{0,2}", re.DOTALL)
_EPOCH_UNIT_NS = {5: 86_400 * 10**9, 10: 10**9, 13: 10**6, 16: 10**3, 19: 1}
"""What a number since 1970 counts, by its digits."""


# ---- texts --------------------------------------------------------------------------------------------------------


def align_left(width: int, text: str) -> str:
    """Cut or filled up to a width, in characters."""
    check_size(width)
    return text if width < 0 else text[:width].ljust(width)


def align_right(width: int, text: str) -> str:
    check_size(width)
    return text if width < 0 else text[max(0, len(text) - width) :].rjust(width)


def url_decoded(text: str) -> str:
    bad = _BAD_ESCAPE.search(text)
    if bad:
        raise Failure(f'invalid URL escape "{bad[0]}"')
    return text_of(unquote_to_bytes(text.replace("+", " ")))


# ---- regular expressions ------------------------------------------------------------------------------------------


def _pattern(text: str) -> Pattern:
    try:
        return compiled(text)
    except QueryError as error:
        raise Failure(str(error)) from None


def regex_replace(pattern: str, text: str, replacement: str) -> str:
    return joined(expanded(_pattern(pattern), replacement, text))


def regex_replace_literal(pattern: str, text: str, replacement: str) -> str:
    return regex_replace(pattern, text, replacement.replace("$", "$$"))


def regex_count(pattern: str, text: str) -> int:
    # An empty match behind another match is none, as in replacing.
    count, after = 0, -1
    for match in _pattern(pattern).finditer(text):
        if not match.start() == match.end() == after:
            count, after = count + 1, match.end()
    return count


# ---- dates --------------------------------------------------------------------------------------------------------


def to_date_in_zone(layout: str, name: str, text: str) -> GoTime:
    return parse_time(layout, text, zone(name))


def unix_to_time(text: str) -> GoTime:
    """Days, seconds, milli-, micro- or nanoseconds since 1970, told apart by the number of digits."""
    if not re.fullmatch(r"[+-]?[0-9]{1,19}", text):
        raise Failure(f"unable to parse time '{text}': strconv.ParseInt: parsing \"{text}\": invalid syntax")
    unit_ns = _EPOCH_UNIT_NS.get(len(text))
    if unit_ns is None:
        raise Failure(f"unable to parse time '{text}': %!w(<nil>)")
    return GoTime.of_ns(int(text) * unit_ns)


# ---- values of a line ---------------------------------------------------------------------------------------------


def size_bytes(text: str) -> float:
    try:
        return float(parse_size_bytes(text))
    except ValueError as error:
        raise Failure(str(error)) from None


def duration_s(text: str) -> float:
    try:
        return parse_duration_s(text)
    except ValueError as error:
        raise Failure(str(error)) from None


def _line(line: Line) -> str:
    return line.text


def _timestamp(line: Line) -> GoTime:
    return GoTime.of_ns(line.ns)


FUNCTIONS: dict[str, Function] = {
    "__line__": function(_line, of_context=True),
    "__timestamp__": function(_timestamp, of_context=True),
    "regexReplaceAll": function(regex_replace, "string string string"),
    "regexReplaceAllLiteral": function(regex_replace_literal, "string string string"),
    "count": function(regex_count, "string string"),
    "urldecode": function(url_decoded, "string"),
    "urlencode": function(lambda text: quote_plus(text, safe="~"), "string"),
    "bytes": function(size_bytes, "string"),
    "duration": function(duration_s, "string"),
    "duration_seconds": function(duration_s, "string"),
    "unixEpochMillis": function(epoch(10**6), "time"),
    "unixEpochNanos": function(epoch(1), "time"),
    "toDateInZone": function(to_date_in_zone, "string string string"),
    "unixToTime": function(unix_to_time, "string"),
    "alignLeft": function(align_left, "int string"),
    "alignRight": function(align_right, "int string"),
    **TEXTS,
    **DATES,
    **NUMBERS,
}
