"""Loki's `detected_level` as one SQL expression, computed by the engine during the insert.

Order (Grafana Loki 3.7, field_detection.go as described in the reference): existing detected_level → stream labels →
structured metadata → OpenTelemetry's severity_number → the line: JSON if it is an object, else logfmt keys, and if they
state no level that Loki knows, the first level word with boundaries.
Every branch stands behind a cheap test, since most lines have no level and the insert is the hot path. It is one flat
`multiIf`: the engine evaluates a branch only for the lines that reach it, and an expression that stands in a condition
and in its result once; the same as nested `if`s with aliases takes three times as long (docs/design/0009).
"""

from whodid.ingest.enrich import FIELD_LEVEL_NAMES, LEVEL_FIELDS, LEVEL_NAMES
from whodid.store.sql import quote, quote_list

_WORDS = tuple(LEVEL_NAMES)
_LEFT = r"(?:^|[ \t\n\[({\"'=|`])"
_RIGHT = r"(?:$|[ \t\n\[\](){}:,!\"'=|`])"
_WORD = f"(?i){_LEFT}({'|'.join(_WORDS)}){_RIGHT}"
_HINT = "(?i)trace|trc|debug|dbg|inf|warn|wrn|err|critical|fatal|level|severity|lvl"
"""What every line with a level holds; vectorscan finds it at a tenth of the cost of looking properly."""
_OBJECT = r"(?s)^\s*[{].*[}]\s*$"
_IS_OBJECT = f"match(line, {quote(_OBJECT)})"
_NAMES = "|".join(LEVEL_FIELDS).replace(".", "[.]")
_JSON_LEVEL = rf'"(?:{_NAMES})"\s*:\s*"([^"]*)"'
"""A key within a text has a backslash before its second quote, so it is not met."""
_LOGFMT_LEVEL = r'(?i)(?:^|[ \t]){}="?([^ \t"]+)'
_STATED_FIELDS = ("detected_level", *LEVEL_FIELDS)
_SEVERITY = "severity_number"
_SEVERITIES = ("trace", "debug", "info", "warn", "error", "fatal")
"""Four numbers each, from 1 on."""


def _normal(value: str) -> str:
    """Loki's name of a level; names it does not know stay as they are."""
    names, levels = quote_list(("", *FIELD_LEVEL_NAMES)), quote_list(("unknown", *FIELD_LEVEL_NAMES.values()))
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
    return f"lower({value}) IN ({', '.join(map(quote, FIELD_LEVEL_NAMES))})"


def _json_branches() -> list[tuple[str, str]]:
    """The first of the names that has a text, in the order of the line; also within an object of the object.

    Nearly every JSON line with a level has it as `level`, under no other name and not within: the engine's own reader
    is three times as fast as the expression that finds the rest.
    """
    plain, found = "JSONExtractString(line, 'level')", f"extract(line, {quote(_JSON_LEVEL)})"
    names = [f'"{name}"' for name in LEVEL_FIELDS]
    return [
        (f"{_IS_OBJECT} AND NOT multiSearchAny(line, {quote_list(names[1:])}) AND {_known(plain)}", plain),
        (f"{_IS_OBJECT} AND multiSearchAny(line, {quote_list(names)}) AND {_known(found)}", found),
    ]


def _logfmt_branches(word: str) -> list[tuple[str, str]]:
    """The first of the names that states a level, in the order of the names.

    All but the first name are rare: what they state stands in one branch, with the first word where they state nothing.
    """
    (name, level), *others = (
        (name, f"extract(line, {quote(_LOGFMT_LEVEL.format(name.replace('.', '[.]')))})")
        for name in dict.fromkeys(field.lower() for field in LEVEL_FIELDS)
    )
    hint = f"multiSearchAnyCaseInsensitive(line, {quote_list(f'{name}=' for name, _ in others)})"
    stated = ", ".join(value for _, value in others)
    return [
        (f"NOT {_IS_OBJECT} AND positionCaseInsensitive(line, {quote(name + '=')}) != 0 AND {_known(level)}", level),
        (f"NOT {_IS_OBJECT} AND {hint}", f"arrayFirst(v -> {_known('v')}, [{stated}, {word}])"),
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
    word = f"extract(line, {quote(_WORD)})"
    branches += _json_branches() + _logfmt_branches(word)
    chain = ", ".join(f"{condition}, {value}" for condition, value in branches)
    return _normal(f"multiIf({chain}, {word})")
