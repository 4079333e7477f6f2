"""`| line_format "{{.user}} {{.operation | lower}}"`: the line is written anew from its labels.

Templates: query/template.py. A line whose template fails stays as it is and is marked `TemplateFormatErr`.
"""

from whodid.logql.ast import LineFormat
from whodid.query import template
from whodid.query.line import Line
from whodid.query.stages.stage import Step, unsaid
from whodid.templates.errors import TemplateError

sql = unsaid


def apply(stage: LineFormat) -> Step:
    """Raises QueryError for a template that cannot be read."""
    render = template.rendered(stage.template)

    def step(line: Line) -> bool:
        try:
            line.text = render(line)
        except TemplateError as error:
            line.fail(template.FAILED, str(error))
        return True

    return step
