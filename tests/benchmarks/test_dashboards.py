"""What the dashboards ask, and when: evenly spread, whole, and in a language that the server speaks."""

from collections import Counter
from itertools import chain

from benchmarks.dashboards import DASHBOARDS, EVERY_S, LINES, LINES_PER_S, MIXES, arrivals, refreshes
from benchmarks.flat import QUESTIONS as FLAT
from benchmarks.queries import QUESTIONS
from whodid.logql.parser import parse


def test_each_dashboard_refreshes_whole_and_at_its_own_phase() -> None:
    found = Counter(deed.due_s for deed in refreshes(EVERY_S * 3))
    assert set(found.values()) == {len(MIXES[0])}
    assert len(found) == DASHBOARDS * 3
    assert max(found) < EVERY_S * 3


def test_every_mix_is_shown_equally_often() -> None:
    assert {len(mix) for mix in MIXES} == {len(MIXES[0])}
    assert DASHBOARDS % len(MIXES) == 0


def test_lines_are_due_when_the_last_of_their_body_was_written() -> None:
    deeds = arrivals(2, 1_800_000_000)
    assert len(deeds) == 2 * LINES_PER_S // LINES
    assert deeds[0].due_s == LINES / LINES_PER_S
    assert deeds[-1].due_s == 2.0


def test_all_that_is_asked_is_logql() -> None:
    queries = [panel.query for panel in chain(*MIXES) if panel.query]
    for query in [*queries, *(question.logql for question in chain(QUESTIONS, FLAT))]:
        parse(query)
