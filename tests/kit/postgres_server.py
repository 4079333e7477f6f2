"""Lines of PostgreSQL's text log as the server's log_status_format writes them (src/backend/utils/error/elog.c)."""

import re
from collections.abc import Mapping

_ESCAPE = re.compile(r"%(-?\d+)?(.)")
OF_CLIENTS = "auhrdLiv"
"""Escapes for which a process without a client prints nothing."""


def head(prefix: str, values: Mapping[str, str], *, client: bool = True) -> str:
    """The head that `prefix` makes of `values`, which are by the letter of their escape."""
    before, _, behind = prefix.partition("%q")

    def written(escape: re.Match[str]) -> str:
        width, letter = int(escape.group(1) or 0), escape.group(2)
        if letter == "%":
            return "%"
        value = values[letter] if client or letter not in OF_CLIENTS else ""
        return value.rjust(width) if width > 0 else value.ljust(-width)

    return _ESCAPE.sub(written, before + (behind if client else ""))
