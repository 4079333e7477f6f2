"""grammar.cases: every query of the file means what the file says."""

from pathlib import Path
from typing import NamedTuple

import pytest

from whodid.logql import LogQLError, parse, print_expr

FILE = Path(__file__).parent / "grammar.cases"


class Case(NamedTuple):
    line: int
    queries: list[str]
    canonical: str | None
    refusal: str | None


def read_cases(text: str) -> list[Case]:
    cases: list[Case] = []
    queries: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        sign, rest = line[:1], line[2:]
        if sign == ">":
            queries.append(rest)
        elif sign == "+":
            queries[-1] += "\n" + rest
        elif sign in ("=", "!"):
            assert queries, f"line {number}: an answer without a query"
            cases.append(
                Case(number, queries, rest or queries[0], None) if sign == "=" else Case(number, queries, None, rest)
            )
            queries = []
        else:
            assert sign in ("", "#"), f"line {number}: not understood: {line}"
            assert not queries, f"line {number}: the query above has no answer"
    assert not queries, "the last query has no answer"
    return cases


CASES = read_cases(FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", [case for case in CASES if case.canonical], ids=lambda case: f"line{case.line}")
def test_meaning(case: Case) -> None:
    trees = [parse(query) for query in case.queries]
    assert [print_expr(tree) for tree in trees] == [case.canonical] * len(trees)
    assert case.canonical is not None
    assert parse(case.canonical) == trees[0]
    assert all(tree == trees[0] for tree in trees)


@pytest.mark.parametrize("case", [case for case in CASES if case.refusal], ids=lambda case: f"line{case.line}")
def test_refusal(case: Case) -> None:
    for query in case.queries:
        with pytest.raises(LogQLError) as caught:
            parse(query)
        assert str(caught.value) == case.refusal


def test_the_file_covers_both_sides() -> None:
    assert sum(len(case.queries) for case in CASES) > 200
