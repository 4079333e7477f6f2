"""Values of templates as Go prints them; Sprintf's cases are templates (tests/query/template_functions.yml)."""

from whodid.templates.go_format import show


def test_other_values() -> None:
    assert show({"b": 1, "a": [True, None]}) == "map[a:[true <nil>] b:1]"
