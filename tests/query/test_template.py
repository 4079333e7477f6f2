"""Templates over a line's labels; the functions are in template_functions.yml, the language in tests/templates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.query.errors import QueryError
from whodid.query.line import Line
from whodid.query.template import Data, fields, over_data, rendered
from whodid.templates.errors import TemplateError

NS = 1_767_607_200_500_000_000


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain", "plain"),
        ("{{.user}} {{ .user }}!", "ana ana!"),
        ("[{{.nothing}}]", "[]"),
        ("{{__line__}}", "the line"),
        ("{{.timestamp}}/{{ upper .timestamp }}", "2026-01-05T10:00:00.5Z/2026-01-05T10:00:00.5Z"),
        ("a {{- .user -}} b", "aanab"),
        ("}} {", "}} {"),
        ("{{ . }}", "map[job:db user:ana]"),
        ("{{ .__error__ }}{{ .__error_details__ }}", ""),
    ],
)
def test_templates(template: str, text: str) -> None:
    assert rendered(template)(Line(NS, "the line", {"job": "db"}, {"user": "ana"})) == text


def test_a_label_named_timestamp_comes_first() -> None:
    for template in ("{{.timestamp}}", "{{ print .timestamp }}"):
        assert rendered(template)(Line(NS, "", {}, {"timestamp": "yesterday"})) == "yesterday"
        assert rendered(template)(Line(NS, "", {}, {"timestamp": ""})) == ""


def test_the_error_of_a_line_is_a_label_too() -> None:
    line = Line(NS, "", {}, {})
    line.fail("JSONParserErr", "why")
    assert rendered("{{.__error__}}: {{ lower .__error_details__ }}")(line) == "JSONParserErr: why"


@pytest.mark.parametrize(
    ("template", "name", "words"),
    [
        ("{{.a}} {{.b", "line", "invalid line template: template: line:1: unclosed action"),
        ("{{ nofunc .a }}", "label", 'invalid template: template: label:1: function "nofunc" not defined'),
    ],
)
def test_what_cannot_be_read_refuses_the_query(template: str, name: str, words: str) -> None:
    with pytest.raises(QueryError) as caught:
        rendered(template, name)
    assert str(caught.value) == words


def test_data_made_before_is_what_a_template_sees() -> None:
    line = Line(NS, "", {}, {"user": "ana"})
    data = Data(line)
    line.assign("user", "raz")
    for template in ("{{.user}}", "{{ print .user }}"):
        assert over_data(template, "label")(line, data) == "ana"
        assert over_data(template, "label")(line, None) == "raz"


def test_fields() -> None:
    assert fields("{{.a}} {{ if .b }}{{ upper .c }}{{ end }}") == ["a", "b", "c"]


@given(st.text(alphabet='{}.|()"` ausertimeprintlower-:=$5', max_size=60))
def test_hostile_templates_end_in_one_of_three_ways(text: str) -> None:
    try:
        made = rendered("{{" + text)
    except QueryError:
        return
    try:
        assert isinstance(made(Line(NS, "text", {}, {"user": "ana"})), str)
    except TemplateError as error:
        assert 'executing "line" at <' in str(error)
