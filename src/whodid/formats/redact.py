"""Masks secrets before a record is stored: what a log should never have told.

`PASSWORD '…'` of CREATE and ALTER ROLE (wherever SQL appears), `password=…` of connection strings, environments and
query strings, and `scheme://user:password@host`. Every format passes its record through here first; the name of the
secret stays, its value becomes `<redacted>`.
"""

import re
from typing import Final

MASK: Final = "<redacted>"

_GAP = r"(?:\s|/\*[^*]{0,200}\*/|--[^\n]{0,200}\n)"
# Exactly where the server ends a string, and not one character later: a mask that reached further would let an attacker
# hide the rest of the text behind a password (`PASSWORD 'x\'; TRUNCATE …`).
_QUOTED = (
    r"(?:(?<==)''[^';\n]++''"  # a connection string inside of an SQL string
    r"|[eE]'[^'\\]*+(?:(?:''|\\[\s\S]|\\\Z)[^'\\]*+)*+(?:'|\Z)"
    r"|(?:[uU]&)?'[^']*+(?:''[^']*+)*+(?:'|\Z)"
    r'|(?<=[\s=:])"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+(?:"|\Z)'
    r"|\$(\w*)\$[\s\S]*?(?:\$\2\$|\Z))"
)
# PASSWORD 'x' (SQL, no equals sign) needs a quoted value; password=x takes a bare one too. "password": "x" is JSON.
_PASSWORD: Final = re.compile(
    rf"(passw(?:or)?d[\"']?(?:{_GAP}*+(?:=|:(?=\s*\")){_GAP}*+|{_GAP}*+))"
    rf"(?:{_QUOTED}|(?<==)(?!\$\d)(?:%[0-9A-Fa-f]{{2}}|[^\s'\"&;,)])++)",
    re.IGNORECASE,
)
_URL: Final = re.compile(r"(\w://[^\s/:@'\"<>]{0,200}:)[^\s/@'\"]+(@)")


def may_hold_secret(text: str) -> bool:
    """Whether it takes a closer look. Digits do not matter to the answer."""
    return "://" in text or "passw" in text.lower()


def redact(text: str) -> str:
    """The text with its secrets masked; the very same object where there are none, which is nearly always."""
    if not may_hold_secret(text):
        return text
    masked = _PASSWORD.sub(_mask, _URL.sub(rf"\1{MASK}\2", text))
    return text if masked == text else masked


def _mask(match: re.Match[str]) -> str:
    """Keeps the quotes, so that SQL stays SQL."""
    name, value = match.group(1), match.group()[len(match.group(1)) :]
    if value.startswith(("''", '"')):
        quote = value[:2] if value.startswith("''") else '"'
        return f"{name}{quote}{MASK}{quote}" if value != "''" else match.group()
    return f"{name}'{MASK}'" if "'" in value[:3] or value[:1] == "$" else f"{name}{MASK}"
