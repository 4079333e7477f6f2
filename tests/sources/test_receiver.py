"""A record as a line of an inbox: what the format `received` reads is what was received."""

from hypothesis import given
from hypothesis import strategies as st

from whodid.formats import FormatSettings, make_format
from whodid.sources.receiver import Received, encode

TEXT = st.text(max_size=30)
WORDS = st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=9)


@given(st.text(alphabet=st.characters(codec="utf-8")), st.integers(0, 1 << 62), st.dictionaries(WORDS, WORDS))
def test_the_format_reads_what_was_written(line: str, ns: int, texts: dict[str, str]) -> None:
    record = Received(line, ns, labels=texts, attributes=texts, discovered={"__x": "y"}, cursor="c")
    data = encode(record)
    assert data.count(b"\n") == 1
    assert data.endswith(b"\n")
    log = make_format("received", FormatSettings(redact=str))
    parsed = log.parse(data.decode().rstrip("\n"))
    assert (parsed.line, dict(parsed.labels or {})) == (line, texts)
    assert texts.items() <= parsed.attributes.items()


@given(TEXT, TEXT)
def test_any_text_is_one_line_of_utf_8(line: str, other: str) -> None:
    data = encode(Received(line, None, {other: line}, {line: other}, {}, other))
    assert data.count(b"\n") == 1
    data.decode("utf-8")
