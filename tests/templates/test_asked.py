"""What a template asks of its data."""

from whodid.templates.asked import fields
from whodid.templates.program import compiled


def test_names_that_a_template_asks() -> None:
    made = compiled('{{.a}}{{ if eq .b "x" }}{{ (print .c).d | printf $.e }}{{else}}{{.f.g}}{{end}}', "t", {})
    assert list(fields(made.nodes)) == ["a", "b", "c", "e", "f"]


def test_parts_ask_too() -> None:
    made = compiled(
        '{{ define "d" }}{{ .in }}{{ end }}{{ template "d" .given }}{{ block "b" $ }}{{ .block }}{{ end }}', "t", {}
    )
    assert list(fields(made.nodes)) == ["in", "given", "block"]
