"""Every spelling of a key that becomes a name is found."""

import json

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from whodid.query.columns.key_text import HIDDEN, core, json_spelling, logfmt_spelling
from whodid.query.labels_text import sanitized

NAMES = ("level", "a_b", "request_id_2")


@given(
    st.sampled_from(NAMES),
    st.sampled_from(["-", " ", ".", "_", "é", "\n", '"', "/", "\\"]),
    st.sampled_from(["", " ", "\t", "\u00a0"]),
)
def test_in_json(name: str, other: str, space: str) -> None:
    key = space + name.replace("_", other) + space
    assert sanitized(key) == name
    for text in (json.dumps({key: 1}), json.dumps({key: 1}, ensure_ascii=False)):
        assert core(name) in text
        assert re2.search(json_spelling(name), text) or re2.search(HIDDEN, text)


@pytest.mark.parametrize("text", ['{"request": {"id-2": 1}}', '{"request_id" : {"2": 1}}', '{"": {"request_id_2": 1}}'])
def test_nested(text: str) -> None:
    assert re2.search(json_spelling("request_id_2"), text)


@pytest.mark.parametrize("text", ["level=1", "x=1 level", 'x="a"level=1', " \u00a0level=", "\tlevel\u00a0=1"])
def test_in_logfmt(text: str) -> None:
    assert re2.search(logfmt_spelling("level"), text)
    assert not re2.search(logfmt_spelling("level"), text.replace("level", "levels"))
