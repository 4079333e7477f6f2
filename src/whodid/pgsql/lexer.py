"""A small lexer for PostgreSQL's SQL: text in, tokens out; what each token means is classify.py's business.

Follows the manual's chapter "Lexical Structure" and the server's scan.l, with standard_conforming_strings on. A text
cut off in the middle (by syslog, or by a reader's limit) is no error: the last token then simply ends with the text.
The time is linear in the text, and nothing recurses.
"""

import re
from typing import Final, NamedTuple


class Token(NamedTuple):
    """One token. Comments and blanks are none."""

    kind: str
    """word, name (a quoted identifier), string, number, parameter ($1), symbol (punctuation) or operator."""
    value: str
    """word: folded to lower case; name: unquoted; the others: as written."""
    start: int
    end: int
    complete: bool = True
    """False where the text ended before the closing quote."""


# A blank that holds a newline joins two string constants into one (SQL's rule), and the second keeps the first one's
# escapes: E'a'\n'b\'c' is a single string.
_JOIN = r"(?:[ \t\f\v]*+(?:--[^\n\r]*+)?[\n\r](?:[ \t\f\v\n\r]|--[^\n\r]*+)*+'{body})*+"
_PLAIN_BODY = r"[^']*+(?:''[^']*+)*+(?:'|\Z)"
_ESCAPE_BODY = r"[^'\\]*+(?:(?:''|\\[\s\S]|\\\Z)[^'\\]*+)*+(?:'|\Z)"
_WORD = r"[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*+"
_TAG = r"(?:[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*+)?"

_TOKEN: Final = re.compile(
    r"(?:[ \t\n\r\f\v]|--[^\n\r]*+)*+(?:"
    + "|".join(
        (
            rf"(?P<word>{_WORD})(?!['&])",
            r"(?P<number>\.?[0-9][0-9A-Za-z_.]*+)",
            r"(?P<symbol>[;(),.\[\]:])",
            r"(?P<escape>[eE]'" + _ESCAPE_BODY + _JOIN.format(body=_ESCAPE_BODY) + ")",
            r"(?P<string>(?:[bBxXnN]|[uU]&)?'" + _PLAIN_BODY + _JOIN.format(body=_PLAIN_BODY) + ")",
            r'(?P<unicode>[uU]&"[^"]*+(?:""[^"]*+)*+(?:"|\Z))',
            rf"(?P<plain>{_WORD})",  # a word with a quote or an ampersand right after it that is none of the above
            r'(?P<name>"[^"]*+(?:""[^"]*+)*+(?:"|\Z))',
            r"(?P<parameter>\$[0-9]++)",
            rf"(?P<dollar>\${_TAG}\$)",
            r"(?P<comment>/\*)",
            r"(?P<operator>[\s\S])",
            r"(?P<end>\Z)",
        )
    )
    + ")"
)
_CLOSED: Final = re.compile(
    "|".join(
        (
            r"[eE]'" + _ESCAPE_BODY + _JOIN.format(body=_ESCAPE_BODY),
            r"(?:[bBxXnN]|[uU]&)?'" + _PLAIN_BODY + _JOIN.format(body=_PLAIN_BODY),
            r'(?:[uU]&)?"[^"]*+(?:""[^"]*+)*+"',
        )
    ).replace(r"|\Z)", ")")
)
"""The same quoted tokens with the text's end not taken for a closing quote."""
_COMMENT_EDGE: Final = re.compile(r"/\*|\*/")
_UNICODE_ESCAPE: Final = re.compile(r"\\(?:\\|\+([0-9A-Fa-f]{6})|([0-9A-Fa-f]{4}))")
_ASCII_FOLD: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def fold(word: str) -> str:
    """An unquoted identifier as the server (UTF-8) folds it: ASCII letters only."""
    return word.lower() if word.isascii() else word.translate(_ASCII_FOLD)


def tokenize(text: str) -> list[Token]:
    """All tokens of a text, which may hold several statements."""
    tokens: list[Token] = []
    position, match_at, append = 0, _TOKEN.match, tokens.append
    while True:
        match = match_at(text, position)
        assert match is not None, "the last alternatives take anything"
        kind = match.lastgroup
        assert kind is not None
        start, position = match.span(kind)
        if kind in ("word", "plain"):
            append(Token("word", fold(match[kind]), start, position))
        elif kind == "symbol" or kind == "operator":
            append(Token(kind, match[kind], start, position))
        elif kind == "end":
            return tokens
        elif kind == "comment":
            position = _comment_end(text, position)
        elif kind == "dollar":
            position, complete = _dollar_end(text, match[kind], position)
            append(Token("string", text[start:position], start, position, complete))
        else:
            append(_quoted_or_number(kind, match[kind], start, position))


def _comment_end(text: str, position: int) -> int:
    """The end of a comment whose opening has been read. Comments nest."""
    depth = 1
    for edge in _COMMENT_EDGE.finditer(text, position):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(text)


def _dollar_end(text: str, delimiter: str, position: int) -> tuple[int, bool]:
    closing = text.find(delimiter, position)
    return (closing + len(delimiter), True) if closing >= 0 else (len(text), False)


def _quoted_or_number(kind: str, raw: str, start: int, end: int) -> Token:
    if kind in ("name", "unicode"):
        complete = _CLOSED.fullmatch(raw) is not None
        name = raw[raw.index('"') + 1 : len(raw) - 1 if complete else len(raw)].replace('""', '"')
        return Token("name", decode_unicode(name) if kind == "unicode" else name, start, end, complete)
    if kind in ("string", "escape"):
        return Token("string", raw, start, end, _CLOSED.fullmatch(raw) is not None)
    return Token(kind, raw, start, end)


def decode_unicode(name: str) -> str:
    r"""The escapes of U&"…" with the usual escape character (`\0055`, `\+000055`); a wrong one stays as written."""

    def decode(match: re.Match[str]) -> str:
        digits = match.group(1) or match.group(2)
        if digits is None:
            return "\\"
        code = int(digits, 16)
        return match.group() if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF else chr(code)

    return _UNICODE_ESCAPE.sub(decode, name)
