"""Functions of texts; each with its cases is in tests/query/template_functions.yml."""

from hypothesis import given
from hypothesis import strategies as st

from whodid.templates.texts import TEXTS, base64_decoded, replace


@given(st.binary(max_size=30))
def test_base64_reads_back(held: bytes) -> None:
    text = held.decode(errors="replace")
    assert base64_decoded(TEXTS["b64enc"].call(text)) == text


@given(st.text(alphabet="ab", max_size=8), st.text(alphabet="ab", max_size=2), st.integers(-1, 12))
def test_replace_is_gos(text: str, old: str, times: int) -> None:
    assert replace(text, old, "-", times) == text.replace(old, "-", times)
