"""Text to tokens, in one pass and linear time.

Knows how a token is spelled, not where it may stand. Text that is no token becomes one ERROR token, and the list ends
there: the parser reports it if it gets that far. Source: Loki's lexer (Go's text/scanner with a few additions).
"""

import re

from whodid.logql import literals
from whodid.logql.tokens import (
    BYTES,
    DURATION,
    END,
    ERROR,
    FLAG,
    FLAGS,
    FUNCTION,
    FUNCTIONS,
    IDENTIFIER,
    KEYWORDS,
    NUMBER,
    RANGE,
    STRING,
    Token,
)

# Possessive quantifiers (`++`, `*+`) throughout: nothing is ever tried twice, whatever the text.
_TOKEN = re.compile(
    r"""
    (?:[ \t\r\n]++|(?:\#|//)[^\n]*+|/\*(?:[^*]++|\*(?!/))*+\*/)*+
    (?:
      (?P<word>[^\W\d]\w*+)
    | (?P<comment>/\*)
    | (?P<sign>\|[=~>]?|=[=~]?|![=~>]|>=?|<=?|[{}(),+*/%^])
    | (?P<string>"(?:[^"\\\n]++|\\.)*+")
    | (?P<raw>`[^`]*+`)
    | (?P<number>0[xX][0-9a-fA-F_.]++(?:[pP][+-]?\d++)?|(?:\d[\d_]*+(?:\.[\d_]*+)?|\.\d[\d_]*+)(?:[eE][+-]?\d++)?)
    | (?P<range>\[[^\]]*+\])
    | (?P<flag>--[A-Za-z][A-Za-z-]*+)
    | (?P<minus>-)
    | (?P<end>\Z)
    | (?P<bad>.)
    )
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_CALL = re.compile(r"\s*+(?:\(|(?:by|without)\s*+\()", re.IGNORECASE)
_NEGATIVE = re.compile(r"[0-9.][0-9.nuµmshdwy]{1,64}")
_NOT_OCTAL = re.compile(r"0[0-9_]*[89][0-9_]*")
# No literal is longer; the bound keeps a long run of such letters from being read again and again.
_DURATION_TAIL = re.compile(r"[0-9.nuµmshdwy]{1,64}")
_SIZE_TAIL = re.compile(r"[0-9.BikKMGTP]{1,64}")


def tokenize(text: str) -> list[Token]:
    """The tokens of a query; the last one is END or ERROR."""
    tokens: list[Token] = []
    # A byte order mark at the very start is not part of the query.
    at = 1 if text.startswith("\ufeff") else 0
    scan = _TOKEN.match
    while True:
        match = scan(text, at)
        assert match is not None, "the pattern has a branch for any text"
        group = match.lastgroup or "bad"
        offset, at = match.span(group)
        if group == "sign":
            tokens.append(Token(match[group], None, offset))
        elif group == "word":
            tokens.append(_word(text, offset, at))
        else:
            token, at = _read(group, text, offset, at)
            tokens.append(token)
            if token.kind is END or token.kind is ERROR:
                return tokens


def _read(group: str, text: str, offset: int, end: int) -> tuple[Token, int]:
    """The token that stands at `offset`, and where it ends."""
    try:
        if group == "string":
            return Token(STRING, literals.unquote(text[offset + 1 : end - 1]), offset), end
        if group == "raw":
            return Token(STRING, text[offset + 1 : end - 1], offset), end
        if group == "number":
            return _number(text, offset, end)
        if group == "range":
            return Token(RANGE, literals.parse_range(text[offset + 1 : end - 1]), offset), end
        if group == "comment":
            raise ValueError("comment not terminated")
        if group == "flag":
            return _flag(text[offset:end], offset), end
        if group == "minus":
            return _minus(text, offset)
        if group == "end":
            return Token(END, None, offset), end
    except ValueError as error:
        return Token(ERROR, str(error), offset), end
    return Token(ERROR, _complaint(text[offset]), offset), end


def _word(text: str, offset: int, end: int) -> Token:
    word = text[offset:end]
    lower = word.lower()
    if lower in KEYWORDS:
        return Token(lower, word, offset)
    if lower in FUNCTIONS and _CALL.match(text, end):
        return Token(FUNCTION, lower, offset)
    return Token(IDENTIFIER, word, offset)


def _flag(flag: str, offset: int) -> Token:
    if flag in FLAGS:
        return Token(FLAG, flag, offset)
    raise ValueError(f"syntax error: unexpected flag {flag}, expecting " + " or ".join(FLAGS))


def _number(text: str, offset: int, end: int) -> tuple[Token, int]:
    for tail, kind, read in (
        (_DURATION_TAIL, DURATION, literals.parse_duration),
        (_SIZE_TAIL, BYTES, literals.parse_size),
    ):
        if match := tail.match(text, end):
            try:
                return Token(kind, read(text[offset : match.end()]), offset), match.end()
            except ValueError:
                continue
    if _NOT_OCTAL.fullmatch(text, offset, end):
        raise ValueError("invalid digit in octal literal")  # Go's scanner takes a leading zero for one
    return Token(NUMBER, literals.parse_number(text[offset:end]), offset), end


def _minus(text: str, offset: int) -> tuple[Token, int]:
    """`-5m` is one token; in `-5` the minus is a sign of its own, which the parser joins to a number."""
    if match := _NEGATIVE.match(text, offset + 1):
        try:
            return Token(DURATION, literals.parse_duration(text[offset : match.end()]), offset), match.end()
        except ValueError:
            pass
    return Token("-", None, offset), offset + 1


def _complaint(character: str) -> str:
    if character in '"`':
        return "literal not terminated"
    if character == "[":
        return "missing closing ']' in duration"
    if character == "'":
        return "syntax error: unexpected ', a string is written in double quotes or in backticks"
    return f"syntax error: unexpected character {character!r}"
