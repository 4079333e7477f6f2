"""The life of an alert: the tables of cases/life.yml, and what must hold for any course of events."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from whodid.model.clock import SECOND
from whodid.rules.state import Sample, Tracked, advance, as_alert, fingerprint, hit, quieten

MINUTE = 60 * SECOND
CASES = yaml.safe_load((Path(__file__).parent / "cases" / "life.yml").read_text())
SAMPLE = Sample({"alertname": "A"}, {"summary": "s"}, 3.0)


def states(holds: str, for_ns: int, keep_ns: int) -> str:
    tracked: Tracked | None = None
    out = ""
    for minute, mark in enumerate(holds):
        sample = SAMPLE if mark == "x" else None
        tracked = advance(tracked, sample, minute * MINUTE, for_ns, keep_ns)
        out += tracked.state[0] if tracked else "i"
        if tracked is not None and tracked.state == "resolved":
            tracked = None
    return out


@pytest.mark.parametrize("case", CASES, ids=[case["holds"] for case in CASES])
def test_case(case: dict[str, str | int]) -> None:
    assert states(str(case["holds"]), int(case["for"]) * MINUTE, int(case["keep"]) * MINUTE) == case["states"]


@given(st.text(alphabet="x.", max_size=30), st.integers(0, 4), st.integers(0, 4))
def test_any_course(holds: str, wait: int, keep: int) -> None:
    course = states(holds, wait * MINUTE, keep * MINUTE)
    for n, state in enumerate(course):
        before = course[n - 1] if n else "i"
        assert state in {"i": "ipf", "p": "ipf", "f": "fr", "r": "ipf"}[before]
        # Whoever fires has held for the whole time before, or fired already.
        if state == "f" and before != "f":
            assert holds[n - wait : n + 1] == "x" * (wait + 1)


def test_a_firing_alert_keeps_its_beginning_and_takes_the_newest_value() -> None:
    first = advance(None, SAMPLE, 100)
    assert first is not None
    second = advance(first, SAMPLE._replace(value=9.0), 200)
    assert second is not None
    assert (second.active_at_ns, second.value) == (100, 9.0)
    ended = advance(second, None, 300)
    assert ended is not None
    alert = as_alert(ended)
    assert (alert.state, alert.starts_at_ns, alert.ends_at_ns) == ("resolved", 100, 300)


def test_an_instant_alert_lives_until_it_is_quiet() -> None:
    first = hit(None, SAMPLE, line_ns=90, now_ns=100)
    assert (first.state, first.active_at_ns) == ("firing", 90)
    again = hit(first, SAMPLE, line_ns=150, now_ns=160)
    assert again.active_at_ns == 90
    assert quieten(again, 160 + MINUTE - 1, MINUTE) == again
    assert quieten(again, 160 + MINUTE, MINUTE).state == "resolved"


def test_fingerprints_tell_label_sets_apart() -> None:
    assert fingerprint({"a": "1", "b": "2"}) == fingerprint({"b": "2", "a": "1"})
    assert fingerprint({"a": "1"}) == "0e9c3156ac694b08", "alerts in the journals of users would lose their state"
    assert fingerprint({"a": "1b", "c": "2"}) != fingerprint({"a": "1", "bc": "2"})


@given(
    st.dictionaries(st.text(max_size=4), st.text(max_size=4)), st.dictionaries(st.text(max_size=4), st.text(max_size=4))
)
def test_only_equal_labels_share_a_fingerprint(left: dict[str, str], right: dict[str, str]) -> None:
    assert (fingerprint(left) == fingerprint(right)) == (left == right)
