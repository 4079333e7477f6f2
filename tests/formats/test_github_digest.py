"""What is kept of a payload: the evidence, and never more than fits."""

import json
from typing import Any

import pytest

from whodid.formats.github_digest import MOST_CHARS, MOST_ITEMS, cut, digest

ACCOUNT = {"login": "noa", "id": 7, "type": "User", "avatar_url": "x", "site_admin": False}


def kept(payload: dict[str, Any]) -> Any:
    return json.loads(digest(payload, lambda text: text.replace("hunter2", "<redacted>")))


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({"sender": ACCOUNT}, {"sender": {"login": "noa", "id": 7, "type": "User"}}),
        (
            {"repository": {"full_name": "a/b", "id": 1, "private": False, "owner": ACCOUNT, "size": 3}},
            {"repository": {"full_name": "a/b", "id": 1, "private": False}},
        ),
        ({"login": "top", "other": 1}, {"login": "top", "other": 1}),
        ({"hook": {"url": "x", "html_url": "y", "hooks_url": "z", "_links": {}}}, {"hook": {"html_url": "y"}}),
        ({"a": None, "b": "", "c": [], "d": {}, "e": False, "f": 0}, {"e": False, "f": 0}),
        ({"a": "pw hunter2", "hunter2": 1}, {"a": "pw <redacted>", "<redacted>": 1}),
        (
            {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": 1}}}}}}}}},
            {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": "…"}}}}}}}},
        ),
    ],
)
def test_what_is_kept(given: dict[str, Any], left: dict[str, Any]) -> None:
    assert kept(given) == left


def test_who_and_where_stand_in_front() -> None:
    payload = {"zebra": 1, "repository": {"full_name": "a/b"}, "sender": ACCOUNT, "action": "x", "event": "e"}
    assert list(kept(payload)) == ["event", "action", "sender", "repository", "zebra"]


def test_of_long_lists_the_beginning_is_kept_and_the_rest_counted() -> None:
    found = kept({"a": [1] * 1000})["a"]
    assert (len(found), found[-1]) == (MOST_ITEMS + 1, f"… {1000 - MOST_ITEMS} more")


@pytest.mark.parametrize(
    "payload",
    [
        {"a": ["x" * 900] * 90},
        {str(n): "x" * 100 for n in range(10_000)},
        {"x" * 10_000 + str(n): None for n in range(1000)},
        {"a": [{"b": ["y" * 999] * 99}] * 99},
    ],
    ids=["texts", "keys", "empty keys", "nested"],
)
def test_no_line_is_longer_than_it_may_be(payload: dict[str, Any]) -> None:
    line = digest(payload, str)
    assert len(line) < MOST_CHARS + 5000
    assert "more" in line


def test_a_secret_is_masked_before_a_text_is_cut() -> None:
    assert cut("x" * 995 + "hunter2", lambda text: text.replace("hunter2", "*")) == "x" * 995 + "*"
    assert cut("x" * 999 + "hunter2", lambda text: text.replace("hunter2", "*")) == "x" * 999 + "*"
    assert cut("x" * 5000, str) == "x" * 1000 + "…"
    assert cut("x" * 50_000, lambda text: "*") == "*…", "what was not searched is not kept"
