"""YAML nodes as plain values the way Promtail's library reads them: `n` is false, `010` is 8, a date stays a text.

Promtail is written with go-yaml 2, which goes by YAML 1.1, and many stages take a text only: `num: n` is refused. By
other rules the same file would say something else. Source: gopkg.in/yaml.v2.
"""

import re
from typing import Final

import yaml

from whodid.document import Document, pairs
from whodid.model.go_numbers import parse_float

_WORDS: Final[dict[str, object]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_WHOLE = re.compile(r"[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
_REAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_TEXT: Final = "tag:yaml.org,2002:str"
_MAX_VALUES: Final = 100_000
_MAX_DEPTH: Final = 50


def scalar(text: str) -> object:
    """What a bare word is."""
    if text in _WORDS:
        return _WORDS[text]
    if not text or text[0] not in "+-.0123456789":
        return text
    bare = text.replace("_", "")
    if _WHOLE.fullmatch(bare):
        digits = bare.lstrip("+-")
        octal = digits.isdigit() and len(digits) > 1 and digits[0] == "0"
        found = int(digits, 8) if octal else int(digits, 0)
        return -found if bare[0] == "-" else found
    return parse_float(bare) if _REAL.fullmatch(bare) and len(bare) < 100 else text


def plain_values(document: Document, node: yaml.Node) -> object:
    """The values of a node and all below it. What cannot be had goes to the document's mistakes."""
    try:
        return _Values(document).value(node, 0)
    except _TooMany:
        document.wrong(node, f"more than {_MAX_VALUES} values or {_MAX_DEPTH} levels in one place")
        return None


class _TooMany(Exception):
    """Aliases of aliases make a short text a huge one."""


class _Values:
    def __init__(self, document: Document) -> None:
        self._document, self._count = document, 0

    def value(self, node: yaml.Node, depth: int) -> object:
        self._count += 1
        if self._count > _MAX_VALUES or depth > _MAX_DEPTH:
            raise _TooMany
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, depth + 1) for item in node.value]
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[object, object]:
        out: dict[object, object] = {}
        for key, item in pairs(node):
            name = self.value(key, depth + 1)
            if isinstance(name, dict | list):
                self._document.wrong(key, "a key must be a text, not a list or a mapping")
            elif name in out:
                self._document.wrong(key, f"key {name!r} is given twice")
            else:
                out[name] = self.value(item, depth + 1)
        return out


def _scalar(node: yaml.Node) -> object:
    text = str(node.value)
    if getattr(node, "style", None) is not None:
        return text  # quotes, | and > make texts
    found = scalar(text)
    if isinstance(found, str) or node.tag != _TEXT:
        return found
    # Either PyYAML has other words for booleans (`n`), or the text is tagged as one: `!!str 5`.
    implicit = yaml.SafeLoader("").resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return found if implicit == _TEXT else text
