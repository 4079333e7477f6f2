"""`| regexp "user=(?P<user>\\S+)"`: named groups of RE2 become labels. No match: the line stays as it is.

Here `.` does not match a newline (Go's default), other than in line filters. SQL is not asked: extractGroups cannot
tell a line without a match from one whose groups are empty.
"""

from whodid.logql.ast import RegexpParser
from whodid.query.line import Line
from whodid.query.regex import compiled
from whodid.query.stages.stage import Step, unsaid

sql = unsaid


def apply(stage: RegexpParser) -> Step:
    """The expression on the text as it stands."""
    pattern = compiled(stage.pattern)
    names = sorted(pattern.groupindex, key=pattern.groupindex.__getitem__)

    def step(line: Line) -> bool:
        match = pattern.search(line.text)
        if match is not None:
            for name in names:
                line.extract(name, match.group(name) or "")
        return True

    return step
