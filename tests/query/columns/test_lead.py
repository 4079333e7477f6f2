"""Which expressions have a text in front and one way to go on, and that the short way finds what RE2 finds."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.chdb_store import shared_store
from whodid.logql.ast import RegexpParser
from whodid.query.columns.column import Aliases
from whodid.query.columns.lead import Lead, lead_of
from whodid.query.columns.regexp import PIECE_BYTES, regexp_columns
from whodid.query.regex import compiled
from whodid.store.sql import quote_list


@pytest.mark.parametrize(
    ("pattern", "lead"),
    [
        (r"duration: (?P<ms>[0-9.]+) ms", Lead("duration: ", r"(?P<ms>[0-9.]+) ms")),
        (r'" (?P<status>\d{3}) ', Lead('" ', r"(?P<status>\d{3}) ")),
        (r"\[(?P<pid>\d+)\]: user=(?P<user>[^,]+),", Lead("[", r"(?P<pid>\d+)\]: user=(?P<user>[^,]+),")),
        (r"a(?P<x>b(?:c+d))", Lead("a", "(?P<x>b(?:c+d))")),
        (r"(?P<x>\d+) ms", None),  # no text in front
        (r"took (?P<x>\d+)", None),  # it may go on behind the piece
        (r"took (?P<x>\d+)5", None),  # the five may belong to either
        (r"took (?P<x>\S+)[a-z]", None),
        (r"took (?P<x>\d*) ms", None),  # may be empty
        (r"took (?P<x>) ms", None),
        (r"took (?P<x>.+?) ms", None),
        (r"took (?P<x>a|b) ms", None),
        (r"took (?P<x>\d+)? ms", None),
        (r"(?i)took (?P<x>\d+) ms", None),
        (r"took\b(?P<x>\d+) ms", None),
        (r"took (?P<x>[[:digit:]]+) ms", None),
        (r"took (?P<x>[^]\][a]+) ms", None),  # one set: `]`, `[` and `a` are in it
        (r"ש (?P<x>\d+) ms", None),
        ("took", None),
    ],
)
def test_the_form(pattern: str, lead: Lead | None) -> None:
    assert lead_of(pattern) == lead


TEXTS = st.sampled_from(["a", "ab", r"\.", "b ", "1"])
SETS = st.sampled_from([r"\d", r"[ab]", r"[^ ]", r"\S", r"\w", r"[.1]", "a", "é"])
ATOMS = st.builds(str.__add__, SETS, st.sampled_from(["", "+", "{2}", "{3}"]))
GROUPS = st.lists(ATOMS, max_size=3).map(lambda atoms: "".join(atoms))
PATTERNS = st.builds(
    lambda before, first, between, second, after: f"{before}(?P<x>{first}){between}(?P<y>{second}){after}",
    TEXTS, GROUPS, TEXTS, GROUPS, TEXTS | st.just(""),
)  # fmt: skip
LINES = st.lists(
    st.lists(st.sampled_from(["a", "b", "1", ".", " ", "é", "11 ", "ab" * 90]), max_size=12).map("".join),
    min_size=1,
    max_size=8,
)


@given(PATTERNS.filter(lambda pattern: lead_of(pattern) is not None), LINES)
@settings(max_examples=100)
def test_it_finds_what_the_expression_finds(pattern: str, lines: list[str]) -> None:
    aliases = Aliases()
    columns = regexp_columns(RegexpParser(pattern), ["x", "y"], aliases).columns
    shown = ", ".join(f"{columns[name].value} AS {name}, {columns[name].present} AS has_{name}" for name in "xy")
    defined = ", ".join(aliases.definitions)
    sql = f"WITH {defined} SELECT {shown} FROM (SELECT arrayJoin({quote_list(lines)}) AS line)"
    found = asyncio.run(shared_store().select(sql)).to_pylist()
    for line, row in zip(lines, found, strict=True):
        match = compiled(pattern).search(line)
        for name in "xy":
            assert row[name] == (match[name] if match else "")
            assert bool(row[f"has_{name}"]) == bool(match)


def test_the_lines_reach_beyond_the_piece() -> None:
    assert PIECE_BYTES < 180
