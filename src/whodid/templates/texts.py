"""Functions of texts that the templates of Loki and of Promtail share: Go's strings, and sprig's with the text last.

Sizes and places in texts count bytes where Go's functions do. Source: LogQL's manual ("Template functions"), Go's
package strings, sprig.
"""

import base64
import binascii
import json
import re
from typing import Any, Final

from whodid.model.go_text import text_of
from whodid.templates.function import Function, function
from whodid.templates.values import Failure, check_size, truth

_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/\r\n]")


def replace(text: str, old: str, new: str, times: int) -> str:
    """strings.Replace: at most so many times, all if negative."""
    found = text.count(old) if old else len(text) + 1
    found = found if times < 0 else min(found, times)
    check_size(len(text) + found * (len(new) - len(old)))
    return text.replace(old, new, found)


def repeat(times: int, text: str) -> str:
    if times < 0:
        raise Failure("strings: negative Repeat count")
    check_size(times * len(text))
    return text * times


def indent(spaces: int, text: str) -> str:
    if spaces < 0:
        raise Failure("strings: negative Repeat count")
    check_size(spaces)
    pad = " " * spaces
    return pad + replace(text, "\n", "\n" + pad, -1)


def trunc(size: int, text: str) -> str:
    """The first bytes, or with a negative size the last."""
    held = text.encode()
    if size < 0:
        return text_of(held[size:]) if len(held) + size > 0 else text
    return text_of(held[:size])


def substr(begin: int, end: int, text: str) -> str:
    """The bytes begin to end; a negative begin is 0, a negative end the end."""
    held = text.encode()
    if begin < 0:
        if not 0 <= end <= len(held):
            raise Failure(f"runtime error: slice bounds out of range [:{end}]" + _with_length(end, held))
        return text_of(held[:end])
    if end < 0 or end > len(held):
        end = len(held)
    if begin > end:
        raise Failure(f"runtime error: slice bounds out of range [{begin}:{end}]")
    return text_of(held[begin:end])


def _with_length(end: int, held: bytes) -> str:
    return f" with length {len(held)}" if end > 0 else ""


def upper(text: str) -> str:
    """Each character by itself: one that becomes several in Unicode's rules stays as it is (`ß`)."""
    return text.upper() if text.isascii() else "".join(map(_upper, text))


def _upper(c: str) -> str:
    return next((changed for changed in (c.upper(), c.title()) if len(changed) == 1), c)


def lower(text: str) -> str:
    return text.lower() if text.isascii() else "".join(c.lower()[0] for c in text)


def title(text: str) -> str:
    """Go's strings.Title: a letter behind anything that is no letter, digit or underscore."""
    out, inside = [], False
    for c in text:
        out.append(c if inside or len(c.title()) > 1 else c.title())
        inside = c.isalnum() or c == "_" or (ord(c) > 127 and not c.isspace())
    return "".join(out)


def default(otherwise: Any, *given: Any) -> Any:
    return given[0] if given and truth(given[0]) else otherwise


def from_json(text: str) -> Any:
    """nil for what is no JSON; numbers are float64."""
    try:
        found = json.loads(text, parse_int=float, parse_constant=_no_constant)
        return _whole_characters(found) if _HALF_CHARACTER.search(text) else found
    except (ValueError, RecursionError):
        return None


def _whole_characters(value: Any) -> Any:
    """Halves of a surrogate pair, which JSON can escape and UTF-8 cannot say, become replacement characters."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole_characters(item) for item in value]
    if isinstance(value, dict):
        return {_whole_characters(key): _whole_characters(item) for key, item in value.items()}
    return value


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def base64_decoded(text: str) -> str:
    """Go's sentence instead of the text for what is no base64."""
    bare = text.replace("\r", "").replace("\n", "")
    body = bare.rstrip("=") if len(bare) % 4 == 0 and not bare.endswith("===") else bare
    bad = _NOT_BASE64.search(body)
    if bad or len(bare) % 4:
        return f"illegal base64 data at input byte {bad.start() if bad else len(bare) - len(bare) % 4}"
    try:
        return text_of(base64.b64decode(bare))
    except binascii.Error:
        return f"illegal base64 data at input byte {len(bare)}"


TEXTS: Final[dict[str, Function]] = {
    # in the order of arguments of Go's strings
    "ToLower": function(lower, "string"),
    "ToUpper": function(upper, "string"),
    "Replace": function(replace, "string string string int"),
    "Trim": function(lambda text, cut: text.strip(cut) if cut else text, "string string"),
    "TrimLeft": function(lambda text, cut: text.lstrip(cut) if cut else text, "string string"),
    "TrimRight": function(lambda text, cut: text.rstrip(cut) if cut else text, "string string"),
    "TrimPrefix": function(str.removeprefix, "string string"),
    "TrimSuffix": function(str.removesuffix, "string string"),
    "TrimSpace": function(str.strip, "string"),
    # sprig's: the text last, so that it can be piped
    "b64enc": function(lambda text: base64.b64encode(text.encode()).decode(), "string"),
    "b64dec": function(base64_decoded, "string"),
    "lower": function(lower, "string"),
    "upper": function(upper, "string"),
    "title": function(title, "string"),
    "trunc": function(trunc, "int string"),
    "substr": function(substr, "int int string"),
    "contains": function(lambda part, text: part in text, "string string"),
    "hasPrefix": function(lambda part, text: text.startswith(part), "string string"),
    "hasSuffix": function(lambda part, text: text.endswith(part), "string string"),
    "indent": function(indent, "int string"),
    "nindent": function(lambda spaces, text: "\n" + indent(spaces, text), "int string"),
    "replace": function(lambda old, new, text: replace(text, old, new, -1), "string string string"),
    "repeat": function(repeat, "int string"),
    "trim": function(str.strip, "string"),
    "trimAll": function(lambda cut, text: text.strip(cut) if cut else text, "string string"),
    "trimSuffix": function(lambda part, text: text.removesuffix(part), "string string"),
    "trimPrefix": function(lambda part, text: text.removeprefix(part), "string string"),
    "fromJson": function(from_json, "string"),
    "default": function(default, "any ...any"),
}
