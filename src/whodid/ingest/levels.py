"""Loki's `detected_level` as one SQL expression, computed by the engine during the insert.

Order (Grafana Loki 3.7, field_detection.go as described in the reference): existing detected_level → stream labels →
structured metadata → OpenTelemetry's severity_number → the line: JSON if it is an object, else logfmt keys, and if they
state no level that Loki knows, the first level word with boundaries.
Every branch stands behind a cheap test, since most lines have no level and the insert is the hot path. It is one flat
`multiIf`: the engine evaluates a branch only for the lines that reach it, and an expression that stands in a condition
and in its result once; the same as nested `if`s with aliases takes three times as long (docs/design/0009).
"""

from whodid.ingest.enrich import LEVEL_FIELDS, LEVEL_NAMES
from whodid.store.sql import quote, quote_list

_WORDS = tuple(name for name in LEVEL_NAMES if name not in ("log", "notice", "panic"))
_LEFT = r"(?:^|[ \t\n\[({\"'=|`])"
_RIGHT = r"(?:$|[ \t\n\[\](){}:,!\"'=|`])"
_WORD = f"(?i){_LEFT}({'|'.join(_WORDS)}){_RIGHT}"
_HINT = "(?i)trace|trc|debug|dbg|inf|warn|wrn|err|critical|fatal|level|severity|lvl"
"""What every line with a level holds; vectorscan finds it at a tenth of the cost of looking properly."""
_IS_OBJECT = f"match(line, {quote('(?s)^ *[{].*[}] *$')})"
_OTHER_FIELDS = LEVEL_FIELDS[1:]
_STATED_FIELDS = ("detected_level", *LEVEL_FIELDS)
_SEVERITY = "severity_number"
_SEVERITIES = ("trace", "debug", "info", "warn", "error", "fatal")
"""Four numbers each, from 1 on."""


def _normal(value: str) -> str:
    """Loki's name of a level; names it does not know stay as they are."""
    names, levels = quote_list(("", *LEVEL_NAMES)), quote_list(("unknown", *LEVEL_NAMES.values()))
    return f"transform(lower({value} AS level), {names}, {levels}, level)"


def names_a_level(names: str) -> str:
    """SQL: whether a line's metadata, whose names are the array `names`, may state a level."""
    return f"arrayExists(k -> k IN ({', '.join(map(quote, (*_STATED_FIELDS, _SEVERITY)))}), {names})"


def _from_metadata(names: str, values: str) -> str:
    """The first of the names that has a value. Looking each up in every line would be two fifths of the insert."""
    found = f"arrayMap(k -> arrayElement({values}, indexOf({names}, k)), {quote_list(_STATED_FIELDS)})"
    return f"if({names_a_level(names)}, arrayFirst(v -> v != '', {found}), '')"


def _severity_branches(names: str, values: str) -> list[tuple[str, str]]:
    text = f"arrayElement({values}, indexOf({names}, {quote(_SEVERITY)}))"
    number = f"toInt64OrNull({text})"
    steps = ", ".join(f"{number} <= {4 * n}, {quote(level)}" for n, level in enumerate(_SEVERITIES, 1))
    level = f"multiIf(isNull({number}), 'info', {number} = 0, 'unknown', {steps}, 'unknown')"
    return [(f"has({names}, {quote(_SEVERITY)}) AND {text} != ''", f"assumeNotNull({level})")]


def _known(value: str) -> str:
    """SQL: whether it is a level's name; in a line, unlike in labels and metadata, others are no level."""
    return f"lower({value}) IN ({', '.join(map(quote, LEVEL_NAMES))})"


def _json_branches() -> list[tuple[str, str]]:
    """`level` first and alone: nearly every JSON line with a level has it under that name."""
    others, level = quote_list(_OTHER_FIELDS), "JSONExtractString(line, 'level')"
    rest = f"JSONExtractString(line, arrayFirst(k -> JSONExtractString(line, k) != '', {others}))"
    return [
        (f"{_IS_OBJECT} AND {_known(level)}", level),
        (f"{_IS_OBJECT} AND multiSearchAny(line, {others}) AND {_known(rest)}", rest),
    ]


def _logfmt_branches() -> list[tuple[str, str]]:
    others = "|".join(
        dict.fromkeys(name.lower().replace(".", "[.]") for name in _OTHER_FIELDS if name.lower() != "level")
    )
    hint = quote_list(("level=", "severity", "lvl="))
    patterns = (f'(?i)(?:^|[ \\t])(?:{names})="?([^ \\t"]+)' for names in ("level", others))
    values = [f"extract(line, {quote(pattern)})" for pattern in patterns]
    return [
        (f"NOT {_IS_OBJECT} AND multiSearchAnyCaseInsensitive(line, {hint}) AND {_known(value)}", value)
        for value in values
    ]


def detected_level(stream_level: str, metadata: tuple[str, str] | None) -> str:
    """The SQL of a line's level over the column `line`; `stream_level` is the SQL of the labels' level.

    `metadata`: the SQL of the arrays of its names and values; None if no line's metadata states a level, and the engine
    need not even read the expression that looks there.
    """
    branches = []
    if stream_level != "''":
        branches.append((f"{stream_level} != ''", stream_level))
    if metadata is not None:
        stated = _from_metadata(*metadata)
        branches.append((f"{stated} != ''", stated))
        branches += _severity_branches(*metadata)
    branches.append((f"NOT multiMatchAny(line, [{quote(_HINT)}])", "''"))
    branches += _json_branches() + _logfmt_branches()
    chain = ", ".join(f"{condition}, {value}" for condition, value in branches)
    return _normal(f"multiIf({chain}, extract(line, {quote(_WORD)}))")
