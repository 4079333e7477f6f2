"""`| line_format "{{.user}} {{.operation}}"`: the line is written anew from its labels. Templates:
query/template.py.
"""

from whodid.logql.ast import LineFormat
from whodid.query import template
from whodid.query.line import Line
from whodid.query.stages.stage import Step, unsaid

sql = unsaid


def apply(stage: LineFormat) -> Step:
    """Raises NotExecuted for a template that uses functions."""
    render = template.compiled(stage.template)

    def step(line: Line) -> bool:
        line.text = render(line)
        return True

    return step
