"""Variables in a promtail.yml, as Promtail's flag `-config.expand-env=true` puts them in before it reads the file.

`${VAR}`, `${VAR:-default}` (and `=`, `:=`, `:?`, `:+`, which mean the same), `${#VAR}`, `${VAR^^}`, `${VAR,,}`,
`${VAR:from:length}`, `${VAR/a/b}`, `${VAR%pattern}`, `${VAR#pattern}`. `$$` is `$`, two backslashes are one; `$1` and
`$VAR` stay. Source: Promtail's manual, "Use environment variables"; what drone/envsubst, which it uses, does.
"""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final

from whodid.errors import WhodidError

_NAME: Final = re.compile(r"[^\W_]|[_-]")
_ESCAPES: Final = ("$$", "\\\\", "\\/")
_DEFAULTS: Final = ("=", ":=", ":-", ":?", ":+")
_MOST_NESTED: Final = 50


class BadSubstitution(WhodidError):
    """A variable is written in a way that nobody can read."""

    def __init__(self, text: str, at: int) -> None:
        self.line = text.count("\n", 0, at) + 1
        self.column = at - text.rfind("\n", 0, at)
        super().__init__("bad substitution: write ${VAR} or ${VAR:-default}, and $$ for a plain $")


def expanded(text: str, environment: Mapping[str, str]) -> str:
    """The text with its variables put in. One that is unset and has no default is empty. Raises BadSubstitution."""
    scanner = _Scanner(text, environment)
    out = []
    while scanner.at < len(text):
        out.append(scanner.variable() if scanner.opens() else scanner.character(escapes=True))
    return "".join(out)


class _Scanner:
    """Reads a text from the left to the right."""

    def __init__(self, text: str, environment: Mapping[str, str]) -> None:
        self._text, self._environment = text, environment
        self._begin = self.at = self._nested = 0

    def opens(self) -> bool:
        return self._text.startswith("${", self.at)

    def character(self, *, escapes: bool) -> str:
        """The next character; of an escaped one without what escapes it."""
        if escapes and self._text.startswith(_ESCAPES, self.at):
            self.at += 1
        self.at += 1
        return self._text[self.at - 1]

    def variable(self) -> str:
        """What stands for `${…}`."""
        self._begin = self.at
        self._nested += 1
        if self._nested > _MOST_NESTED:
            raise self._bad()
        self.at += 2
        if self._takes("#"):
            value = str(len(self._value().encode("utf-8", "replace")))
        else:
            value = self._applied(self._value())
        if not self._takes("}"):
            raise self._bad()
        self._nested -= 1
        return value

    def _applied(self, value: str) -> str:
        """What an operator makes of a value."""
        if any(map(self._takes, _DEFAULTS)):
            parts = []
            while not self._sees("}"):
                parts.append(self._argument("}"))
            return value or "".join(parts)
        for sign in ("^^", ",,", "^", ","):
            if self._takes(sign):
                changed = value if len(sign) == 2 else value[:1]
                changed = changed.upper() if sign[0] == "^" else changed.lower()
                return changed if len(sign) == 2 else changed + value[1:]
        if self._takes(":"):
            return self._part(value)
        for sign in ("##", "#", "%%", "%"):
            if self._takes(sign):
                return _trimmed(value, sign, self._argument("}"))
        for sign in ("//", "/#", "/%", "/"):
            if self._takes(sign):
                return self._replaced(value, sign)
        return value

    def _part(self, value: str) -> str:
        begin, length = self._argument(":}"), ""
        if self._takes(":"):
            length = self._argument("}")
        try:
            first = int(begin)
            first = max(0, len(value) + first) if first < 0 else first
            return value[first : first + int(length)] if length else value[first:]
        except ValueError:
            return value

    def _replaced(self, value: str, sign: str) -> str:
        old = self._argument("/", escapes=True)
        if not self._takes("/"):
            raise self._bad()
        new = "" if self._sees("}") else self._argument("}", escapes=True)
        if sign == "/#":
            return new + value.removeprefix(old) if value.startswith(old) else value
        if sign == "/%":
            return value.removesuffix(old) + new if value.endswith(old) else value
        return value.replace(old, new) if sign == "//" else value.replace(old, new, 1)

    def _value(self) -> str:
        begin = self.at
        while self.at < len(self._text) and _NAME.match(self._text, self.at):
            self.at += 1
        if begin == self.at:
            raise self._bad()
        return self._environment.get(self._text[begin : self.at], "")

    def _argument(self, ends: str, *, escapes: bool = False) -> str:
        """Another variable, or text up to one of these characters or to another variable."""
        if self.opens():
            return self.variable()
        out: list[str] = []
        while self.at < len(self._text) and self._text[self.at] not in ends and not self.opens():
            out.append(self.character(escapes=escapes))
        if not out:
            raise self._bad()
        return "".join(out)

    def _sees(self, sign: str) -> bool:
        return self._text.startswith(sign, self.at)

    def _takes(self, sign: str) -> bool:
        if not self._sees(sign):
            return False
        self.at += len(sign)
        return True

    def _bad(self) -> BadSubstitution:
        return BadSubstitution(self._text, self._begin)


def _trimmed(value: str, sign: str, pattern: str) -> str:
    """Without the shortest or longest beginning, or end, that a glob fits."""
    lengths = range(1, len(value) + 1) if len(sign) == 1 else range(len(value), 0, -1)
    for length in lengths:
        if fnmatchcase(value[:length] if sign[0] == "#" else value[-length:], pattern):
            return value[length:] if sign[0] == "#" else value[:-length]
    return value
