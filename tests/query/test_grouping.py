"""by and without on label sets, and the series of lines."""

from whodid.logql.ast import Grouping
from whodid.query.grouping import grouped, series_of
from whodid.query.line import Line

LABELS = {"a": "1", "b": "2"}


def test_grouping() -> None:
    assert grouped(None)(LABELS) == LABELS
    assert grouped(Grouping(("a", "x")))(LABELS) == {"a": "1"}
    assert grouped(Grouping(()))(LABELS) == {}
    assert grouped(Grouping(("a",), without=True))(LABELS) == {"b": "2"}
    assert grouped(Grouping((), without=True))(LABELS) == LABELS


def test_the_series_of_a_line() -> None:
    line = Line(0, "", {"job": "db"}, {"b": "2", "empty": ""})
    line.extract("a", "1")
    line.fail("JSONParserErr", "why")
    for by in (Grouping(("b", "a", "b", "empty", "absent")), Grouping(("__error__",)), Grouping(("job",), True), None):
        assert dict(series_of(by)(line)) == grouped(by)(line.labels())
    assert series_of(Grouping(("b", "a")))(line) == (("a", "1"), ("b", "2"))


def test_an_empty_label_is_one_but_for_an_outer_without() -> None:
    line = Line(0, "", {"job": "db"}, {})
    line.extract("a", "")
    assert series_of(Grouping(("a", "b")))(line) == (("a", ""),)
    assert series_of(Grouping(("job",), True))(line) == (("a", ""),)
    assert series_of(Grouping(("job",), True), outer=True)(line) == ()
