"""The vocabulary of LogQL: token kinds, reserved words, functions, operators and their binding strength.

Only names; lexer.py cuts text into tokens, parser.py decides what may follow what. Source: Loki's LogQL manual.
"""

from typing import Final, NamedTuple


class Token(NamedTuple):
    """One token. `kind` is one of the upper-case kinds below, or the word or sign itself."""

    kind: str
    value: object
    """Decoded: text of IDENTIFIER, STRING, FUNCTION and FLAG; float, ns or bytes; the message of ERROR."""
    offset: int
    """In characters from the start of the query."""


IDENTIFIER: Final = "IDENTIFIER"
STRING: Final = "STRING"
NUMBER: Final = "NUMBER"
DURATION: Final = "DURATION"
BYTES: Final = "BYTES"
RANGE: Final = "RANGE"
FLAG: Final = "PARSER_FLAG"
FUNCTION: Final = "FUNCTION"
END: Final = "$end"
ERROR: Final = "ERROR"
"""Text that is no token. The parser reports it when it gets there, so that the first mistake is the one named."""

KEYWORDS: Final = frozenset(
    [
        *("by", "without", "bool", "on", "ignoring", "group_left", "group_right", "offset", "or", "and", "unless"),
        *("json", "logfmt", "regexp", "pattern", "unpack", "unwrap"),
        *("line_format", "label_format", "decolorize", "drop", "keep"),
    ]
)
"""Reserved in any letter case: no label of these names can be written in a query (as in Loki)."""

FLAGS: Final = ("--strict", "--keep-empty")
"""Of the logfmt parser."""

LOG_RANGE_FUNCTIONS: Final = frozenset(("count_over_time", "bytes_rate", "bytes_over_time"))
EITHER_RANGE_FUNCTIONS: Final = frozenset(("rate", "absent_over_time"))
UNWRAP_RANGE_FUNCTIONS: Final = frozenset(
    [
        *("rate_counter", "sum_over_time", "avg_over_time", "max_over_time", "min_over_time", "first_over_time"),
        *("last_over_time", "stdvar_over_time", "stddev_over_time", "quantile_over_time"),
    ]
)
GROUPED_RANGE_FUNCTIONS: Final = UNWRAP_RANGE_FUNCTIONS - {"rate_counter", "sum_over_time"}
RANGE_FUNCTIONS: Final = LOG_RANGE_FUNCTIONS | EITHER_RANGE_FUNCTIONS | UNWRAP_RANGE_FUNCTIONS

RANKING_FUNCTIONS: Final = frozenset(("topk", "bottomk", "approx_topk"))
SORT_FUNCTIONS: Final = frozenset(("sort", "sort_desc"))
VECTOR_FUNCTIONS: Final = (
    frozenset(("sum", "avg", "count", "max", "min", "stddev", "stdvar")) | RANKING_FUNCTIONS | SORT_FUNCTIONS
)

CONVERSIONS: Final = frozenset(("bytes", "duration", "duration_seconds"))
FUNCTIONS: Final = RANGE_FUNCTIONS | VECTOR_FUNCTIONS | CONVERSIONS | {"vector", "label_replace", "ip"}
"""Functions only where `(`, `by (` or `without (` follows; elsewhere the same word is an identifier."""

LINE_FILTERS: Final = frozenset(("|=", "!=", "|~", "!~", "|>", "!>"))
SET_OPERATORS: Final = frozenset(("and", "or", "unless"))
PRECEDENCE: Final = {
    **dict.fromkeys(("or",), 1),
    **dict.fromkeys(("and", "unless"), 2),
    **dict.fromkeys(("==", "!=", ">", ">=", "<", "<="), 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "/", "%"), 5),
    "^": 6,
}
"""Binary operators by rising binding strength; all associate to the left but `^`."""
