"""Strict reading of YAML: whatever the text, mistakes are values with places inside the file."""

from hypothesis import given
from hypothesis import strategies as st

from whodid.document import Fields, compose, plain
from whodid.logql import parse
from whodid.rules.load import load_text


@given(st.text(alphabet=":-{}[]&*<|>#'\" \n\tgroupsnamealtx5m.", max_size=60))
def test_no_text_raises(text: str) -> None:
    loaded = load_text(text, "f.yml", parse)
    assert all(1 <= mistake.line <= text.count("\n") + 2 for mistake in loaded.mistakes)


def test_values_are_taken_as_written() -> None:
    document = compose("texts: {a: 1, b: true, c: 01, d: }\nd: 1h\nn: 2.5\nflag: yes\n", "f")
    assert document.root is not None
    fields = Fields(document, document.root, "a thing", ("texts", "d", "n", "flag"))
    assert plain(fields.texts("texts")) == {"a": "1", "b": "true", "c": "01", "d": ""}
    assert fields.duration_ns("d") == 3600 * 10**9
    assert fields.number("n") == 2.5
    assert fields.flag("flag") is None
    assert [str(mistake) for mistake in document.mistakes] == ["f:4:7: flag must be true or false"]


def test_a_list_that_contains_itself_ends() -> None:
    assert load_text("&a [*a]", "f.yml", parse).mistakes
    assert load_text("groups: &a {<<: *a}", "f.yml", parse).mistakes
