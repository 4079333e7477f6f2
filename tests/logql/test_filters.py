"""The grammar of conditions, read on its own: it stops where the condition ends. Meanings are in grammar.cases."""

import pytest
from hypothesis import given

from kit.logql_trees import patient, predicates
from whodid.logql import ast, print_selector
from whodid.logql.cursor import Cursor
from whodid.logql.filters import number, predicate, selector
from whodid.logql.print_stages import print_predicate


@patient()
@given(predicates)
def test_every_predicate_survives_the_text(tree: ast.Predicate) -> None:
    assert predicate(Cursor(print_predicate(tree))) == tree


@pytest.mark.parametrize(
    ("text", "canonical", "stops_at"),
    [
        ('x="1" | y="2"', 'x="1"', "|"),
        ("x=1 [5m]", "x = 1", "RANGE"),
        ("(x=1) y=2 ) or", "x = 1 and y = 2", ")"),
        ("x=1, (y=2 or z=3)", "x = 1 and (y = 2 or z = 3)", "$end"),
        ("x=1 and y=2, z=3 or w=4", "x = 1 and (y = 2 and (z = 3 or w = 4))", "$end"),
    ],
)
def test_where_a_condition_ends(text: str, canonical: str, stops_at: str) -> None:
    cursor = Cursor(text)
    assert print_predicate(predicate(cursor)) == canonical
    assert cursor.kind == stops_at


def test_a_selector_ends_at_its_brace() -> None:
    cursor = Cursor('{a="b"} {c="d"}')
    assert print_selector(selector(cursor)) == '{a="b"}'
    assert cursor.kind == "{"


@pytest.mark.parametrize(("text", "value"), [("5", 5), ("-5", -5), ("+5", 5), ("- .5", -0.5)])
def test_signs(text: str, value: float) -> None:
    assert number(Cursor(text)) == value
