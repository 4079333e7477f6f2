"""What SQL statements do: `classify` a text into `Statement`s, and find the `most_dangerous` one."""

from whodid.pgsql.classify import DANGEROUS, classify, most_dangerous, worst_of
from whodid.pgsql.statement import Certainty, Statement

__all__ = ["DANGEROUS", "Certainty", "Statement", "classify", "most_dangerous", "worst_of"]
