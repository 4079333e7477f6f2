"""The classifier against classify.cases (add yours there), and the properties that hold for any text."""

import gc
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.pgsql import DANGEROUS, Statement, classify, most_dangerous, worst_of
from whodid.pgsql.classify import _by_grammar
from whodid.pgsql.shortcut import quick_judgement

EXPECTED = re.compile(r"=> ([A-Z ]+) \((.*)\)((?: (?:where|heuristic|opaque))*)")


def cases() -> list[tuple[str, list[str]]]:
    text = (Path(__file__).parent / "classify.cases").read_text(encoding="utf-8")
    found = []
    for block in text.split("\n---\n"):
        lines = [line for line in block.split("\n") if not line.startswith("# ")]
        sql = "\n".join(line for line in lines if not line.startswith("=> "))
        found.append((sql[: sql.index("~")] if "~" in sql else sql, [line for line in lines if line.startswith("=> ")]))
    return found


def shown(statement: Statement) -> str:
    flags = " where" * statement.has_where
    flags += f" {statement.certainty}" if statement.certainty != "certain" else ""
    return f"=> {statement.operation} ({', '.join(statement.objects)}){flags}"


@pytest.mark.parametrize(("sql", "expected"), cases(), ids=lambda value: value[:40] if isinstance(value, str) else "")
def test_case(sql: str, expected: list[str]) -> None:
    assert all(EXPECTED.fullmatch(line) for line in expected), "the case itself is written wrongly"
    assert [shown(statement) for statement in classify(sql)] == expected


def test_there_are_many_cases() -> None:
    assert len(cases()) >= 120


@pytest.mark.parametrize(("sql", "expected"), cases(), ids=lambda value: value[:40] if isinstance(value, str) else "")
def test_the_quick_answer_is_the_same(sql: str, expected: list[str]) -> None:
    worst = most_dangerous(classify(sql))
    assert worst_of(sql) == (worst.operation, worst.objects[0] if worst.objects else "")


def test_the_texts_are_those_of_each_statement() -> None:
    text = "  BEGIN ;; /* a */ TRUNCATE x -- b\n ; SELECT 'c;d' ;\n"
    assert [statement.text for statement in classify(text)] == ["BEGIN", "TRUNCATE x", "SELECT 'c;d'"]
    assert classify("  SELECT 1 ; ")[0].text == "SELECT 1"


@pytest.mark.parametrize(
    ("sql", "worst"),
    [
        ("BEGIN; SELECT 1; COMMIT", "SELECT"),
        ("SELECT 1; DELETE FROM a; TRUNCATE b; DROP TABLE c", "TRUNCATE"),
        ("DROP TRIGGER t ON a; DROP DATABASE b", "DROP DATABASE"),
        ("SET x = 1; UPDATE a SET b = 1", "UPDATE"),
        ("SELECT 1; CREATE TABLE a()", "CREATE TABLE"),
        ("", "EMPTY"),
    ],
)
def test_most_dangerous(sql: str, worst: str) -> None:
    assert most_dangerous(classify(sql)).operation == worst


def test_dangerous_is_ordered_and_has_no_repeats() -> None:
    assert DANGEROUS[:3] == ("DROP DATABASE", "DROP SCHEMA", "TRUNCATE")
    assert len(set(DANGEROUS)) == len(DANGEROUS)


# ---- properties ----

WORDS = """select insert into update delete from where set only truncate table drop with as ( ) , ; . * = ' '' E' \\
" "User" "a(b" t s.t $1 $$ $x$ -- /* */ 'x' '; drop table y' 1 true distinct "it's" extract(year returning using is a
b values explain analyze prepare begin atomic end case U& U&" N'"""
PIECES = st.sampled_from([*WORDS.split(), "\n"])
TEXTS = st.one_of(
    st.text(max_size=60), st.lists(PIECES, max_size=25).map(" ".join), st.lists(PIECES, max_size=12).map("".join)
)


@given(TEXTS)
def test_never_raises_and_every_text_is_a_piece_of_the_whole(text: str) -> None:
    for statement in classify(text):
        assert statement.text and statement.text in text
        assert re.fullmatch(r"[A-Z ]+", statement.operation)


@given(TEXTS, st.sampled_from(["select ", "delete from ", "update t set a = ", "insert into ", ""]))
def test_the_shortcut_says_what_the_grammar_says(text: str, beginning: str) -> None:
    sql = beginning + text
    quick = quick_judgement(sql)
    if quick is None:
        return
    (slow,) = _by_grammar(sql)
    assert quick == (slow.operation, slow.objects[0] if slow.objects else "", slow.has_where)
    assert slow.certainty == "certain"
    assert classify(sql) == [slow]


@given(TEXTS)
def test_a_statement_inside_of_a_string_or_comment_changes_nothing(text: str) -> None:
    inside = text.replace("'", "''")
    assert [s.operation for s in classify(f"SELECT '{inside}'")] == ["SELECT"]
    hidden = text.replace("*/", "").replace("/*", "").strip("*/")
    assert [s.operation for s in classify(f"TRUNCATE /* {hidden} */ a")] == ["TRUNCATE"]


@given(TEXTS)
def test_a_dangerous_statement_is_found_behind_whole_ones(text: str) -> None:
    inside = text.replace("'", "''")
    found = classify(f"SELECT '{inside}'; TRUNCATE t")
    assert found[-1].operation == "TRUNCATE" and found[-1].objects == ("t",)


@pytest.mark.parametrize(
    "unit", ["(", "'", "/*", "$a$", '"', "a,", ";", "with a as (", "explain analyze ", "E'\\'", "--", "'\n'"]
)
def test_time_is_linear(unit: str) -> None:
    def cost(repeats: int) -> float:
        """The least of three: a garbage collection or a busy neighbour in one of them is not the classifier's."""
        return min(once(repeats) for _ in range(3))

    def once(repeats: int) -> float:
        gc.collect()
        start = time.process_time()
        classify("SELECT " + unit * repeats)
        classify(unit * repeats)
        return time.process_time() - start

    cost(100)
    small, large = max(cost(2_000), 0.002), cost(16_000)
    assert large < small * 8 * 6, f"8 times the text took {large / small:.0f} times as long"


_KEYWORDS = ("SELECT ", "DELETE FROM ", "DROP TABLE ")
_PIECES = (*_KEYWORDS, "t", "1", "22", " ", "'", '"', "$", "--", "/*", "*/", ";", "a", "E", "\\", "=", "-", ",", "\n")


@given(st.lists(st.sampled_from(_PIECES), max_size=24), st.integers(0, 9))
def test_the_answer_remembered_for_other_numbers_is_the_same(pieces: list[str], other: int) -> None:
    text = "".join(pieces)
    worst_of(text)  # may remember the shape of the text
    variant = re.sub("[0-9]", str(other), text)
    worst = most_dangerous(classify(variant))
    assert worst_of(variant) == (worst.operation, worst.objects[0] if worst.objects else "")
