"""`| regexp` as SQL, RE2 on both sides. The meaning: query/stages/regexp.py."""

from collections.abc import Collection, Mapping

from whodid.logql.ast import RegexpParser
from whodid.query.columns.column import Aliases, Column, Parsed
from whodid.query.columns.lead import Lead, lead_of
from whodid.query.regex import compiled, unanchored
from whodid.store.sql import quote

PIECE_BYTES = 160
"""Behind the text. A match that is longer is found as if there were no text."""


def regexp_columns(stage: RegexpParser, names: Collection[str], aliases: Aliases) -> Parsed:
    """Those of its groups that are asked for. A group that takes no part in the match is empty."""
    expression = quote(unanchored(stage.pattern))
    groups = {name: group for name, group in compiled(stage.pattern).groupindex.items() if name in names}
    lead = lead_of(stage.pattern)
    if lead is not None and groups:
        return Parsed(_behind(lead, expression, groups, aliases))
    columns = {}
    for name, group in groups.items():
        value = aliases.named(f"regexpExtract(line, {expression}, {group})")
        # ClickHouse works out both sides of an OR: the expression is asked again only where that can matter.
        again = f"match(if({value} = '', line, ''), {expression})"
        columns[name] = Column(value, f"({value} != '' OR {again})")
    return Parsed(columns)


def _behind(lead: Lead, expression: str, groups: Mapping[str, int], aliases: Aliases) -> dict[str, Column]:
    """As far as a match lies behind the text's first place, on a piece of the line; elsewhere as ever."""
    at = aliases.named(f"position(line, {quote(lead.text)})")
    size = len(lead.text)
    piece = aliases.named(f"substring(line, if({at} = 0, 1, {at} + {size}), if({at} = 0, 0, {PIECE_BYTES}))")
    anchored = quote(f"^{unanchored(lead.rest)}")
    columns: dict[str, Column] = {}
    line = ""
    for name, group in groups.items():
        found = aliases.named(f"regexpExtract({piece}, {anchored}, {group})")
        # No group is empty in a match, so that the first of them tells whether there is one.
        line = line or aliases.named(f"if({at} > 0 AND {found} = '', line, '')")
        value = aliases.named(f"if({found} != '', {found}, regexpExtract({line}, {expression}, {group}))")
        columns[name] = Column(value, f"{value} != ''", f"{at} > 0")
    return columns
