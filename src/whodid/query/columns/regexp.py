"""`| regexp` as SQL, RE2 on both sides. The meaning: query/stages/regexp.py."""

from collections.abc import Collection

from whodid.logql.ast import RegexpParser
from whodid.query.columns.column import Aliases, Column, Parsed
from whodid.query.regex import compiled, unanchored
from whodid.store.sql import quote


def regexp_columns(stage: RegexpParser, names: Collection[str], aliases: Aliases) -> Parsed:
    """Those of its groups that are asked for. A group that takes no part in the match is empty."""
    expression = quote(unanchored(stage.pattern))
    columns = {}
    for name, group in compiled(stage.pattern).groupindex.items():
        if name in names:
            value = aliases.named(f"regexpExtract(line, {expression}, {group})")
            # ClickHouse works out both sides of an OR: the expression is asked again only where that can matter.
            again = f"match(if({value} = '', line, ''), {expression})"
            columns[name] = Column(value, f"({value} != '' OR {again})")
    return Parsed(columns)
