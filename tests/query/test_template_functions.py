"""Every function of Loki's templates: the cases of template_functions.yml, and that none is without a case."""

import contextlib
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from whodid.query.line import Line
from whodid.query.template import rendered
from whodid.query.template_functions import FUNCTIONS
from whodid.templates.errors import TemplateError
from whodid.templates.function import Function

CASES = yaml.safe_load((Path(__file__).parent / "template_functions.yml").read_text())
NS = 1_767_607_200_500_000_000
TEXT = '{"a": {"b": 2.5}, "list": [1, "x"]}'
LABELS = {
    "user": "ana", "email": "ana@example.org", "level": "error", "n": "5", "took": "1.5s", "size": "7MB",
    "msg": "db retry", "multi": "a\nb", "heb": "שלום",
}  # fmt: skip


@pytest.mark.parametrize(("template", "expected"), CASES, ids=[case[0][:50] for case in CASES])
def test_case(template: str, expected: str) -> None:
    if not expected.startswith("! "):
        assert rendered(template, "t")(Line(NS, TEXT, {}, LABELS)) == expected
        return
    with pytest.raises(TemplateError) as caught:
        rendered(template, "t")(Line(NS, TEXT, {}, LABELS))
    assert expected[2:] in str(caught.value)


def test_every_function_has_a_case() -> None:
    text = " ".join(template for template, _ in CASES)
    assert [name for name in FUNCTIONS if name not in text] == []


VALUES = st.one_of(
    st.text(max_size=12),
    st.integers(-5, 10**20),
    st.floats(),
    st.none(),
    st.booleans(),
    st.just([1]),
    st.just({"a": 1}),
)
BY_TYPE = {"string": st.text(max_size=20), "int": st.integers(-9, 9), "float64": st.floats(), "interface {}": VALUES}


@given(st.data())
def test_no_function_raises_but_its_failure(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(name for name, f in FUNCTIONS.items() if "time.Time" not in f.takes)))
    called: Function = FUNCTIONS[name]
    takes = [*called.takes, *([called.rest] * 2 if called.rest else [])]
    arguments = [data.draw(BY_TYPE[kind]) for kind in takes]
    with contextlib.suppress(TemplateError):
        called.call(*([Line(NS, TEXT, {}, {})] if called.of_context else []), *arguments)
