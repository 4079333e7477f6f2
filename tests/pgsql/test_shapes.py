"""Texts of one shape have one answer: which texts share a shape, and that what is remembered for one is true of all."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.pgsql import Shapes, classify, logging_change, most_dangerous, shape_of, worst_of
from whodid.pgsql.shapes import decides

ALIKE = [
    ("SELECT 1", "SELECT 2"),
    ("SELECT * FROM t WHERE id = '197b7b' AND n = 5", "SELECT * FROM t WHERE id = 'x y; DROP TABLE t' AND n = 6"),
    ("INSERT INTO t VALUES ('a', 'it''s', '')", "INSERT INTO t VALUES ('', '''', 'b')"),
    ("UPDATE t SET a = 'x' WHERE b = '--'", "UPDATE t SET a = '/*' WHERE b = '$$'"),
    ("SELECT a AS b FROM t WHERE c = 'x'", "SELECT a AS b FROM t WHERE c = 'SET log_statement = none'"),
]
NOT_ALIKE = [
    ("DELETE FROM t1", "DELETE FROM t2", "a digit in a name"),
    ('DELETE FROM "a 1"', 'DELETE FROM "a 2"', "a digit in quotation marks"),
    ("SELECT E'a' FROM t", "SELECT E'\\' FROM t", "another kind of constant"),
    ("DO 'SELECT 1'", "DO 'SET log_statement = none'", "a program in a string"),
    ("DO 'SELECT a'", "DO 'TRUNCATE a'", "a program in a string"),
    ("SELECT set_config('a', 'b', true)", "SELECT set_config('log_statement', 'b', true)", "the name of a setting"),
    ("EXECUTE 'SELECT 1'", "EXECUTE 'TRUNCATE t'", "a statement in a string"),
    ("COPY t FROM PROGRAM 'ls'", "COPY t FROM PROGRAM 'rm'", "left to the grammar"),
    ("SELECT 'a' -- 'b'", "SELECT 'a' -- '; TRUNCATE t", "a comment"),
    ("SELECT $a$ 'x' $a$", "SELECT $a$ 'y $a$; TRUNCATE t; --'", "a dollar quote"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_texts_that_are_judged_together(one: str, other: str) -> None:
    assert shape_of(one.encode()) == shape_of(other.encode())
    assert decides(one) and decides(other)


@pytest.mark.parametrize(("one", "other", "why"), NOT_ALIKE)
def test_texts_that_are_judged_by_themselves(one: str, other: str, why: str) -> None:
    assert not decides(one) or shape_of(one.encode()) != shape_of(other.encode()), why


def test_a_shape_is_judged_once() -> None:
    asked: list[str] = []
    shapes = Shapes(lambda text: asked.append(text) or text, most=10, longest=100)
    assert shapes.of("SELECT 'a'") == shapes.of("SELECT 'b'") == "SELECT 'a'"
    assert asked == ["SELECT 'a'"]
    assert shapes.of("DELETE FROM t1") == shapes.of("DELETE FROM t1") == "DELETE FROM t1"
    assert shapes.of("DELETE FROM t2") == "DELETE FROM t2"
    assert asked[1:] == ["DELETE FROM t1", "DELETE FROM t2"]
    assert shapes.of("WITH a AS (SELECT 'k') SELECT 7") == shapes.of("WITH a AS (SELECT 'k') SELECT 8")
    assert len(asked) == 4


def test_what_is_remembered_is_bounded() -> None:
    shapes = Shapes(len, most=3, longest=20)
    for number in range(50):
        shapes.of(f"TRUNCATE {'t' * number}")
        shapes.of(f"DELETE FROM t{number}")
        shapes.of(f"WITH {'t' * number} '")
        assert len(shapes) <= 3 and len(shapes._whole) <= 3 and len(shapes._by_digits) <= 3
    assert max(map(len, shapes)) <= 20


def test_no_answer_is_not_remembered() -> None:
    asked: list[str] = []
    shapes: Shapes[str] = Shapes(lambda text: asked.append(text), most=3, longest=20)
    assert shapes.of("SELECT 1") is shapes.of("SELECT 1") is None
    assert len(asked) == 2


_BEGINNINGS = ("SELECT a FROM t WHERE b = ", "DELETE FROM t WHERE b = ", "UPDATE t SET a = ", "INSERT INTO t VALUES (")
_PIECES = ("'", "'", "'", "''", '"', "--", "/*", "*/", ";", "E", "U&", "$$", "\\", " ", ",", "a", "1", "f7", "= ", "\n",
           " AS ", " DO ", "TRUNCATE u", "set_config(", "log_statement", "SET log_statement = 0", ")")  # fmt: skip
TEXTS = st.builds(
    lambda beginning, pieces: beginning + "".join(pieces),
    st.sampled_from(_BEGINNINGS),
    st.lists(st.sampled_from(_PIECES), max_size=14),
)
INSIDES = st.lists(st.sampled_from(("a", "0", "log_statement", "SET log_statement = 0", "TRUNCATE t", '"', "--", "\\")))


@given(TEXTS, st.lists(INSIDES, min_size=8, max_size=8), st.integers(0, 9))
def test_what_decides_is_true_of_the_whole_shape(text: str, insides: list[list[str]], digit: int) -> None:
    if not decides(text):
        return
    pieces = text.split("'")
    pieces[1::2] = ["".join(inside) for inside in insides[: len(pieces) // 2]] + pieces[1::2][len(insides) :]
    pieces[::2] = [re.sub("[0-9]", str(digit), piece) for piece in pieces[::2]]
    other = "'".join(pieces)
    assert shape_of(other.encode()) == shape_of(text.encode())
    assert logging_change(other) == logging_change(text)
    one, another = most_dangerous(classify(text)), most_dangerous(classify(other))
    assert (one.operation, one.objects) == (another.operation, another.objects)
    assert worst_of(text) == worst_of(other)
