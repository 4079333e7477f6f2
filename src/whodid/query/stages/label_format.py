"""`| label_format level=lvl, who="{{.user}}@{{.client}}"`: renames a label, or writes one from a template, in turn."""

from collections.abc import Callable

from whodid.logql.ast import LabelAssignment, LabelFormat
from whodid.query import template
from whodid.query.line import Line
from whodid.query.stages.stage import Step, unsaid

sql = unsaid


def apply(stage: LabelFormat) -> Step:
    """Raises NotExecuted for a template that uses functions."""
    assign = [_assignment(item) for item in stage.assignments]

    def step(line: Line) -> bool:
        for change in assign:
            change(line)
        return True

    return step


def _assignment(item: LabelAssignment) -> Callable[[Line], None]:
    name = item.name
    if not item.is_template:
        source = item.value
        return lambda line: line.rename(source, name)
    render = template.compiled(item.value)
    return lambda line: line.assign(name, render(line))
