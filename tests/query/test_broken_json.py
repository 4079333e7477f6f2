"""What is found in broken JSON, and the words for each fault."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.query import broken_json

FAULTS = [
    ("", "Value looks like object, but can't find closing '}' symbol", []),
    ("  ", "Value looks like object, but can't find closing '}' symbol", []),
    ("text", "Value looks like object, but can't find closing '}' symbol", []),
    ("{", "Malformed JSON error", []),
    ('{"a"', "Malformed JSON error", []),
    ('{"a', "Malformed JSON error", []),
    ('{"a" 1}', "Malformed JSON error", []),
    ('{"a":', "Malformed JSON error", []),
    ("{a:1}", "Value looks like object, but can't find closing '}' symbol", []),
    ('{"a\\q":1}', "Encountered an invalid escape sequence in a string", []),
    ('{"a":1,"b":x}', "Unknown value type", ["a=1"]),
    ('{"a":1,"b":tru}', "Unknown value type", ["a=1"]),
    ('{"a":1,"b":"x}', "Value is string, but can't find closing '\"' symbol", ["a=1"]),
    ('{"a":1,"b":[1,"]"}', "Value is array, but can't find closing ']' symbol", ["a=1"]),
    ('{"a":1,"b":{"c":"}"', "Value looks like object, but can't find closing '}' symbol", ["a=1"]),
    ('{"a":1,"b":{"c":"}', "Value looks like object, but can't find closing '}' symbol", ["a=1"]),
    ('{"a":1 "b":2}', "Value looks like object, but can't find closing '}' symbol", ["a=1"]),
    ('{"a":1', "Value is array, but can't find closing ']' symbol", ["a=1"]),
    ('{"a":1,', "Value is array, but can't find closing ']' symbol", ["a=1"]),
    ('{"a":{"b":1,"c":-x,"d":nul},"e":2}', "Unknown value type", ["a.b=1", "a.c=-x"]),
    ('{"a":' * 100, "Value looks like object, but can't find closing '}' symbol", []),
]


def found(text: str) -> list[str]:
    out: list[str] = []

    def keep(above: tuple[str, ...], member: broken_json.Member) -> bool:
        out.append(".".join((*above, member.key)) + "=" + member.raw)
        return True

    broken_json.leaves(text, keep)
    return out


@pytest.mark.parametrize(("text", "fault", "before"), FAULTS)
def test_faults(text: str, fault: str, before: list[str]) -> None:
    out: list[str] = []
    with pytest.raises(broken_json.Fault) as caught:
        broken_json.leaves(text, lambda above, m: out.append(".".join((*above, m.key)) + f"={m.raw}") is None)
    assert (str(caught.value), out) == (fault, before)


def test_what_json_would_refuse_and_this_reads() -> None:
    assert found('{"a": 1x2, "b": -, "c": "raw\ttab", "d": [no], "e": "}"} and more') == [
        "a=1x2", "b=-", "c=raw\ttab", "d=[no]", "e=}",
    ]  # fmt: skip


def test_it_stops_when_told() -> None:
    assert not broken_json.leaves('{"a": {"b": 1}, "c": !', lambda above, member: False)


def test_depth_is_bounded() -> None:
    deep = '{"a":' * 70 + "1" + "}" * 70
    with pytest.raises(broken_json.Fault, match="Malformed JSON error"):
        found(deep)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("plain", "plain"),
        (r"\"\\\/\b\f\n\r\t", '"\\/\b\f\n\r\t'),
        (r"\u05e9\ud83d\ude80", "ש🚀"),
        (r"\ud83d", None),
        (r"\ude80x", None),
        (r"\q", None),
        (r"\u12", None),
        ("\\", None),
    ],
)
def test_escapes(raw: str, text: str | None) -> None:
    assert broken_json.unescaped(raw) == text


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner), max_leaves=8
)


@given(st.dictionaries(st.text(), _VALUES))
def test_sound_json_is_read_like_json(value: dict[str, object]) -> None:
    def rebuilt(text: str) -> dict[str, object]:
        out: dict[str, object] = {}
        for member in broken_json.members(text):
            if member.kind == "string":
                out[member.key] = broken_json.unescaped(member.raw)
            else:
                out[member.key] = rebuilt(member.raw) if member.kind == "object" else json.loads(member.raw)
        return out

    assert rebuilt(json.dumps(value)) == value
    assert rebuilt(json.dumps(value, ensure_ascii=False)) == value


@given(st.text(alphabet='{}[]",:\\ab1 ', max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found("{" + text)
    except broken_json.Fault as fault:
        assert str(fault)
