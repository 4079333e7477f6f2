"""`| label_format`."""

from whodid.logql.ast import LabelAssignment, LabelFormat
from whodid.query.line import Line
from whodid.query.stages import label_format


def test_assignments_run_in_turn_and_a_rename_keeps_the_category() -> None:
    line = Line(0, "", {"job": "db", "host": "a"}, {"user": "ana"})
    stage = LabelFormat(
        (
            LabelAssignment("who", "user", is_template=False),
            LabelAssignment("host", "{{.who}}@{{.host}}", is_template=True),
            LabelAssignment("kept", "nothing", is_template=False),
        )
    )
    assert label_format.apply(stage)(line)
    assert (line.stream, line.metadata, line.parsed) == ({"job": "db"}, {"who": "ana"}, {"host": "ana@a"})
