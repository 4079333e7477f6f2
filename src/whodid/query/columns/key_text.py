"""Where else than under its own name a label may come from: expressions for what parsers make the same name of.

A key is stripped of white space and every character that no label may have becomes `_` (labels_text.py), and json joins
nested keys by `_`. Each expression here finds at least every such spelling in a text; to find more costs time only.
"""

import re

PLAIN = re.compile(r"[a-zA-Z][a-zA-Z0-9_]*")
"""Names whose other spellings are known here; a leading `_` may stand for anything."""
_JSON_SPACE = r"(?:[^!-~]|\\[bfnrt])*"
_JSON_OTHER = r"(?:[^a-zA-Z0-9]|\\[^u]|\\u[0-9a-fA-F]{4})"
HIDDEN = r"\\u(?:00|16|20|30)"
"""An escape in JSON that may stand for a letter or for white space."""


def core(name: str) -> str:
    """A text that stands in every spelling, unless it is hidden by escapes."""
    return max(name.split("_"), key=len)


def json_spelling(name: str) -> str:
    """RE2 of the name as a quoted key, or the first of the nested keys that are joined to it."""
    parts = name.split("_")
    ways = [f'"{_JSON_SPACE}{_JSON_OTHER.join(parts)}{_JSON_SPACE}"', f'"{_JSON_SPACE}"\\s*:\\s*\\{{']
    for count in range(1, len(parts)):
        ways.append(f'"{_JSON_SPACE}{_JSON_OTHER.join(parts[:count])}{_JSON_SPACE}"\\s*:\\s*\\{{')
    return "|".join(ways)


def logfmt_spelling(name: str) -> str:
    """RE2 of the name as a key, where one may begin."""
    other = "[^a-zA-Z0-9]".join(name.split("_"))
    return f'(?:^|["\\x00-\\x20])[^!-~]*{other}[^!-~]*(?:[=\\x00-\\x20]|$)'
