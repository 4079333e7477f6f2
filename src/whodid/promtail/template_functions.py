"""The functions of Promtail's templates, one explicit table: Go's strings, hashes, RE2, and much of sprig.

Those that Loki's templates have too are in templates/; further ones of sprig in sprig_lists.py and sprig_texts.py. Left
out of sprig: what is different at each call (random texts, UUIDs, keys), the environment, and versions. Source:
Promtail's manual, "template" stage; sprig's manual.
"""

import hashlib
from functools import lru_cache
from typing import Any, Final

import re2

from whodid.logql.regexes import examine
from whodid.promtail.sprig_lists import LISTS
from whodid.promtail.sprig_texts import MORE_TEXTS
from whodid.templates.dates import DATES
from whodid.templates.expansion import expanded
from whodid.templates.function import Function, function
from whodid.templates.numbers import NUMBERS
from whodid.templates.texts import TEXTS
from whodid.templates.values import Failure, joined


@lru_cache(maxsize=256)
def _pattern(text: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(text, options)
    except re2.error:
        raise Failure(examine(text).error) from None


def regex_replace(pattern: str, text: str, replacement: str) -> str:
    return joined(expanded(_pattern(pattern), replacement, text))


def regex_replace_literal(pattern: str, text: str, replacement: str) -> str:
    return regex_replace(pattern, text, replacement.replace("$", "$$"))


def _found(pattern: str, text: str) -> str:
    match = _pattern(pattern).search(text)
    return match.group() if match else ""


def _all_found(pattern: str, text: str, most: int) -> list[str]:
    found = [match.group() for match in _pattern(pattern).finditer(text)]
    return found if most < 0 else found[:most]


def _hash(algorithm: str, salt: str, text: str) -> str:
    return hashlib.new(algorithm, (salt + text).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


FUNCTIONS: Final[dict[str, Function]] = {
    **TEXTS,
    **MORE_TEXTS,
    **LISTS,
    **DATES,
    **NUMBERS,
    "Hash": function(lambda salt, text: _hash("sha3_256", salt, text), "string string"),
    "Sha2Hash": function(lambda salt, text: _hash("sha256", salt, text), "string string"),
    "sha1sum": function(lambda text: _hash("sha1", "", text), "string"),
    "sha256sum": function(lambda text: _hash("sha256", "", text), "string"),
    "sha512sum": function(lambda text: _hash("sha512", "", text), "string"),
    "regexReplaceAll": function(regex_replace, "string string string"),
    "regexReplaceAllLiteral": function(regex_replace_literal, "string string string"),
    "regexMatch": function(lambda pattern, text: _pattern(pattern).search(text) is not None, "string string"),
    "regexFind": function(_found, "string string"),
    "regexFindAll": function(_all_found, "string string int"),
    "regexQuoteMeta": function(lambda text: re2.escape(text), "string"),
}
