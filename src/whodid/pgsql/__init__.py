"""What SQL statements do: `classify` a text into `Statement`s, and find the `most_dangerous` one."""

from whodid.pgsql.classify import DANGEROUS, DIGITS_ALIKE, classify, digits_matter, most_dangerous, worst_of
from whodid.pgsql.statement import Certainty, Statement

__all__ = [
    "DANGEROUS",
    "DIGITS_ALIKE",
    "Certainty",
    "Statement",
    "classify",
    "digits_matter",
    "most_dangerous",
    "worst_of",
]
