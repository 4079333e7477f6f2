"""LogQLError: what is wrong with a query, and where.

`str()` has the form Loki's users know (and search the web for): `parse error at line 1, col 5: …`, or `parse error : …`
when the query is well formed but makes no sense.
"""

from whodid.errors import WhodidError

_MAX_MESSAGE = 500
"""A message quotes the query; nobody reads 100 kB of it."""


class LogQLError(WhodidError):
    """A query that cannot be run. `line` and `column` count from 1; both are 0 where no single place is to blame."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        if len(message) > _MAX_MESSAGE:
            message = message[:_MAX_MESSAGE] + "…"
        self.message = message
        self.line = line
        self.column = column
        super().__init__(message, line, column)

    def __str__(self) -> str:
        where = f"at line {self.line}, col {self.column}" if self.line else ""
        return f"parse error {where}: {self.message}"

    @classmethod
    def at(cls, message: str, text: str, offset: int) -> "LogQLError":
        """The error at a character offset of the query's text."""
        before = text[:offset]
        return cls(message, before.count("\n") + 1, offset - before.rfind("\n"))
