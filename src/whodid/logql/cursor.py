"""Cursor: the parser's place in the token list, its guard against endless nesting, and its way to say "unexpected".

Used by parser.py, pipeline.py and filters.py, which hold the grammar; knows no rule of it.
"""

from typing import Final

from whodid.logql.errors import LogQLError
from whodid.logql.lexer import tokenize
from whodid.logql.tokens import END, ERROR, FUNCTION, IDENTIFIER, KEYWORDS, Token

MAX_QUERY_BYTES: Final = 131_072
"""Loki's `max_query_length` in bytes."""
MAX_NESTING: Final = 100
"""Levels of parentheses and the like. Each costs the parser at most five of Python's 1,000 frames."""


class Cursor:
    """Reads the tokens of one query from left to right, one token of look-ahead."""

    __slots__ = ("_index", "_nesting", "_text", "_tokens", "kind", "token")

    def __init__(self, text: str) -> None:
        _check_text(text)
        self._text = text
        self._tokens = tokenize(text)
        self._index = 0
        self._nesting = 0
        self.token = self._tokens[0]
        """The token to be read next."""
        self.kind = self.token.kind

    def advance(self) -> Token:
        """Reads one token."""
        token = self.token
        # END and ERROR are last, and nobody reads beyond them.
        self._index += 1
        self.token = self._tokens[self._index]
        self.kind = self.token.kind
        return token

    def peek(self) -> Token:
        """The token after the next one."""
        return self._tokens[min(self._index + 1, len(self._tokens) - 1)]

    def accept(self, kind: str) -> bool:
        """Reads the next token if it is of this kind."""
        if self.kind != kind:
            return False
        self.advance()
        return True

    def accept_function(self, name: str) -> bool:
        """Reads the next token if it is this function."""
        if self.kind != FUNCTION or self.token.value != name:
            return False
        self.advance()
        return True

    def expect(self, kind: str, *others: str) -> Token:
        """Reads a token that must be of this kind. `others`: what else could have stood here, for the message."""
        if self.kind != kind:
            raise self.unexpected(kind, *others)
        return self.advance()

    def expect_text(self, kind: str = IDENTIFIER, *others: str) -> str:
        """The text of an IDENTIFIER or a STRING that must stand here."""
        if self.kind != kind:
            raise self.unexpected(kind, *others)
        value = self.advance().value
        assert isinstance(value, str)
        return value

    def expect_number(self, kind: str) -> float:
        """The value of a NUMBER that must stand here."""
        value = self.expect(kind).value
        assert isinstance(value, float)
        return value

    def expect_integer(self, kind: str) -> int:
        """The nanoseconds of a DURATION or RANGE, or the bytes of BYTES, that must stand here."""
        value = self.expect(kind).value
        assert isinstance(value, int)
        return value

    def unexpected(self, *expected: str, hint: str = "") -> LogQLError:
        """The error that refuses the next token; to be raised by the caller."""
        token = self.token
        if token.kind == ERROR:
            return LogQLError.at(str(token.value), self._text, token.offset)
        found = str(token.value).upper() if token.kind == FUNCTION else token.kind
        message = f"syntax error: unexpected {found}"
        if expected:
            message += ", expecting " + " or ".join(expected)
        if token.kind in KEYWORDS and IDENTIFIER in expected:
            hint = f"{token.kind} is a reserved word"
        message += f" ({hint})" if hint else ""
        if token.kind == END and not self._text.strip():
            return LogQLError(message)
        return LogQLError.at(message, self._text, token.offset)

    def text_before(self, sign: str) -> str:
        """The text of the query from the next token up to a sign that follows."""
        return self._text[self.token.offset :].partition(sign)[0].strip()

    def enter(self) -> None:
        """One level deeper."""
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            message = f"the query is nested more than {MAX_NESTING} levels deep"
            raise LogQLError.at(message, self._text, self.token.offset)

    def leave(self) -> None:
        """One level up. Not called on the way of an error: it ends the parse."""
        self._nesting -= 1


def _check_text(text: str) -> None:
    try:
        size_bytes = len(text.encode())
    except UnicodeEncodeError as error:
        raise LogQLError.at("invalid UTF-8 rune", text, error.start) from None
    if size_bytes > MAX_QUERY_BYTES:
        raise LogQLError(f"input size too long ({size_bytes} > {MAX_QUERY_BYTES})")
