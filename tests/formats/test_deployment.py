"""Deployments and events as people tell them: what is taken, what is refused, and in which words."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.formats.deployment import BadEvent, checked, event_line, read_deployment

AT = 1_795_500_000 * 10**9


@pytest.mark.parametrize(
    ("told", "attributes", "ns"),
    [
        (
            {"who": "noa", "what": "shop", "version": "1.4.2", "status": "success"},
            {"user": "noa", "service": "shop", "version": "1.4.2", "status": "success", "outcome": "completed"},
            None,
        ),
        (
            {"service": "shop", "version": 7, "hot": True, "x": None},
            {"service": "shop", "version": "7", "hot": "true"},
            None,
        ),
        ({"service": "shop", "version": 1.4, "what": "other"}, {"service": "shop", "version": "1.4"}, None),
        ({"service": "shop", "outcome": "Failed"}, {"service": "shop", "outcome": "failed"}, None),
        ({"service": "shop", "outcome": "rollback"}, {"service": "shop", "outcome": "rolled_back"}, None),
        ({"service": "shop", "status": "in_progress"}, {"service": "shop", "status": "in_progress"}, None),
        ({"service": "shop", "at": 1795500000}, {"service": "shop"}, AT),
        ({"service": "shop", "at": 1795500000.25}, {"service": "shop"}, AT + 250_000_000),
        ({"service": "shop", "at": "2026-11-24T06:00:00Z"}, {"service": "shop"}, AT),
        ({"service": "shop", "operation": "TRUNCATE"}, {"service": "shop"}, None),
        (
            {"service": "shop", "message": "to postgres://shop:h0rse-staple@db/shop"},
            {"service": "shop", "message": "to postgres://shop:<redacted:password>@db/shop"},
            None,
        ),
        (
            {"service": "shop", "db_password": "h0rse", "api_key": 1234567, "page_token": "2"},
            {"service": "shop", "db_password": "<redacted:password>", "api_key": "<redacted:token>", "page_token": "2"},
            None,
        ),
    ],
)
def test_what_is_taken(told: dict[str, Any], attributes: dict[str, str], ns: int | None) -> None:
    found = read_deployment(json.dumps(told).encode())
    assert found.attributes == {"operation": "deploy", **attributes}
    assert found.ns == ns


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the body is no JSON: "),
        (b"{", "the body is no JSON: "),
        (b"[]", "the body must be a JSON object"),
        (b"{}", 'give "service"'),
        (b'{"service": {}}', "'service' must be a text or a number"),
        (b'{"service": "x", "tags": ["a"]}', "'tags' must be a text or a number"),
        (b'{"service": "x", "outcome": "so-so"}', "outcome 'so-so' is not known: say completed, failed or rolled_back"),
        (b'{"service": "x", "a b": "y"}', "'a b' is no name of an attribute"),
        (b'{"service": "x", "at": "soon"}', "at 'soon' is no instant"),
        (b'{"service": "x", "at": "9999-99-99T00:00:00Z"}', "is no instant"),
        (b'{"service": "x", "at": -1}', "at '-1' is no instant"),
        (b'{"service": "x", "at": 1e300}', "is no instant"),
        (json.dumps({"service": "x" * 5000}).encode(), "service has 5000 characters; an attribute may have 4096"),
        (json.dumps({"service": "x", **{f"a{n}": "b" for n in range(50)}}).encode(), "may have 40 attributes, not 52"),
    ],
)
def test_what_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(BadEvent) as refused:
        read_deployment(body)
    assert words in str(refused.value) and len(str(refused.value)) < 200


@pytest.mark.parametrize("operation", ["", "a b", "1", "x" * 65, "a\n", "ä"])
def test_an_event_has_a_name(operation: str) -> None:
    with pytest.raises(BadEvent, match="is no name of an event"):
        checked(operation, {})


@given(st.dictionaries(st.from_regex(r"\A[a-z]{1,8}\Z"), st.text(), max_size=5))
def test_the_line_is_one_line_of_json(told: dict[str, str]) -> None:
    told.pop("outcome", None)
    attributes = checked("restored", told)
    line = event_line(attributes)
    assert "\n" not in line and "\x00" not in line
    found = json.loads(line)
    assert list(found) == list(attributes) and found["operation"] == "restored"


@given(st.binary(max_size=200) | st.from_regex(r'\A\{"service": .{0,40}\}\Z').map(str.encode))
def test_no_body_is_fatal(body: bytes) -> None:
    try:
        found = read_deployment(body)
    except BadEvent as e:
        assert str(e)
    else:
        assert found.attributes["operation"] == "deploy"
