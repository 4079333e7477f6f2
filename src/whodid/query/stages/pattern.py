"""`| pattern "<ip> - - [<_>] \\"<method> <path> <_>\\" <status>"`: text between literals becomes labels.

A line that ends early fills the leading captures; one that begins otherwise is left as it is. No SQL: the rule of first
places is not a regular expression.
"""

from whodid.logql.ast import PatternParser
from whodid.logql.patterns import split_pattern
from whodid.query import patterns
from whodid.query.line import Line
from whodid.query.stages.stage import Step, unsaid

sql = unsaid


def apply(stage: PatternParser) -> Step:
    """The pattern on the text as it stands."""
    parts = split_pattern(stage.pattern)

    def step(line: Line) -> bool:
        for name, value in patterns.captured(parts, line.text):
            line.extract(name, value)
        return True

    return step
