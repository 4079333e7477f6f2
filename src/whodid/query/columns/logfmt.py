"""`| logfmt` as SQL: the value behind the first ` name=`, if it is sure that this is a key.

It is sure if all before it are sound pairs, so that it does not stand inside of a quoted value, and if none of them
becomes the same name. With flags or with keys (`| logfmt a="b"`) it is left to Python.
"""

from collections.abc import Collection

from whodid.logql.ast import LogfmtParser
from whodid.query.columns.column import UNREAD, Aliases, Column, Parsed, any_of
from whodid.query.columns.key_text import PLAIN, core, logfmt_spelling
from whodid.store.sql import quote

_SOUND = r"""^(?:[\x00-\x20]*[^\x00-\x20="]+(?:="[^"\\]*"|=[^\x00-\x20="]*)?(?:[\x00-\x20]+|$))*$"""
"""RE2 of a text of sound pairs with nothing escaped."""
_VALUE = r"""^("[^"\\]*"(?:[\x00-\x20]|$)|[^\x00-\x20="]+(?:[\x00-\x20]|$))"""


def logfmt_columns(stage: LogfmtParser, names: Collection[str], aliases: Aliases) -> Parsed | None:
    """The names asked for."""
    if stage.extractions or stage.strict or stage.keep_empty or not all(PLAIN.fullmatch(name) for name in names):
        return None
    columns: dict[str, Column] = {}
    doubts: list[str] = []
    for name in names:
        columns[name], doubt = _column(name, aliases)
        doubts.append(doubt)
    return Parsed(columns, any_of(*doubts))


def _column(name: str, aliases: Aliases) -> tuple[Column, str]:
    key = f"{name}="
    # The place of the key in the line; one that begins the line has no space before it.
    behind = aliases.named(f"position(line, {quote(' ' + key)})")
    begin = aliases.named(f"multiIf(startsWith(line, {quote(key)}), 1, {behind} = 0, 0, {behind} + 1)")
    raw = aliases.named(f"extract(if({begin} = 0, '', substring(line, {begin} + {len(key)})), {quote(_VALUE)})")
    quoted = f"startsWith({raw}, '\"')"
    value = aliases.named(
        f"replaceAll(if({quoted}, substring({raw}, 2, position({raw}, '\"', 2) - 2), trimRight({raw}, {_controls()})), "
        f"{quote(UNREAD)}, ' ')"
    )
    before = aliases.named(f"substring(line, 1, if({begin} = 0, length(line), {begin} - 1))")
    doubt = any_of(
        f"{begin} > 0 AND {value} = ''",
        f"NOT match(if({begin} = 0, '', {before}), {quote(_SOUND)})",
        f"match(if(position({before}, {quote(core(name))}) = 0, '', {before}), {quote(logfmt_spelling(name))})",
    )
    return Column(value, f"{value} != ''"), doubt


def _controls() -> str:
    """The characters that end a bare value."""
    return quote("".join(map(chr, range(0x21))))
