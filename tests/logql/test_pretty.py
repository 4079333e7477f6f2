"""pretty.cases: how format_query lays out a query; and what must hold for any query."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given

from kit.logql_trees import exprs, patient
from whodid.logql import ast, parse
from whodid.logql.pretty import pretty, spelled

FILE = Path(__file__).parent / "pretty.cases"


def cases() -> list[tuple[str, str]]:
    out: list[tuple[str, list[str]]] = []
    for line in FILE.read_text().splitlines():
        if line.startswith("> "):
            out.append((line[2:], []))
        elif line.startswith("="):
            out[-1][1].append(line[2:])
        else:
            assert not line or line.startswith("#"), line
    return [(query, "\n".join(lines)) for query, lines in out]


def canonical() -> list[str]:
    """The sound queries of grammar.cases. Sizes are left out: Loki rounds them."""
    lines = (FILE.parent / "grammar.cases").read_text().splitlines()
    queries = [before[2:] for before, line in pairwise(lines) if line == "=" and before.startswith(">")]
    return [query for query in queries if not re.search(r"\d[kKMGTP]?i?B\b", query)]


@pytest.mark.parametrize(("query", "expected"), cases())
def test_layout(query: str, expected: str) -> None:
    assert pretty(parse(query)) == expected


@pytest.mark.parametrize("query", canonical())
def test_what_is_laid_out_is_laid_out_already(query: str) -> None:
    text = pretty(parse(query))
    assert pretty(parse(text)) == text


@given(exprs)
@patient()
def test_every_query_has_a_layout(tree: ast.Expr) -> None:
    assert pretty(tree).strip()
    assert "\n" not in spelled(tree)
