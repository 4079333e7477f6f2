"""`| json` as SQL: the value behind the first `"name":`, if it is sure that this is the label.

It is sure if the text up to the value's end, closed by a brace, is an object: then the key stands at its top level
and nothing before it is broken. And if nothing before it becomes the same name; and if either this was the last name
that the query wants, behind which a parser does not look, or the whole line is sound. Numbers keep their spelling, as
they are cut out of the text. Paths (`| json a="b.c"`) are left to Python.
"""

from collections.abc import Collection

from whodid.logql.ast import JsonParser
from whodid.query.columns.column import UNREAD, Aliases, Column, Parsed, any_of
from whodid.query.columns.key_text import HIDDEN, PLAIN, core, json_spelling
from whodid.query.stages import json as stage_json
from whodid.store.sql import quote

_SPACE = r"' \t\r\n'"
_OBJECT = r"^[ \t\r\n]*\{"


def json_columns(stage: JsonParser, names: Collection[str], aliases: Aliases, sates: str) -> Parsed | None:
    """The names asked for. `sates`: SQL, true for rows in which the query wants nothing but these names."""
    if stage.extractions or not all(PLAIN.fullmatch(name) for name in names):
        return None
    # Costly functions get the text only where it matters: ClickHouse would work out both sides of an AND.
    fails = aliases.named(f"NOT match(if(startsWith(line, '{{'), '{{', line), {quote(_OBJECT)})")
    columns: dict[str, Column] = {}
    unsure: list[str] = []
    for name in names:
        columns[name], doubt = _column(name, fails, aliases)
        unsure.append(doubt)
    if sates == "false":
        broken = f"NOT isValidJSON(if({fails}, '{{}}', line))"
    else:
        all_found = " AND ".join([sates, *(column.present for column in columns.values())])
        broken = f"NOT isValidJSON(if({all_found}, '{{}}', line))"
    doubt = aliases.named(f"NOT {fails} AND ({any_of(*unsure, broken)})")
    return Parsed(columns, doubt, fails, stage_json.FAILED)


def _column(name: str, fails: str, aliases: Aliases) -> tuple[Column, str]:
    key = f'"{name}":'
    begin = aliases.named(f"position(line, {quote(key)})")
    raw = aliases.named(f"simpleJSONExtractRaw(line, {quote(name)})")
    text = aliases.named(f"trimBoth({raw}, {_SPACE})")
    until = f"substring(line, 1, {begin} + {len(key) - 1} + length({raw}))"
    before = aliases.named(f"substring(line, 1, if({begin} = 0, length(line), {begin} - 1))")
    escaped = aliases.named(f"if(startsWith({text}, '\"') AND position({text}, '\\\\') > 0, {text}, '')")
    no_leaf = aliases.named(f"{text} = 'null' OR startsWith({text}, '[') OR startsWith({text}, '{{')")
    # Behind a key without a value of its own the name may come again.
    rest = aliases.named(f"substring(line, if({no_leaf}, {begin} + {len(key)}, length(line) + 1))")
    value = aliases.named(
        f"replaceAll(multiIf({fails} OR {no_leaf}, '', "
        f"{escaped} != '', JSONExtractString(concat('[', {escaped}, ']'), 1), "
        f"startsWith({text}, '\"'), substring({text}, 2, length({text}) - 2), {text}), {quote(UNREAD)}, ' ')"
    )
    present = aliases.named(f"NOT {fails} AND ({value} != '' OR startsWith({text}, '\"'))")
    hidden = f"if(position({before}, '\\\\u') = 0, '', {before})"
    other = f"if(position({before}, {quote(core(name))}) = 0, '', {before})"
    doubt = any_of(
        f"{begin} > 0 AND ({text} = '' OR endsWith({before}, '\\\\'))",
        f"NOT isValidJSON(if({begin} = 0, '{{}}', concat({until}, '}}')))",
        f"match({hidden}, {quote(HIDDEN)})",
        f"match({other}, {quote(json_spelling(name))})",
        f"match({rest}, {quote(f'{json_spelling(name)}|{HIDDEN}')})",
    )
    return Column(value, present), doubt
