"""Templates: the cases of cases/templates.yml, and properties: no text raises, no label is read as a template."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from whodid.rules.template import TemplateData, check, expand

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "templates.yml").read_text())
LABELS = {"job": "database", "client": "10.0.0.7", "user": "raz", "n": "2048", "empty": ""}
DATA = TemplateData(LABELS, 177.5, {"cluster": "x"}, "http://h:1/logs")


@pytest.mark.parametrize(("template", "expected"), CASES, ids=[case[0][:50] for case in CASES])
def test_case(template: str, expected: str) -> None:
    found = expand(template, DATA)
    if expected.startswith("<error"):
        assert found.startswith(expected)
        assert found.endswith(">")
    else:
        assert found == expected
        assert check(template) is None


@given(st.text(alphabet='{}$.|()"`labelsvuprintf%d -:=05', max_size=50))
def test_no_template_raises(text: str) -> None:
    assert isinstance(expand("{{" + text, DATA), str)
    assert isinstance(expand(text, DATA), str)


@given(st.text(max_size=40))
def test_a_label_is_never_read_as_a_template(value: str) -> None:
    assert expand("{{ $labels.user }}", TemplateData({"user": value + "{{ $value }}"}, 1.0)) == value + "{{ $value }}"


def test_check_refuses_unknown_functions_and_broken_syntax() -> None:
    assert check("{{ nosuch }}") == 'not a valid template: alert:1: function "nosuch" not defined'
    assert check("\n{{ if (nosuch 1) }}{{ end }}") == 'not a valid template: alert:2: function "nosuch" not defined'
    assert check("{{ $x") == "not a valid template: alert:1: unclosed action"
    assert check("{{ $x }}") == 'not a valid template: alert:1: undefined variable "$x"'
    assert check('{{ query "up" }}') is None
