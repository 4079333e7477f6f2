"""`| label_format`."""

from whodid.logql.ast import LabelAssignment, LabelFormat
from whodid.query.line import Line
from whodid.query.stages import label_format


def test_assignments_run_in_turn_and_make_parsed_labels() -> None:
    line = Line(0, "", {"job": "db", "host": "a"}, {"user": "ana"})
    stage = LabelFormat(
        (
            LabelAssignment("who", "user", is_template=False),
            LabelAssignment("host", "{{.who}}@{{.host}}", is_template=True),
            LabelAssignment("kept", "nothing", is_template=False),
        )
    )
    assert label_format.apply(stage)(line)
    assert (line.stream, line.metadata, line.parsed) == ({"job": "db"}, {}, {"who": "ana", "host": "ana@a"})


def test_templates_of_one_stage_see_the_labels_before_it() -> None:
    line = Line(0, "", {}, {"a": "1"})
    stage = LabelFormat(
        (
            LabelAssignment("b", "a", is_template=False),
            LabelAssignment("a", "{{.b}}2", is_template=True),
            LabelAssignment("c", "{{.a}}|{{ upper .b }}", is_template=True),
        )
    )
    assert label_format.apply(stage)(line)
    assert (line.metadata, line.parsed) == ({}, {"b": "1", "a": "12", "c": "|1"})


def test_a_template_that_fails_writes_nothing_and_marks_the_line() -> None:
    line = Line(0, "", {}, {"a": "x"})
    stage = LabelFormat(
        (
            LabelAssignment("b", "{{ duration .a }}", is_template=True),
            LabelAssignment("c", "{{.a}}", is_template=True),
        )
    )
    assert label_format.apply(stage)(line)
    assert (line.parsed, line.error) == ({"c": "x"}, "TemplateFormatErr")
    assert line.error_details == (
        'template: label:1:3: executing "label" at <duration .a>: error calling duration: time: invalid duration "x"'
    )


def test_templates_of_a_line_without_labels_see_the_first_that_is_made() -> None:
    line = Line(0, "", {}, {})
    stage = LabelFormat(
        tuple(LabelAssignment(name, text, True) for name, text in (("a", "x"), ("b", "{{.a}}"), ("c", "{{.b}}")))
    )
    assert label_format.apply(stage)(line)
    assert line.parsed == {"a": "x", "b": "x", "c": ""}
