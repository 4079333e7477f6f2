"""Functions of texts that sprig has and Loki's templates have not: quote, cat, snakecase, toJson, ternary and so on.

Source: sprig's manual.
"""

import base64
import binascii
import posixpath
import re
import zlib
from typing import Any, Final

from whodid.model.go_text import quoted, text_of
from whodid.promtail.stages.json import as_json
from whodid.templates.function import Function, function
from whodid.templates.go_format import show
from whodid.templates.values import Failure, check_size, truth, type_name

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_]+")


def cat(*values: Any) -> str:
    """The values with blanks between them; nothing of nil."""
    return " ".join(show(value) for value in values if value is not None)


def quote(*values: Any) -> str:
    return " ".join(quoted(show(value), '"') for value in values if value is not None)


def squote(*values: Any) -> str:
    return " ".join(f"'{show(value)}'" for value in values if value is not None)


def abbrev(width: int, text: str) -> str:
    """Cut to a width with three dots at the end, which count."""
    return text if width < 4 or len(text) <= width else text[: width - 3] + "..."


def words(text: str) -> list[str]:
    return _WORDS.findall(text)


def camelcase(text: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[-_\s.]+", text))


def wrap(width: int, text: str) -> str:
    """Lines broken at blanks where they would be longer; a longer word stays whole."""
    lines, line = [], ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return "\n".join([*lines, line])


def _base32_decoded(text: str) -> str:
    try:
        return text_of(base64.b32decode(text))
    except (binascii.Error, ValueError) as error:
        return str(error)


def _fail(message: str) -> str:
    raise Failure(message)


def _swapped(text: str) -> str:
    check_size(len(text))
    return text.swapcase()


def _extension(path: str) -> str:
    name = path.rpartition("/")[2]
    return name[name.rindex(".") :] if "." in name else ""


def _first_of(*values: Any) -> Any:
    return next((value for value in values if truth(value)), None)


def _kind(value: Any) -> str:
    """Go's kind of the value's type."""
    if isinstance(value, dict):
        return "map"
    return "slice" if isinstance(value, list) else "invalid" if value is None else type_name(value)


MORE_TEXTS: Final[dict[str, Function]] = {
    "cat": function(cat, "...any"),
    "quote": function(quote, "...any"),
    "squote": function(squote, "...any"),
    "abbrev": function(abbrev, "int string"),
    "nospace": function(lambda text: "".join(text.split()), "string"),
    "initials": function(lambda text: "".join(word[:1] for word in text.split()), "string"),
    "untitle": function(lambda text: " ".join(w[:1].lower() + w[1:] for w in text.split(" ")), "string"),
    "swapcase": function(_swapped, "string"),
    "snakecase": function(lambda text: "_".join(words(text)).lower(), "string"),
    "kebabcase": function(lambda text: "-".join(words(text)).lower(), "string"),
    "camelcase": function(camelcase, "string"),
    "plural": function(lambda one, many, count: one if count == 1 else many, "string string int"),
    "wrap": function(wrap, "int string"),
    "toString": function(show, "any"),
    "toJson": function(as_json, "any"),
    "toRawJson": function(as_json, "any"),
    "b32enc": function(lambda text: base64.b32encode(text.encode("utf-8", "replace")).decode(), "string"),
    "b32dec": function(_base32_decoded, "string"),
    "adler32sum": function(lambda text: str(zlib.adler32(text.encode("utf-8", "replace"))), "string"),
    "base": function(lambda path: posixpath.basename(path.rstrip("/")) or ("/" if path else "."), "string"),
    "dir": function(lambda path: posixpath.normpath(posixpath.dirname(path) or "."), "string"),
    "ext": function(_extension, "string"),
    "clean": function(lambda path: posixpath.normpath(path or "."), "string"),
    "fail": function(_fail, "string"),
    "empty": function(lambda value: not truth(value), "any"),
    "coalesce": function(_first_of, "...any"),
    "ternary": function(lambda yes, no, test: yes if test else no, "any any bool"),
    "typeOf": function(type_name, "any"),
    "kindIs": function(lambda name, value: name == _kind(value), "string any"),
    "kindOf": function(lambda value: _kind(value), "any"),
}
