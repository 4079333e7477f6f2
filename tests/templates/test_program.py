"""The language as a whole: language.yml; that hostile templates end soon and fail in one way; and their bounds."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from whodid.templates.errors import TemplateError
from whodid.templates.go_time import GoTime
from whodid.templates.program import compiled
from whodid.templates.run import MAX_ROUNDS
from whodid.templates.values import MAX_CHARS, StringMap

CASES = yaml.safe_load((Path(__file__).parent / "language.yml").read_text())
DATA = StringMap({"level": "error", "n": "5", "msg": "hello wörld", "empty": ""})
JSON = {"a": {"b": [1.0, "x", None]}, "n": 2.5, "none": None}
TIME = GoTime(1_767_607_200, 500_000_000)


def run(text: str) -> str:
    return compiled(text, "t", {}, ("$json", "$time")).run(DATA, None, (JSON, TIME))


@pytest.mark.parametrize(("template", "expected"), CASES, ids=[case[0][:50] for case in CASES])
def test_case(template: str, expected: str) -> None:
    if expected.startswith("! "):
        with pytest.raises(TemplateError) as caught:
            run(template)
        assert str(caught.value) == expected[2:]
    else:
        assert run(template) == expected


PIECES = (
    *("{{", "}}", "{{-", "-}}", "if", "else", "end", "range", "with", "break", "continue", "nil", "true", "{{/*", "*/"),
    *(".", ".n", ".a.b", "$", "$x", ":=", "=", "|", "(", ")", ",", '"', "`", "'", '"a"', "`b`", "5", "-1.5", "0x", " "),
    *("print", "printf", "index", "len", "eq", "slice", "and", "html", "$json", "$time.Unix", "%d", "\n", "ü", "\\"),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_no_template_crashes_or_hangs(text: str) -> None:
    try:
        assert isinstance(run("{{" + text), str)
    except TemplateError as error:
        assert str(error).startswith("template: t:")


@given(st.text(max_size=60))
def test_text_without_actions_is_itself(text: str) -> None:
    plain = text.replace("{{", "{ {")
    assert run(plain) == plain


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (f"{{{{ range {MAX_ROUNDS + 1} }}}}{{{{ end }}}}", f"more than {MAX_ROUNDS} rounds"),
        ("{{ range 1000 }}{{ range 1000 }}{{ end }}{{ end }}", f"more than {MAX_ROUNDS} rounds"),
        ('{{ $x := "aaaaaaaa" }}{{ range 40 }}{{ $x = print $x $x }}{{ end }}', "would be longer than"),
        ('{{ printf "%.999f" 1.5 }}', "the precision 999 is too large"),
        ('{{ $x := printf "%1000000d" 1 }}{{ $x }}{{ $x }}', "would be longer than"),
        ('{{ range 9999 }}{{ $x := printf "%9999d" 1 }}{{ end }}', "the text grows too large"),
        ("(" * 50 + "{{ " + "(" * 500, "nested more than 100 levels deep"),
        ("{{ if 1 }}" * 500, "nested more than 100 levels deep"),
        ("{{ if 0 }}" + "{{ else if 0 }}" * 500 + "{{ end }}", "nested more than 100 levels deep"),
    ],
)
def test_bounds(template: str, words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        run(template)
    assert MAX_CHARS >= 1 << 20


def test_a_function_gets_its_context() -> None:
    from whodid.templates.function import function

    table = {"who": function(lambda context, text: context + text, "string", of_context=True)}
    assert compiled('{{ who "!" }}', "t", table).run({}, "ana") == "ana!"


def test_runs_are_apart() -> None:
    made = compiled("{{ if .a }}{{ $x := .a }}{{ $x }}{{ end }}", "t", {})
    assert [made.run(StringMap(a=text)) for text in ("1", "", "2")] == ["1", "", "2"]
