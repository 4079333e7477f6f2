"""`| line_format`."""

from whodid.logql.ast import LineFormat
from whodid.query.line import Line
from whodid.query.stages import line_format


def test_the_line_is_written_from_its_labels() -> None:
    line = Line(0, "old", {"job": "db"}, {"user": "ana"})
    assert line_format.apply(LineFormat("{{.user}}@{{.job}}: {{__line__}}"))(line)
    assert line.text == "ana@db: old"
