"""Looking at everything: rarely where it costs much, at once where something has come or gone."""

from whodid.agent.rhythm import MOST_S, URGENT_MOST_S, Rhythm, Urgency


def test_what_costs_nothing_is_done_as_often_as_asked() -> None:
    rhythm = Rhythm(0.5)
    assert rhythm.is_due(0.0, blind=False)
    rhythm.took(0.0, 0.001)
    assert not rhythm.is_due(0.4, blind=False)
    assert rhythm.is_due(0.51, blind=False)


def test_what_costs_something_is_done_rarely_but_not_never() -> None:
    rhythm = Rhythm(0.5)
    rhythm.took(0.0, 0.03)
    due_s = {blind: next(s / 10 for s in range(1000) if rhythm.is_due(s / 10, blind)) for blind in (False, True)}
    assert due_s == {False: 6.1, True: 1.6}
    rhythm.took(100.0, 200.0)
    assert not rhythm.is_due(209.0, blind=True)
    assert rhythm.is_due(200.0 + MOST_S, blind=False)


def test_urgency_waits_only_after_something_that_cost() -> None:
    urgency = Urgency()
    assert urgency.may(0.0)
    urgency.took(0.0, 0.01)
    assert not urgency.may(1000.0)
    urgency.wanted = True
    assert [urgency.may(now_s) for now_s in (0.1, 0.22)] == [False, True]
    urgency.took(1.0, 500.0)
    urgency.wanted = True
    assert urgency.may(500.0 + URGENT_MOST_S)
