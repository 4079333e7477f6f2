"""Patterns of secrets that the user adds in `agent.redact.rules`: RE2, so that none can hang the agent.

Made by agent/redaction.py from the settings; config/load.py makes them too, to say what is wrong with one and where.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import re2

from whodid.formats.errors import FormatError
from whodid.formats.redact_values import Secret

_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_GROUP: Final = "secret"


class RuleError(FormatError):
    """A rule for masking that cannot work; `of_kind`: its kind is what is wrong, not its pattern."""

    def __init__(self, message: str, *, of_kind: bool = False) -> None:
        super().__init__(message)
        self.of_kind = of_kind


@dataclass(frozen=True, slots=True)
class UserRule:
    """A kind of secret and what it looks like."""

    kind: str
    pattern: "re2._Regexp[str]"
    group: int
    """The group that is the secret; 0: all of it."""

    def secrets(self, text: str) -> Iterator[Secret]:
        # RE2 reads UTF-8, which has no lone surrogates; what stands for them is as long.
        clean = text if text.isascii() else text.encode("utf-8", "replace").decode()
        for match in self.pattern.finditer(clean):
            start, end = match.span(self.group)
            if start >= 0:
                yield Secret(start, end, text[start:end])


def user_rule(kind: str, pattern: str) -> UserRule:
    """A rule of a kind and an RE2 pattern; where it has a group named `secret`, that alone is masked."""
    if not _KIND.fullmatch(kind):
        raise RuleError(
            f"{kind!r} is no name of a kind: use small letters, digits and _ (internal_token)", of_kind=True
        )
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0]
        raise RuleError(f"pattern {pattern!r} is no regular expression that RE2 knows: {reason}") from None
    if compiled.search("") is not None:
        raise RuleError(f"pattern {pattern!r} is found in an empty text, so it would be found everywhere")
    return UserRule(kind, compiled, compiled.groupindex.get(_GROUP, 0))
