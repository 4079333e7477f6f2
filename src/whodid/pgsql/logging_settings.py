"""Which statements change what the server logs: SET log_statement, set_config('log_…'), ALTER SYSTEM, ALTER ROLE … SET.

Judged by tokens like everything else here, with one look into the bodies of DO and CREATE FUNCTION, where a string may
hold more SQL. What a program puts together at run time cannot be read; nothing here says so. Called by formats/ for
each logged text, so a text that cannot matter is told at a glance. Names: the manual's "Error Reporting and Logging",
pgAudit's README.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from whodid.pgsql.lexer import Token, decode_unicode, tokenize

_HINT: Final = re.compile(r"log_|logging_|pgaudit|preload|syslog_|set_config|reset", re.IGNORECASE)
_SETTING: Final = re.compile(
    r"log_\w+|logging_collector|syslog_\w+|event_source|pgaudit(?:\.\w+)?"
    r"|(?:shared|session|local)_preload_libraries",
    re.IGNORECASE,
)
_NOT_LOGGING: Final = frozenset({"log_timezone"})
"""Named like the others, but nothing is logged less for it."""
_MOST_NESTED: Final = 2
_FARTHEST: Final = 12
"""Tokens between UPDATE and its SET, or ALTER and its RESET ALL: a name, an alias, a clause or two."""
_ESCAPED: Final = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|([0-7]{1,3})|(.))", re.DOTALL)
_DOLLAR: Final = re.compile(r"(\$\w*\$)([\s\S]*?)(?:\1|\Z)")


def is_logging_setting(name: str) -> bool:
    """Whether a setting decides what is logged, or whether there is a log at all."""
    return _SETTING.fullmatch(name) is not None and name.lower() not in _NOT_LOGGING


def logging_change(text: str, parameters: Mapping[str, str] | None = None) -> str:
    """The setting of the log that the text changes; empty if it changes none. `parameters`: the values of `$1` ….

    `ALL` for the RESET ALL of a role, a database or the system: it takes back what was set for them.
    """
    if _HINT.search(text) is None:
        return ""
    return next(_changes(text, parameters or {}, 0), "")


def may_change_logging(text: str) -> bool:
    """Whether it takes `logging_change` to say. Digits do not matter to the answer."""
    return _HINT.search(text) is not None


def _changes(text: str, parameters: Mapping[str, str], nested: int) -> Iterator[str]:
    tokens = tokenize(text)
    for at, token in enumerate(tokens):
        if token.kind == "word":
            name = _named_at(tokens, at, parameters)
            if name and (name == "ALL" or is_logging_setting(name)):
                yield name.lower() if name != "ALL" else name
        elif token.kind == "string" and nested < _MOST_NESTED and _holds_sql(tokens, at):
            body = constant(token.value)
            if _HINT.search(body):
                yield from _changes(body, parameters, nested + 1)


def _named_at(tokens: Sequence[Token], at: int, parameters: Mapping[str, str]) -> str:
    """The setting that the words from `at` on would change, whether of the log or not; empty if they change none."""
    word = tokens[at].value
    if word == "set_config" and _symbol(tokens, at + 1) == "(":
        return _first_argument(tokens, at + 2, parameters)
    if word == "set":
        if at and _word(tokens, at - 1) in ("update", "do"):
            return ""
        at += _word(tokens, at + 1) in ("local", "session")
        name = _name(tokens, at + 1)
        return name if name and _sets(tokens, at + 1) else ""
    if word == "reset":
        if _word(tokens, at + 1) == "all":
            return (
                "ALL" if any(_word(tokens, before) == "alter" for before in range(max(0, at - _FARTHEST), at)) else ""
            )
        return _name(tokens, at + 1)
    return ""


def _sets(tokens: Sequence[Token], at: int) -> bool:
    """Whether a name at `at` is followed by a value. `UPDATE t SET log_level = 1` has the same words: its table stands
    before them."""
    while at + 1 < len(tokens) and _symbol(tokens, at + 1) == ".":
        at += 2
    assigns = _word(tokens, at + 1) in ("to", "from") or _symbol(tokens, at + 1) == "="
    return assigns and not _updates(tokens, at)


def _updates(tokens: Sequence[Token], at: int) -> bool:
    """Whether the nearest command word before `at` is one whose SET gives values to columns."""
    for before in range(at - 1, max(-1, at - _FARTHEST), -1):
        if _symbol(tokens, before) == ";":
            return False
        word = _word(tokens, before)
        if word in ("update", "conflict", "matched"):
            return True
        if word in ("alter", "create"):
            return False
    return False


def _name(tokens: Sequence[Token], at: int) -> str:
    """A setting's name, whose parts are joined with dots."""
    parts: list[str] = []
    while at < len(tokens) and tokens[at].kind in ("word", "name"):
        parts.append(tokens[at].value)
        if _symbol(tokens, at + 1) != ".":
            break
        at += 2
    return ".".join(parts)


def _first_argument(tokens: Sequence[Token], at: int, parameters: Mapping[str, str]) -> str:
    """A constant, `$1` whose value the log tells, or constants joined with `||`; empty for anything else."""
    found = ""
    for index in range(at, min(len(tokens), at + 16)):
        kind, value = tokens[index].kind, tokens[index].value
        if kind in ("string", "escape"):
            found += constant(value)
        elif kind == "parameter":
            found += parameters.get(value, "")
        elif kind == "symbol" and value == ",":
            return found
        elif value != "|":
            break
    return ""


def _holds_sql(tokens: Sequence[Token], at: int) -> bool:
    """Whether the string at `at` may be a program: the body of a DO or a function, an argument of EXECUTE."""
    before = {_word(tokens, index) for index in range(max(0, at - 4), at)}
    return bool(before & {"do", "as", "execute", "language", "query"})


def constant(literal: str) -> str:
    """The value of a string constant as SQL writes it: quotes, E'' escapes and dollar quotes taken off."""
    dollar = _DOLLAR.fullmatch(literal)
    if dollar is not None:
        return dollar[2]
    opening = literal.find("'")
    if opening < 0:
        return literal
    inside = literal[opening + 1 :].removesuffix("'").replace("''", "'")
    if literal[:1] in "uU":
        return decode_unicode(inside)
    return _ESCAPED.sub(_unescaped, inside) if literal[:1] in "eE" else inside


def _unescaped(match: re.Match[str]) -> str:
    hexadecimal, unicode, octal, other = match.groups()
    if hexadecimal or unicode:
        code = int(hexadecimal or unicode, 16)
    elif octal:
        code = int(octal, 8) & 0xFF
    else:
        return {"n": "\n", "t": "\t", "r": "\r"}.get(other, other)
    return chr(code)


def _word(tokens: Sequence[Token], at: int) -> str:
    return tokens[at].value if 0 <= at < len(tokens) and tokens[at].kind == "word" else ""


def _symbol(tokens: Sequence[Token], at: int) -> str:
    in_range = 0 <= at < len(tokens) and tokens[at].kind in ("symbol", "operator")
    return tokens[at].value if in_range else ""
