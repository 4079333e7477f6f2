"""The templates that are executed, and those that are refused."""

import pytest

from whodid.query.errors import NotExecuted, QueryError
from whodid.query.line import Line
from whodid.query.template import compiled

NS = 1_767_607_200_500_000_000


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain", "plain"),
        ("{{.user}} {{ .user }}!", "ana ana!"),
        ("[{{.nothing}}]", "[]"),
        ("{{__line__}}", "the line"),
        ("{{.timestamp}}/{{__timestamp__}}", "2026-01-05T10:00:00.5Z/2026-01-05T10:00:00.5Z"),
        ("a {{- .user -}} b", "aanab"),
        ("}} {", "}} {"),
    ],
)
def test_templates(template: str, text: str) -> None:
    assert compiled(template)(Line(NS, "the line", {}, {"user": "ana"})) == text


def test_a_label_named_timestamp_comes_first() -> None:
    assert compiled("{{.timestamp}}")(Line(NS, "", {}, {"timestamp": "yesterday"})) == "yesterday"


@pytest.mark.parametrize(
    "template", ["{{ .a | lower }}", "{{ if .a }}x{{ end }}", "{{ printf .a }}", '{{ "x" }}', "{{}}"]
)
def test_functions_are_refused(template: str) -> None:
    with pytest.raises(NotExecuted, match="is valid LogQL, but this version of whodid does not execute it yet"):
        compiled(template)


def test_an_unclosed_action() -> None:
    with pytest.raises(QueryError, match="unclosed action"):
        compiled("{{.a}} {{.b")
