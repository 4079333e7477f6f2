"""`| label_format level=lvl, who="{{.user}}@{{.client}}"`: renames a label, or writes one from a template, in turn.

Several templates of one stage see the labels as they were before the first of them that saw any. A template that fails
writes nothing and marks the line `TemplateFormatErr`.
"""

from collections.abc import Callable

from whodid.logql.ast import LabelAssignment, LabelFormat
from whodid.query import template
from whodid.query.line import Line
from whodid.query.stages.stage import Step, unsaid
from whodid.templates.errors import TemplateError

sql = unsaid

_Change = Callable[[Line, template.Data | None], None]


def apply(stage: LabelFormat) -> Step:
    """Raises QueryError for a template that cannot be read."""
    changes = [(_assignment(item), item.is_template) for item in stage.assignments]
    several = sum(is_template for _, is_template in changes) > 1

    def step(line: Line) -> bool:
        data: template.Data | None = None
        for change, is_template in changes:
            if several and is_template and not data:
                data = template.Data(line)
            change(line, data)
        return True

    return step


def _assignment(item: LabelAssignment) -> _Change:
    name = item.name
    if not item.is_template:
        source = item.value
        return lambda line, _: line.rename(source, name)
    render = template.over_data(item.value, "label")

    def write(line: Line, data: template.Data | None) -> None:
        try:
            line.assign(name, render(line, data))
        except TemplateError as error:
            line.fail(template.FAILED, str(error))

    return write
