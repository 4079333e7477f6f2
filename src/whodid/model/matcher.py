"""Matcher: one condition on a label, `name op "value"`, as in `{job="database", host!~"stage.*"}`.

Only the data; what a regular expression means is decided where it is run (RE2, in query/).
"""

from dataclasses import dataclass
from typing import Literal

MatchOp = Literal["=", "!=", "=~", "!~"]


@dataclass(frozen=True, slots=True)
class Matcher:
    """A condition on one label. Regular expressions are RE2, anchored at both ends."""

    name: str
    op: MatchOp
    value: str
