"""by and without on label sets."""

from whodid.logql.ast import Grouping
from whodid.query.grouping import grouped

LABELS = {"a": "1", "b": "2"}


def test_grouping() -> None:
    assert grouped(None)(LABELS) == LABELS
    assert grouped(Grouping(("a", "x")))(LABELS) == {"a": "1"}
    assert grouped(Grouping(()))(LABELS) == {}
    assert grouped(Grouping(("a",), without=True))(LABELS) == {"b": "2"}
    assert grouped(Grouping((), without=True))(LABELS) == LABELS
