"""Literals of templates, text to value: strings with Go's escapes, characters, numbers. Used by parser.py.

What cannot be read raises ValueError with Go's words.
"""

import re

_ESCAPE = re.compile(r"\\(?:([abfnrtv\\\"'])|([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|)")
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_MOST = (1 << 63) - 1


def string(token: str) -> str:
    """The text of `"…"` or of a raw one in backticks."""
    return token[1:-1] if token[0] == "`" else _unescaped(token[1:-1], "'")


def character(token: str) -> int:
    """The number of `'x'`."""
    text = _unescaped(token[1:-1], '"')
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


def _unescaped(body: str, foreign_quote: str) -> str:
    if "\\" not in body:
        return body
    out = bytearray()
    at = 0
    for match in _ESCAPE.finditer(body):
        out += body[at : match.start()].encode()
        simple, octal, byte, short, long = match.groups()
        code = int(short or long or "110000", 16)
        if simple is not None and simple != foreign_quote:
            out += _SIMPLE.get(simple, simple).encode()
        elif octal is not None and int(octal, 8) < 256:
            out.append(int(octal, 8))
        elif byte is not None:
            out.append(int(byte, 16))
        elif code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF:
            out += chr(code).encode()
        else:
            raise ValueError("invalid syntax")
        at = match.end()
    out += body[at:].encode()
    return out.decode(errors="replace")
