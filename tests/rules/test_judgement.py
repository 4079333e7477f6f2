"""From rows to alerts: what names an instant alert, and that a line's text cannot pretend."""

import pytest

from whodid.logql import parse
from whodid.model.clock import SECOND
from whodid.model.result import Row
from whodid.rules.judgement import Surroundings, line_labels, line_turn
from whodid.rules.load import load_text

RULE = load_text(
    "groups: [{name: g, rules: [{alert: A, expr: '{job=\"x\"}', annotations: {s: '{{ $labels.line }}'}}]}]", "f", parse
)


def test_what_the_agent_states_wins_over_what_the_text_claims() -> None:
    row = Row(0, "text", {"job": "x"}, {"user": "raz", "line": "no"}, {"user": "somebody", "job": "y", "extra": "1"})
    assert line_labels(row) == {
        "job": "x",
        "user": "raz",
        "extra": "1",
        "line": "text",
        "timestamp": "1970-01-01T00:00:00Z",
    }


@pytest.mark.parametrize(
    ("ns", "told"),
    [
        (3, "1970-01-01T00:00:00Z"),
        (7 * SECOND + 999, "1970-01-01T00:00:07Z"),
        (7 * SECOND + 120_999_999, "1970-01-01T00:00:07.12Z"),
    ],
)
def test_annotations_tell_the_time_to_the_millisecond(ns: int, told: str) -> None:
    assert line_labels(Row(ns, "", {}, {}, {}))["timestamp"] == told


def test_the_newest_line_speaks_and_the_oldest_says_since_when() -> None:
    rule = RULE.checked().groups[0].rules[0]
    rows = [Row(ns, f"line {ns}", {"job": "x"}, {"pid": str(ns)}, {}) for ns in (5, 9, 2)]
    turn, after = line_turn(rule, {}, rows, 100, Surroundings(), 0)
    (tracked,) = after.values()
    assert (tracked.labels, tracked.value) == ({"alertname": "A", "job": "x"}, 3.0)
    assert tracked.annotations == {"s": "line 9"}
    assert (tracked.active_at_ns, tracked.last_true_ns) == (2, 100)
    assert turn.notice is not None
