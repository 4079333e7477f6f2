"""`| json` as SQL: the value behind the first `"name":`, if it is sure that this is the label.

It is sure if the text up to the value's end, closed by a brace, is an object: then the key stands at its top level
and nothing before it is broken. And if nothing before it becomes the same name; and if either this was the last name
that the query wants, behind which a parser does not look, or the whole line is sound. Numbers keep their spelling, as
they are cut out of the text. Paths (`| json a="b.c"`) are left to Python.
"""

from collections.abc import Collection

from whodid.logql.ast import JsonParser
from whodid.query.columns.column import Aliases, Column, Parsed, any_of
from whodid.query.columns.key_text import HIDDEN, PLAIN, core, json_spelling
from whodid.query.stages import json as stage_json
from whodid.store.sql import quote

_SPACE = r"' \t\r\n'"
_NO_OBJECT = r"^[ \t\r\n]*[^{ \t\r\n]"


def json_columns(stage: JsonParser, names: Collection[str], aliases: Aliases, sates: str) -> Parsed | None:
    """The names asked for. `sates`: SQL, true for rows in which the query wants nothing but these names."""
    if stage.extractions or not all(PLAIN.fullmatch(name) for name in names):
        return None
    # The usual line begins with the brace; only others are looked at.
    fails = aliases.named(f"NOT startsWith(line, '{{') AND match(line, {quote(_NO_OBJECT)})")
    columns: dict[str, Column] = {}
    unsure: list[str] = []
    for name in names:
        columns[name], doubt = _column(name, fails, aliases)
        unsure.append(doubt)
    all_found = " AND ".join([sates, *(column.present for column in columns.values())])
    broken = f"NOT ({all_found}) AND NOT isValidJSON(line)"
    doubt = aliases.named(f"NOT {fails} AND ({any_of(*unsure, broken)})")
    return Parsed(columns, doubt, fails, stage_json.FAILED)


def _column(name: str, fails: str, aliases: Aliases) -> tuple[Column, str]:
    key = f'"{name}":'
    begin = aliases.named(f"position(line, {quote(key)})")
    raw = aliases.named(f"if({begin} = 0, '', simpleJSONExtractRaw(line, {quote(name)}))")
    text = aliases.named(f"trimBoth({raw}, {_SPACE})")
    until = f"substring(line, 1, {begin} + {len(key) - 1} + length({raw}))"
    before = aliases.named(f"if({begin} = 0, line, substring(line, 1, {begin} - 1))")
    value = aliases.named(
        f"multiIf({fails}, '', startsWith({text}, '\"'), "
        f"if(position({text}, '\\\\') = 0, substring({text}, 2, length({text}) - 2), "
        f"JSONExtractString(concat('[', {text}, ']'), 1)), "
        f"{text} = 'null' OR startsWith({text}, '[') OR startsWith({text}, '{{'), '', {text})"
    )
    present = aliases.named(f"NOT {fails} AND ({value} != '' OR startsWith({text}, '\"'))")
    doubt = any_of(
        f"{begin} > 0 AND ({text} = '' OR endsWith({before}, '\\\\') OR NOT isValidJSON(concat({until}, '}}')))",
        f"position({before}, '\\\\u') > 0 AND match({before}, {quote(HIDDEN)})",
        f"position({before}, {quote(core(name))}) > 0 AND match({before}, {quote(json_spelling(name))})",
    )
    return Column(value, present), doubt
