"""What the dashboards ask, and when: evenly spread, whole, and in a language that the server speaks."""

import time
from itertools import chain

import pytest

from benchmarks import dashboards
from benchmarks.bodies import make_stock
from benchmarks.client import Client
from benchmarks.dashboards import DASHBOARDS, LINES, LINES_PER_S, MIXES, Dashboard, Panel, arrivals
from benchmarks.flat import QUESTIONS as FLAT
from benchmarks.queries import QUESTIONS
from whodid.logql.parser import parse


def test_a_dashboard_refreshes_whole_and_leaves_out_what_comes_too_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboards, "EVERY_S", 0.2)
    slow = [0.5, 0.0]  # the first refresh takes until two more were due

    def ask(panel: Panel, client: Client) -> None:
        if panel is MIXES[0][0]:
            time.sleep(slow.pop(0) if slow else 0)

    monkeypatch.setattr(Panel, "ask", ask)
    dashboard = Dashboard(0)
    dashboard.show(1, time.monotonic(), 0.8)
    assert (len(dashboard.done), dashboard.left_out) == (2 * len(MIXES[0]), 2)
    assert {one.kind for one in dashboard.done} == {panel.kind for panel in MIXES[0]}
    assert max(one.took_s for one in dashboard.done) >= 0.5


def test_every_mix_is_shown_equally_often() -> None:
    assert {len(mix) for mix in MIXES} == {len(MIXES[0])}
    assert DASHBOARDS % len(MIXES) == 0


def test_lines_are_due_when_the_last_of_their_body_was_written() -> None:
    deeds = arrivals(make_stock(3 * LINES, LINES_PER_S, LINES), 1_800_000_000)
    assert [deed.due_s for deed in deeds] == [number * LINES / LINES_PER_S for number in (1, 2, 3)]


def test_all_that_is_asked_is_logql() -> None:
    queries = [panel.query for panel in chain(*MIXES) if panel.query]
    for query in [*queries, *(question.logql for question in chain(QUESTIONS, FLAT))]:
        parse(query)
