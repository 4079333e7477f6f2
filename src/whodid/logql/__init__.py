"""LogQL, text <-> tree: the language and nothing of its meaning. No storage, no lines, no time.

`parse` reads a query and refuses what cannot be run; `print_expr` writes a tree back; ast.py is the contract with
query/.
"""

from whodid.logql.check import check
from whodid.logql.errors import LogQLError
from whodid.logql.parser import parse, parse_filtered, parse_selector
from whodid.logql.printer import print_expr, print_selector
from whodid.logql.walk import selector_of

__all__ = [
    "LogQLError",
    "check",
    "parse",
    "parse_filtered",
    "parse_selector",
    "print_expr",
    "print_selector",
    "selector_of",
]
