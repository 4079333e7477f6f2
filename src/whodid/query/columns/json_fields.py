"""What `| json` finds, as it is kept beside the lines: the column `json_fields` of schema.sql.

A row has all names that were chosen when it was written, or none. Under each stands what the parser finds, '' if it is
sure to find nothing; lines of which json.py is in doubt have none, and neither have those that nobody has looked at
yet. So a row is either known here for sure, without its text being read, or left to json.py. The first of two equal
keys counts in both, and no fault is in a line that is known here. When it is written: ingest/json_fields.py.
"""

import re
from collections.abc import Collection, Sequence

from whodid.logql.ast import JsonParser
from whodid.query.columns.column import Aliases, Column, Parsed, any_of
from whodid.query.columns.json import json_columns
from whodid.store.sql import quote, quote_list

_NAMES, _VALUES = "json_fields.names", "json_fields.values"
_TYPE = "Tuple(names Array(LowCardinality(String)), values Array(LowCardinality(String)))"
_LITERAL_OR_ALIAS = re.compile(r"'(?:[^'\\]|\\.)*'|\bsaid_\d+\b", re.DOTALL)


def kept_json_columns(stage: JsonParser, names: Collection[str]) -> tuple[Parsed, str] | None:
    """The names, and the condition that a row has them all."""
    if stage.extractions or not names:
        return None
    known = " AND ".join(f"has({_NAMES}, {quote(name)})" for name in names)
    return Parsed({name: _column(name) for name in names}), known


def _column(name: str) -> Column:
    value = f"{_VALUES}[indexOf({_NAMES}, {quote(name)})]"
    return Column(value, f"{value} != ''")


def fields_of_line(names: Sequence[str]) -> str:
    """The value of the column for a line, as SQL without aliases of its statement. Names that json.py cannot tell from
    others are left out.
    """
    aliases = Aliases()
    names = [name for name in names if json_columns(JsonParser(), (name,), Aliases(), "false") is not None]
    parsed = json_columns(JsonParser(), names, aliases, "false")
    assert parsed is not None
    # A label that is found empty is another series than one that is not found, and '' means the second here.
    empty = [f"({column.present}) AND {column.value} = ''" for column in parsed.columns.values()]
    values = ", ".join(column.value for column in parsed.columns.values())
    unsure = any_of(parsed.fails, parsed.doubt, *empty)
    fields = f"if({unsure}, ([], []), ({quote_list(parsed.columns)}, [{values}]))"
    return f"CAST({_inlined(fields, aliases)}, {quote(_TYPE)})"


def _inlined(expression: str, aliases: Aliases) -> str:
    """The expression for where no WITH can stand: each definition at the first use of its name."""
    definitions = {name: text for text, _, name in (item.rpartition(" AS ") for item in aliases.definitions)}

    def first_use(match: re.Match[str]) -> str:
        name = match[0]
        definition = definitions.pop(name, None)
        return name if definition is None else f"({_LITERAL_OR_ALIAS.sub(first_use, definition)} AS {name})"

    return _LITERAL_OR_ALIAS.sub(first_use, expression)
