"""Loki's `detected_level` as one SQL expression, computed by the engine during the insert.

Order (Grafana Loki 3.7, field_detection.go as described in the reference): existing detected_level → stream labels →
structured metadata → the line: JSON if it is an object, else logfmt keys, else the first level word with boundaries.
Every branch stands behind a cheap test, since most lines have no level and the insert is the hot path. Each function
call in it also costs a quarter of a millisecond of planning in every commit: it is written with as few as possible.
"""

from whodid.ingest.enrich import LEVEL_FIELDS, LEVEL_NAMES
from whodid.store.sql import quote, quote_list

_WORDS = tuple(name for name in LEVEL_NAMES if name not in ("log", "notice", "panic"))
_LEFT = r"(?:^|[ \t\n\[({\"'=|`])"
_RIGHT = r"(?:$|[ \t\n\[\](){}:,!\"'=|`])"
_WORD = f"(?i){_LEFT}({'|'.join(_WORDS)}){_RIGHT}"
_HINT = "(?i)trace|trc|debug|dbg|inf|warn|wrn|err|critical|fatal|level|severity|lvl"
"""What every line with a level holds; vectorscan finds it at a tenth of the cost of looking properly."""
_OBJECT = "(?s)^ *[{].*[}] *$"
_OTHER_FIELDS = LEVEL_FIELDS[1:]
_STATED_FIELDS = ("detected_level", *LEVEL_FIELDS)
_HAS_STATED = f"arrayExists(k -> k IN ({', '.join(map(quote, _STATED_FIELDS))}), mapKeys(metadata))"
"""Looking up each name in every line's metadata would be two fifths of the whole insert."""


def _normal(value: str) -> str:
    """Loki's name of a level; names it does not know stay as they are."""
    names, levels = quote_list(("", *LEVEL_NAMES)), quote_list(("unknown", *LEVEL_NAMES.values()))
    return f"transform(lower({value} AS level), {names}, {levels}, level)"


def _from_metadata() -> str:
    return f"arrayFirst(v -> v != '', arrayMap(k -> metadata[k], {quote_list(_STATED_FIELDS)}))"


def _from_json() -> str:
    """`level` first and alone: nearly every JSON line with a level has it under that name."""
    others = quote_list(_OTHER_FIELDS)
    rest = f"JSONExtractString(line, arrayFirst(k -> JSONExtractString(line, k) != '', {others}))"
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
    hint = f"multiMatchAny(line, [{quote(_HINT)}])"
    named = f"if(match(line, {quote(_OBJECT)}), {_from_json()}, {_from_logfmt()})"
    found = f"if({hint}, if(({named} AS named_level) != '', named_level, extract(line, {quote(_WORD)})), '')"
    if with_metadata:
        stated = f"if({_HAS_STATED}, {_from_metadata()}, '')"
        found = f"if(({stated} AS stated_level) != '', stated_level, {found})"
    if stream_level != "''":
        found = f"if(({stream_level} AS stream_level) != '', stream_level, {found})"
    return _normal(found)
