"""The little languages of `| json a="x.y[0].z"` and `| logfmt a="key"`: what of a line is asked for.

check_stages.py asks them for soundness, query/ follows what they say. They are narrow, as in Loki: a name is ASCII, a
quoted one ends at the next quote or bracket, and what they do not know refuses the query. Source: Loki's manual
("JSON", "logfmt"); its refusals as observed.
"""

import re
from typing import Final, NamedTuple

_TOKEN = re.compile(
    r"""[ \t\r\n]*+ (?: (?P<word>[A-Za-z_][A-Za-z0-9_]*+)
                      | "(?P<STRING>[^"\]]*+)["\]]?
                      | (?P<INDEX>[0-9]++)
                      | (?P<sign>[\[\].])
                      | (?P<end>\Z)
                      | (?P<other>.) )""",
    re.VERBOSE | re.DOTALL,
)
_SIGNS = {"[": "LSB", "]": "RSB", ".": "DOT"}
_END: Final = "$end"
_MOST = (1 << 63) - 1


class _Token(NamedTuple):
    kind: str
    text: str
    fault: str = ""
    """What is wrong with the text here; the kind is then that of its end."""


def parse_json_path(path: str) -> tuple[str | int, ...]:
    """The steps of a path: names and array indexes. Raises ValueError with Loki's reason for anything else.

    `a.b`, `a["odd key"]`, `["a"].b`, `a[0][1]`; a name needs a dot before it unless it is the first step.
    """
    steps: list[str | int] = []
    tokens = _Tokens(path, "FIELD")
    while True:
        token = tokens.next()
        if token.kind == "LSB":
            steps.append(_bracketed(tokens))
        elif token.kind == "DOT" and steps:
            steps.append(tokens.wanted("FIELD").text)
        elif token.kind == "FIELD" and not steps:
            steps.append(token.text)
        elif token.kind == _END and steps:
            if token.fault:
                raise ValueError(token.fault)
            return tuple(steps)
        else:
            raise _unexpected(token, () if steps else ("LSB", "FIELD"))


def parse_logfmt_key(path: str) -> str:
    """The key that is asked for: `level`, `"level"`. Several texts are one key with blanks, which no line has.

    Raises ValueError with Loki's reason for what is no key.
    """
    parts: list[str] = []
    tokens = _Tokens(path, "KEY")
    while True:
        token = tokens.next()
        if token.kind == "STRING" or (token.kind == "KEY" and not parts):
            parts.append(token.text)
        elif token.kind == _END and parts:
            if token.fault:
                raise ValueError(token.fault)
            return " ".join(parts)
        elif token.kind in ("KEY", _END):
            raise _unexpected(token, () if parts else ("STRING", "KEY"))
        else:
            # Brackets, dots and digits mean nothing here.
            raise ValueError(f"unexpected char {token.text[:1]}") if parts else _unexpected(_Token(_END, ""), ())


class _Tokens:
    """The tokens of a path; `word` is what this language calls a name."""

    def __init__(self, path: str, word: str) -> None:
        self._path, self._word, self._at = path, word, 0

    def next(self) -> _Token:
        match = _TOKEN.match(self._path, self._at)
        assert match is not None, "the pattern has a branch for any text"
        kind, self._at = match.lastgroup or "", match.end()
        text = match[kind]
        if kind == "word":
            return _Token(self._word, text)
        if kind == "sign":
            return _Token(_SIGNS[text], text)
        if kind == "other":
            return _Token(_END, text, f"unexpected char {text}")
        if kind == "INDEX" and self._word == "FIELD":
            return self._index(text)
        return _Token(_END if kind == "end" else kind, text)

    def _index(self, text: str) -> _Token:
        """An index ends at a bracket or a blank; what else is behind it spoils it."""
        behind = self._path[self._at : self._at + 1]
        if behind == ".":
            return _Token(_END, text, "cannot use float as array index")
        if not behind or behind not in "] \t\r\n":
            return _Token(_END, text, f"non-integer value: {behind}")
        if len(text) > 19 or int(text) > _MOST:
            return _Token(_END, text, f'strconv.Atoi: parsing "{text[:40]}": value out of range')
        return _Token("INDEX", text)

    def wanted(self, *kinds: str) -> _Token:
        """The next token, which must be one of these."""
        token = self.next()
        if token.kind not in kinds:
            raise _unexpected(token, kinds)
        return token


def _bracketed(tokens: _Tokens) -> str | int:
    token = tokens.wanted("STRING", "INDEX")
    tokens.wanted("RSB")
    return int(token.text) if token.kind == "INDEX" else token.text


def _unexpected(token: _Token, wanted: tuple[str, ...]) -> ValueError:
    expecting = f", expecting {' or '.join(wanted)}" if wanted else ""
    return ValueError(f"syntax error: unexpected {token.kind}{expecting}")
