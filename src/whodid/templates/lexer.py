"""Template text to tokens: plain text, and what stands between `{{` and `}}`.

Trim marks `{{-`, `-}}` and comments are resolved here. Blanks between operands are tokens, since they part arguments
(`.a.b` is one operand, `.a .b` are two). Used by parser.py. Source: Go's text/template/parse.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from whodid.templates.errors import TemplateError

TEXT: Final = "text"
OPEN: Final = "{{"
CLOSE: Final = "}}"
SPACE: Final = "space"
END: Final = "EOF"

KEYWORDS: Final = frozenset(
    ("block", "break", "continue", "define", "else", "end", "if", "range", "nil", "template", "with")
)
_BLANKS = " \t\r\n"
_LEFT = re.compile(r"\{\{(-(?=[ \t\r\n]))?")
_COMMENT = re.compile(r"(?<=\{)/\*|(?<=-)[ \t\r\n]/\*")
_COMMENT_END = re.compile(r"([ \t\r\n]-)?\}\}")
_RIGHT = re.compile(r"([ \t\r\n]+-)?\}\}")
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+) | (?P<declare>:=) | (?P<assign>=) | (?P<pipe>\|) | (?P<open>\() | (?P<close>\))
    | (?P<string>"(?:[^"\\\n]|\\[^\n])*+") | (?P<raw>`[^`]*+`) | (?P<char>'(?:[^'\\\n]|\\[^\n])++')
    | (?P<number>[-+]?(?:0[xX][0-9a-fA-F_]+(?:\.[0-9a-fA-F_]*)?(?:[pP][-+]?[0-9_]+)?|0[bB][01_]+|0[oO][0-7_]+
        |[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9_]+)?|\.[0-9][0-9_]*(?:[eE][-+]?[0-9_]+)?))
    | (?P<variable>\$\w*) | (?P<field>\.\w+) | (?P<dot>\.) | (?P<word>\w+) | (?P<other>[!-~])""",
    re.VERBOSE,
)
_BEFORE_OPERAND_ENDS = frozenset(".,|:)( \t\r\n")
"""What may follow a name; or the end of the action."""


class Token(NamedTuple):
    """`kind` is one of the constants above, a group of the token pattern, or a keyword itself."""

    kind: str
    text: str
    at: int


def tokens(text: str, name: str) -> Iterator[Token]:
    """All tokens, ending with END. Raises TemplateError; `name` is the template's, for its words."""
    at, trim = 0, False
    while True:
        left = _LEFT.search(text, at)
        plain = text[at : left.start() if left else len(text)]
        plain = plain.lstrip(_BLANKS) if trim else plain
        plain = plain.rstrip(_BLANKS) if left and left[1] else plain
        if plain:
            yield Token(TEXT, plain, at)
        if left is None:
            yield Token(END, "", len(text))
            return
        comment = _COMMENT.match(text, left.end())
        if comment:
            right = _comment(text, comment.end(), left.start(), name)
        else:
            yield Token(OPEN, "{{", left.start())
            begin = left.end()
            while (right := _RIGHT.match(text, begin)) is None:  # type: ignore[assignment]
                token = _token(text, begin, name)
                yield token
                begin = token.at + len(token.text)
            yield Token(CLOSE, "}}", right.start())
        at, trim = right.end(), bool(right[1])


def fault(text: str, at: int, name: str, message: str) -> TemplateError:
    """A syntax error with its line."""
    line = text.count("\n", 0, at) + 1
    return TemplateError(f"template: {name}:{line}: {message}")


def _comment(text: str, inside: int, begin: int, name: str) -> re.Match[str]:
    end = text.find("*/", inside)
    if end < 0:
        raise fault(text, begin, name, "unclosed comment")
    right = _COMMENT_END.match(text, end + 2)
    if right is None:
        raise fault(text, begin, name, "comment ends before closing delimiter")
    return right


def _token(text: str, at: int, name: str) -> Token:
    match = _TOKEN.match(text, at)
    if match is None or match.lastgroup is None:
        raise fault(text, at, name, _unreadable(text, at))
    kind, found = match.lastgroup, match[0]
    if kind == "number" and re.match(r"\w", text[match.end() : match.end() + 1]):
        word = re.compile(r"[-+]?\w+").match(text, at)
        raise fault(text, at, name, f'bad number syntax: "{word[0] if word else found}"')
    if kind in ("variable", "field", "word") and not _ends(text, match.end()):
        raise fault(text, match.end(), name, f"bad character {_shown(text[match.end()])}")
    if kind == "other" and found != ",":
        # The parser names what it did not expect; these can only begin a broken token.
        if found in "\"`'":
            raise fault(text, at, name, _unreadable(text, at))
        if found in "+-":
            raise fault(text, at, name, f'bad number syntax: "{found}"')
        if found == ":":
            raise fault(text, at, name, "expected :=")
    if kind == "word" and found in KEYWORDS:
        kind = found
    return Token(kind, found, at)


def _ends(text: str, at: int) -> bool:
    return at >= len(text) or text[at] in _BEFORE_OPERAND_ENDS or _RIGHT.match(text, at) is not None


def _unreadable(text: str, at: int) -> str:
    if at >= len(text):
        return "unclosed action"
    first = text[at]
    if first == '"':
        return "unterminated quoted string"
    if first == "`":
        return "unterminated raw quoted string"
    if first == "'":
        return "unterminated character constant"
    return f"unrecognized character in action: {_shown(first)}"


def _shown(character: str) -> str:
    """U+0040 '@', as Go names a character."""
    return f"U+{ord(character):04X}" + (f" '{character}'" if character.isprintable() else "")
