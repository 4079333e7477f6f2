"""Literals of templates, text to value: strings with Go's escapes, characters, numbers. Used by parser.py.

What cannot be read raises ValueError with Go's words.
"""

import re

from whodid.model.go_text import text_of, unescaped

_MOST = (1 << 63) - 1


def string(token: str) -> str:
    """The text of `"…"` or of a raw one in backticks."""
    return token[1:-1] if token[0] == "`" else _unescaped(token[1:-1], '"')


def character(token: str) -> int:
    """The number of `'x'`."""
    text = _unescaped(token[1:-1], "'")
    if len(text) != 1:
        raise ValueError(f"malformed character constant: {token}")
    return ord(text)


def number(token: str) -> int | float:
    """An integer where Go sees one (`1`, `0x10`, `0b1`, `017`, `1_000`), else a float (`1.5`, `1e3`, `0x1p4`)."""
    sign, body = (-1, token[1:]) if token[:1] == "-" else (1, token.removeprefix("+"))
    plain = body.replace("_", "").lower()
    try:
        if plain.startswith("0x") and ("p" in plain or "." in plain):
            return sign * float.fromhex(plain)
        if not plain.startswith(("0x", "0b", "0o")) and re.search(r"[.e]", plain):
            return sign * float(plain)
        value = sign * _integer(plain)
    except (ValueError, OverflowError):
        raise ValueError(f'bad number syntax: "{token}"') from None
    if not -_MOST - 1 <= value <= _MOST:
        raise ValueError(f"integer overflow: {token}")
    return value


def _integer(plain: str) -> int:
    if len(plain) > 100:
        raise ValueError(plain)  # int() of a very long text is slow; it would overflow anyway
    return int(plain, 8) if re.fullmatch(r"0[0-7]+", plain) else int(plain, 0)


def _unescaped(body: str, delimiter: str) -> str:
    if "\\" not in body:
        return body
    try:
        return text_of(unescaped(body, delimiter))
    except ValueError:
        raise ValueError("invalid syntax") from None
