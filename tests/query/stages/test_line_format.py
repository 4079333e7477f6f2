"""`| line_format`."""

from whodid.logql.ast import LineFormat
from whodid.query.line import Line
from whodid.query.stages import line_format


def test_the_line_is_written_from_its_labels() -> None:
    line = Line(0, "old", {"job": "db"}, {"user": "ana"})
    assert line_format.apply(LineFormat("{{.user}}@{{.job}}: {{__line__}}"))(line)
    assert line.text == "ana@db: old"


def test_a_template_that_fails_leaves_the_line_and_marks_it() -> None:
    line = Line(0, "text", {}, {"n": "x"})
    assert line_format.apply(LineFormat("{{.n}} {{ .n | int | div 1 }}"))(line)
    assert (line.text, line.error) == ("text", "TemplateFormatErr")
    assert line.error_details == (
        'template: line:1:21: executing "line" at <div 1>: error calling div: runtime error: integer divide by zero'
    )
