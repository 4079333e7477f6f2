"""Loki's `detected_level` as one SQL expression, computed by the engine during the insert.

Order (Grafana Loki 3.7, field_detection.go as described in the reference): existing detected_level → stream labels →
structured metadata → the line: JSON if it is an object, else logfmt keys, else the first level word with boundaries.
Every branch stands behind a cheap test, since most lines have no level and the insert is the hot path.
"""

from whodid.ingest.enrich import LEVEL_FIELDS, LEVEL_NAMES
from whodid.store.sql import quote, quote_list

_WORDS = tuple(name for name in LEVEL_NAMES if name not in ("log", "notice", "panic"))
_LEFT = r"(?:^|[ \t\n\[({\"'=|`])"
_RIGHT = r"(?:$|[ \t\n\[\](){}:,!\"'=|`])"
_WORD = f"(?i){_LEFT}({'|'.join(_WORDS)}){_RIGHT}"
_HINT = "(?i)trace|trc|debug|dbg|inf|warn|wrn|err|critical|fatal|level|severity|lvl"
"""What every line with a level holds; vectorscan finds it at a tenth of the cost of looking properly."""
_OTHER_FIELDS = LEVEL_FIELDS[1:]
_STATED_FIELDS = ("detected_level", *LEVEL_FIELDS)
_HAS_STATED = f"arrayExists(k -> k IN ({', '.join(map(quote, _STATED_FIELDS))}), mapKeys(metadata))"
"""Looking up each name in every line's metadata would be two fifths of the whole insert."""


def _normal(value: str) -> str:
    names, levels = quote_list(LEVEL_NAMES), quote_list(LEVEL_NAMES.values())
    return f"transform(lower({value}), {names}, {levels}, {value})"


def _from_metadata() -> str:
    return f"arrayFirst(v -> v != '', arrayMap(k -> metadata[k], {quote_list(_STATED_FIELDS)}))"


def _from_json() -> str:
    """`level` first and alone: nearly every JSON line with a level has it under that name."""
    others = quote_list(_OTHER_FIELDS)
    pairs = "JSONExtractKeysAndValues(line, 'String')"
    rest = f"arrayFirst(v -> v != '', arrayMap(k -> arrayFirst(p -> p.1 = k, {pairs}).2, {others}))"
    level = "JSONExtractString(line, 'level') AS json_level"
    return f"if(({level}) != '', json_level, if(multiSearchAny(line, {others}), {rest}, ''))"


def _from_logfmt() -> str:
    def one(names: str) -> str:
        pattern = f'(?i)(?:^|[ \\t])(?:{names})="?([^ \\t"]+)'
        return f"extract(line, {quote(pattern)})"

    others = "|".join(
        dict.fromkeys(name.lower().replace(".", "[.]") for name in _OTHER_FIELDS if name.lower() != "level")
    )
    hint = quote_list(("level=", "severity", "lvl="))
    named = f"if(({one('level')} AS logfmt_level) != '', logfmt_level, {one(others)})"
    return f"if(multiSearchAnyCaseInsensitive(line, {hint}), {named}, '')"


def detected_level(stream_level: str, *, with_metadata: bool = True) -> str:
    """The SQL of a line's level over columns `line` and `metadata`; `stream_level` is the SQL of the labels' level.

    `with_metadata` False: no line has any, and the engine need not even read the expression that looks there.
    """
    is_object = "startsWith(trimLeft(line), '{') AND endsWith(trimRight(line), '}')"
    word = f"extract(line, {quote(_WORD)})"
    in_text = f"if(({_from_logfmt()} AS named_level) != '', named_level, {word})"
    in_line = (
        f"multiIf(NOT multiMatchAny(line, [{quote(_HINT)}]), '', {is_object}, "
        f"if(({_from_json()} AS object_level) != '', object_level, {word}), {in_text})"
    )
    stated = f"if({_HAS_STATED}, {_from_metadata()}, '')"
    if not with_metadata:
        found = in_line if stream_level == "''" else f"if(({stream_level}) != '', {stream_level}, {in_line})"
        return f"if(({found} AS level) = '', 'unknown', {_normal('level')})"
    found = (
        f"multiIf(({stream_level}) != '', {stream_level}, ({stated} AS stated_level) != '', stated_level, {in_line})"
    )
    return f"if(({found} AS level) = '', 'unknown', {_normal('level')})"
