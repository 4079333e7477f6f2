"""Events out of an answer that was cut anywhere. (What becomes of each kind: test_docker.py.)"""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.sources.docker_events import EventReader, read_event


def event(action: str, number: int = 5, **attributes: str) -> bytes:
    actor = {"ID": "ab" * 32, "Attributes": {"name": "box", **attributes}}
    return json.dumps({"Type": "container", "Action": action, "Actor": actor, "timeNano": number}).encode()


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=9)), st.lists(st.integers(0, 999), max_size=9))
def test_any_cut_gives_the_same_events(actions: list[str], cuts: list[int]) -> None:
    data = b"".join(event(action, number) + b"\n" for number, action in enumerate(actions))
    reader = EventReader()
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    found = [one for a, b in pairwise(edges) for one in reader.feed(data[a:b])]
    assert [one.ns for one in found] == list(range(len(actions)))
    assert reader.malformed == 0


def test_a_command_with_colons_stays_whole() -> None:
    found = read_event(event('exec_start: sh -c "echo a: b"'))
    assert found is not None
    assert (found.operation, found.command) == ("exec_start", 'sh -c "echo a: b"')


@pytest.mark.parametrize(("code", "outcome"), [("0", "completed"), ("137", "failed")])
def test_how_it_ended(code: str, outcome: str) -> None:
    found: Any = read_event(event("die", exitCode=code))
    assert found.record("c").attributes["outcome"] == outcome


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[]", b"5", b'{"timeNano":"5"}', b'{"timeNano":5,"Action":"x","Actor":[]}', b"[" * 100_000]
)
def test_what_is_no_event(line: bytes) -> None:
    assert read_event(line) is None


def test_memory_is_bounded() -> None:
    reader = EventReader()
    for _ in range(50):
        assert reader.feed(b"x" * 100_000) == []
        assert len(reader._data) <= 1 << 20
    assert reader.malformed > 0
