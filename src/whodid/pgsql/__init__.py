"""What SQL statements do: `classify` a text into `Statement`s, find the `most_dangerous` one, and tell which of them
change what is logged (`logging_change`)."""

from whodid.pgsql.classify import DANGEROUS, classify, most_dangerous, worst_of
from whodid.pgsql.logging_settings import is_logging_setting, logging_change, may_change_logging
from whodid.pgsql.shapes import DIGITS_ALIKE, Shapes, shape_of
from whodid.pgsql.statement import Certainty, Statement

__all__ = [
    "DANGEROUS",
    "DIGITS_ALIKE",
    "Certainty",
    "Shapes",
    "Statement",
    "classify",
    "is_logging_setting",
    "logging_change",
    "may_change_logging",
    "most_dangerous",
    "shape_of",
    "worst_of",
]
