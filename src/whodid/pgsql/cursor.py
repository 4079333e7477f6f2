"""A place in the tokens of one statement, with the small readings that all commands share: names, lists, WHERE.

Nothing here raises: past the end every question is answered with "nothing", because logged SQL may be cut off anywhere.
Used by grammar.py and objects.py.
"""

from collections.abc import Sequence
from typing import NamedTuple

from whodid.pgsql.lexer import Token
from whodid.pgsql.statement import Certainty


class Judgement(NamedTuple):
    """What a reader found out about a statement."""

    operation: str
    objects: tuple[str, ...] = ()
    certainty: Certainty = "certain"
    has_where: bool = False


class Cursor:
    """Reads tokens from left to right, between `index` and `end`."""

    __slots__ = ("_end", "_index", "_tokens")

    def __init__(self, tokens: Sequence[Token], index: int = 0, end: int | None = None) -> None:
        self._tokens = tokens
        self._index = index
        self._end = len(tokens) if end is None else end

    def copy(self) -> "Cursor":
        return Cursor(self._tokens, self._index, self._end)

    def more(self) -> bool:
        return self._index < self._end

    def advance(self) -> None:
        self._index += 1

    def word(self, ahead: int = 0) -> str:
        """The unquoted word at the cursor, folded; empty for anything else."""
        index = self._index + ahead
        if index >= self._end or self._tokens[index].kind != "word":
            return ""
        return self._tokens[index].value

    def previous(self) -> str:
        return self._tokens[self._index - 1].value if self._index else ""

    def text(self) -> str:
        return self._tokens[self._index].value if self.more() else ""

    def take(self, word: str) -> bool:
        """Steps over this word if it stands here."""
        if self.word() != word:
            return False
        self._index += 1
        return True

    def at_symbol(self, symbol: str) -> bool:
        if not self.more():
            return False
        token = self._tokens[self._index]
        return token.value == symbol and token.kind in ("symbol", "operator")

    def take_symbol(self, symbol: str) -> bool:
        if not self.at_symbol(symbol):
            return False
        self._index += 1
        return True

    def name(self) -> str:
        """A possibly qualified name, its parts joined with dots; empty where none stands."""
        parts: list[str] = []
        while self.more() and self._tokens[self._index].kind in ("word", "name"):
            parts.append(self._tokens[self._index].value)
            self._index += 1
            if not self.at_symbol("."):
                break
            self._index += 1
        return ".".join(parts)

    def optional_name(self) -> tuple[str, ...]:
        name = self.name()
        return (name,) if name else ()

    def value_or_name(self) -> tuple[str, ...]:
        """A name that may also be written as a string: SET ROLE 'owner', SET ROLE TO owner, = owner."""
        if not self.take("to"):
            self.take_symbol("=")
        if self.more() and self._tokens[self._index].kind == "string":
            return (self._tokens[self._index].value.strip("'"),)
        return self.optional_name()

    def relation(self) -> tuple[str, ...]:
        """[ONLY] name [*], or ONLY (name)."""
        self.take("only")
        bracketed = self.take_symbol("(")
        name = self.optional_name()
        self.take_symbol("*")
        if bracketed:
            self.take_symbol(")")
        return name

    def relations(self) -> tuple[str, ...]:
        """A list of relations; what stands in parentheses after a name (columns, argument types) is passed over."""
        found: list[str] = []
        while True:
            name = self.relation()
            if not name:
                break
            found += name
            self.skip_parentheses()
            if not self.take_symbol(","):
                break
        return tuple(found)

    def parentheses(self) -> "Cursor | None":
        """The inside of the parentheses that open here, stepping over them; None if none open."""
        if not self.at_symbol("("):
            return None
        start = self._index + 1
        self.skip_parentheses()
        closed = self._tokens[self._index - 1].value == ")" and self._index - 1 >= start
        return Cursor(self._tokens, start, self._index - 1 if closed else self._index)

    def skip_parentheses(self) -> None:
        """Steps over a parenthesised group if one opens here; to the end if it is never closed."""
        if not self.at_symbol("("):
            return
        depth = 0
        while self.more():
            if self.at_symbol("("):
                depth += 1
            elif self.at_symbol(")"):
                depth -= 1
            self._index += 1
            if depth == 0:
                return

    def seek(self, word: str, stop: str = "") -> bool:
        """Goes past the next `word` outside of parentheses; False (and the cursor at the end or at `stop`) if none."""
        tokens, depth = self._tokens, 0
        for index in range(self._index, self._end):
            kind, value, *_ = tokens[index]
            if kind == "symbol":
                depth += 1 if value == "(" else -1 if value == ")" else 0
            elif kind == "word" and depth <= 0 and (value in (word, stop)):
                self._index = index + (value == word)
                return value == word
        self._index = self._end
        return False

    def has_where(self) -> bool:
        """Whether a WHERE that limits anything follows. WHERE true and WHERE 1 = 1 limit nothing."""
        if not self.seek("where"):
            return False
        rest = [(token.kind, token.value) for token in self._tokens[self._index : min(self._end, self._index + 4)]]
        while rest and rest[-1] in (("symbol", ")"), ("symbol", ";")):
            rest.pop()
        ends = [kind for kind, _ in rest[1:2]]
        if rest[:1] == [("word", "true")] and (not ends or rest[1][1] == "returning"):
            return False
        constant = len(rest) >= 3 and rest[0] == rest[2] and rest[0][0] in ("number", "string")
        return not (constant and rest[1][1] == "=" and (len(rest) == 3 or rest[3][1] == "returning"))
