"""What GitHub's deliveries say: `github/*.json` hold an event, its payload as GitHub shapes it, and what must be read.

`says.attributes` are all attributes but `event` and `delivery`, which every delivery has; `says.at` is its instant.
"""

import json
import time
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from whodid.formats.github import _READERS, Delivery, read_delivery
from whodid.formats.github_digest import MOST_CHARS
from whodid.model.clock import format_rfc3339

SAMPLES = sorted((Path(__file__).parent / "github").glob("*.json"))
WORDS = ("deploy", "release")


def read(event: str, payload: object, words: tuple[str, ...] = WORDS) -> Delivery:
    return read_delivery(event, "guid", orjson.dumps(payload), words)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_what_a_delivery_says(path: Path) -> None:
    sample = json.loads(path.read_text())
    says, found = sample["says"], read(sample["event"], sample["payload"])
    assert found.attributes == {**says["attributes"], "event": sample["event"], "delivery": "guid"}
    assert found.repository == says["repository"]
    assert (None if found.ns is None else format_rfc3339(found.ns)) == says["at"]
    assert found.deployment == says.get("deployment", {})


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_line_is_short_json_that_says_who_and_where_first(path: Path) -> None:
    sample = json.loads(path.read_text())
    line = read(sample["event"], sample["payload"]).line
    told = json.loads(line)
    assert len(line) < min(4000, len(json.dumps(sample["payload"])))
    assert list(told)[:2] == ["event", "delivery"]
    assert told["event"] == sample["event"]
    if sample["payload"]["sender"]:
        assert line.index('"sender":') < 300
        assert told["sender"]["login"] == sample["payload"]["sender"]["login"]
    assert "api.github.com" not in line and "node_id" not in line


def test_every_event_that_has_a_reader_has_a_sample() -> None:
    assert set(_READERS) <= {json.loads(path.read_text())["event"] for path in SAMPLES}


def test_no_secret_passes() -> None:
    sample = json.loads((Path(__file__).parent / "github" / "push_with_secret.json").read_text())
    found = read("push", sample["payload"])
    assert "h0rse-staple" not in found.line + "".join(found.attributes.values())
    assert "db.internal" in found.line


def test_what_deploys_is_told_by_words_of_the_configuration() -> None:
    sample = json.loads((Path(__file__).parent / "github" / "workflow_run_tests.json").read_text())
    assert not read("workflow_run", sample["payload"], ()).deployment
    assert not read("workflow_run", sample["payload"], ("ship",)).deployment
    assert read("workflow_run", sample["payload"], ("TEST",)).deployment["workflow"] == "Tests"
    status = json.loads((Path(__file__).parent / "github" / "deployment_status_success.json").read_text())
    assert read("deployment_status", status["payload"], ()).deployment, "GitHub itself calls it a deployment"


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"a":"\\ud800"}'])
def test_what_is_no_json_object_is_kept_as_it_is(body: bytes) -> None:
    found = read_delivery("push", "guid", body)
    assert found.attributes == {"operation": "push", "event": "push", "delivery": "guid"}
    assert found.line == (body.decode("utf-8", "replace")[:MOST_CHARS] or "(empty)")


@pytest.mark.parametrize("event", ["", "Push", "push\n", "x" * 61, "../x", "1"])
def test_an_event_of_no_name_is_unknown(event: str) -> None:
    assert read(event, {}).attributes["operation"] == "unknown"


def test_an_action_that_is_no_word_is_left_out() -> None:
    assert read("issues", {"action": 'x"} OR 1'}).attributes["operation"] == "issues"


# ---- hostile ----


def large() -> dict[str, Any]:
    """What 25 MB can hold: everything too much of."""
    commit = {"id": "a" * 40, "message": "m" * 5000, "author": {"email": "e" * 3000}, "modified": ["p" * 200] * 20}
    return {
        "ref": "refs/heads/" + "r" * 100_000,
        "commits": [commit] * 2048,
        "sender": {"login": "l" * 100_000, "x": [{}] * 100_000},
        "repository": {"full_name": "f" * 100_000, "topics": ["t"] * 100_000},
        **{f"key{n}": n for n in range(100_000)},
    }


def test_a_large_payload_is_bounded_in_line_attributes_and_time() -> None:
    body = orjson.dumps(large())
    assert len(body) > 20_000_000
    began = time.process_time()
    found = read_delivery("push", "g" * 10_000, body)
    assert time.process_time() - began < 10, "0.3 s where it was written"
    assert len(found.line.encode()) < 2 * MOST_CHARS
    assert json.loads(found.line)["sender"]["login"].startswith("lll")
    assert all(len(text) <= 1100 for text in found.attributes.values())
    assert len(found.repository) <= 201
    assert found.attributes["commits"] == "2048"


def test_a_deep_payload_is_bounded() -> None:
    deep: Any = {"login": "x"}
    for _ in range(200):
        deep = {"a": [deep]}
    body = json.dumps({"action": "added", "member": deep, "sender": deep}).encode()
    found = read_delivery("member", "guid", body)
    assert "…" in found.line and len(found.line) < 1000
    assert found.attributes["operation"] == "member_added"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def mutations(draw: st.DrawFn) -> tuple[str, Any]:
    """A sample with anything in the place of some of its values."""
    sample = json.loads(draw(st.sampled_from(SAMPLES)).read_text())
    payload = sample["payload"]
    for _ in range(draw(st.integers(1, 4))):
        node = payload
        while node:
            name = draw(st.sampled_from(sorted(node)))
            if isinstance(node[name], dict) and node[name] and draw(st.booleans()):
                node = node[name]
                continue
            if draw(st.booleans()):
                node[name] = draw(json_values)
            else:
                del node[name]
            break
    return sample["event"], payload


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutations())
def test_no_shape_of_a_payload_is_fatal(case: tuple[str, Any]) -> None:
    event, payload = case
    found = read(event, payload)
    assert json.loads(found.line)["event"] == event
    for attributes in (found.attributes, found.deployment):
        assert all(isinstance(text, str) and text for text in attributes.values())
    assert found.attributes["operation"]
    assert found.ns is None or isinstance(found.ns, int)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(_READERS)), st.dictionaries(st.text(max_size=12), json_values, max_size=6))
def test_no_payload_is_fatal(event: str, payload: dict[str, Any]) -> None:
    assert json.loads(read(event, payload).line)["event"] == event
