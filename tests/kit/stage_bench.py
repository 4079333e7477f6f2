"""Holds a stage's two meanings against each other: its SQL on rows in chDB, its Python on the same rows."""

import asyncio
import random
from collections.abc import Mapping
from functools import cache

import pyarrow as pa

from kit.query_bench import BASE_NS, QueryBench
from whodid.logql.ast import LogQuery, Stage
from whodid.model.entry import Labels
from whodid.query import statements
from whodid.query.line import Line
from whodid.query.planner import Plan
from whodid.query.scan import lines
from whodid.query.stages import STAGES, Fragment, Scope

TEXTS = (
    "", " ", "a", "A", "ab", "b.a", "a+b", "[a]", "it's", 'say "a"', "back\\slash", "tab\ta", "two\nlines a", "nul\0a",
    "100%", "_", "שלום a", "é", "🚀 a", "a" * 300, "10.0.0.7 - GET", "x10.0.0.70y", "from 2001:db8::17 port", "::1",
    "a=1 b=2", '{"a": "b"}', '{"a": "\\u0062"}', "\\n", "$", "^a$", "(a", "a|b", "ERROR a", "\x1b[31mb\x1b[0m",
)  # fmt: skip
VALUES = (
    "a", "b", "ab", "A", "it's", "a\\b", 'a\nb', "é", "0", "5", "-5", "05", "+7", "12", "1.5", "0.1", "1.50", ".5",
    "1.", "1e3", "1E-2", "0x1p4", "inf", "-Inf", "NaN", "1_000", " 5", "5 ", "5s", "1.5h", "10MB", "5kb",
    "9007199254740993", "0.30000000000000004", "123456789012345", "1234567890123456", "1e999", "10.0.0.7",
    "2001:db8::1", "x",
)  # fmt: skip
NAMES = ("a", "b", "host", "detected_level", "absent")
HOSTS = ("", "5", "1.5", "prod", "a")
ROWS = 500


@cache
def bench() -> QueryBench:
    """Five streams of hostile lines; the same in every run."""
    made, dice = QueryBench(), random.Random(7)
    for stream, host in enumerate(HOSTS):
        rows = []
        for i in range(ROWS // len(HOSTS)):
            metadata = {name: dice.choice(VALUES) for name in ("a", "b", "detected_level") if dice.random() < 0.7}
            rows.append((BASE_NS + i, dice.choice(TEXTS) + dice.choice(("", dice.choice(TEXTS))), metadata))
        labels = {"job": f"j{stream}"} | ({"host": host} if host else {})
        asyncio.run(made.load(labels, rows))
    return made


@cache
def _stored() -> pa.Table:
    plan = Plan(_streams(), (), (), (), False, True)
    sql = statements.page(plan, BASE_NS, BASE_NS + ROWS, newest_first=False, after=None, rows=2 * ROWS)
    return asyncio.run(bench().store.select(sql))


def _streams() -> Mapping[int, Labels]:
    return bench().index.streams(bench().tenant)


def _all_rows() -> list[Line]:
    return [line for _, line in lines(_stored(), Plan(_streams(), (), (), (), False, True))]


def _said(fragment: Fragment) -> tuple[set[int], set[int]]:
    """Sequence numbers of the rows that the fragment keeps, and of the suspects."""
    sql = f"SELECT seq, ({fragment.condition}) AS kept, ({fragment.suspect or 'false'}) AS suspect FROM lines"
    table = asyncio.run(bench().store.select(f"{sql} WHERE {statements.of_streams(_streams())}"))
    rows = list(zip(*(table[name].to_pylist() for name in ("seq", "kept", "suspect")), strict=True))
    return {seq for seq, kept, _ in rows if kept}, {seq for seq, _, suspect in rows if suspect}


def compare(stage: Stage) -> None:
    """An exact fragment keeps what apply keeps; an inexact one at least that; without suspects it would be exact."""
    meaning = STAGES[type(stage)]
    step = meaning.apply(stage)
    kept = {line.seq: line for line in _all_rows() if step(line)}
    fragment = meaning.sql(stage, Scope(_streams()))
    if fragment is None:
        return
    said, suspects = _said(fragment)
    wrongly_dropped = sorted(kept.keys() - said)
    assert not wrongly_dropped, f"SQL drops {[kept[i].text for i in wrongly_dropped][:5]}: {fragment.condition}"
    if fragment.exact or fragment.suspect:
        assert said - suspects == kept.keys() - suspects, fragment.condition
        assert all(not kept[i].error for i in kept.keys() - suspects)


async def texts_and_labels(query: str, parsed: LogQuery) -> tuple[list[object], list[object]]:
    """What the engine answers for a query, and what all its stages in Python make of all rows."""
    whole = await asyncio.to_thread(_all_rows)  # in a thread: it may have to load them, in a loop of its own
    rows = await bench().rows(query, limit=5000)
    chosen = {m.name: m.value for m in parsed.selector.matchers}
    steps = [STAGES[type(stage)].apply(stage) for stage in parsed.stages]
    seen: set[object] = set()
    expected = []
    for line in whole:
        identity = (line.ns, line.text, line.stream["job"])
        if identity in seen or any(line.stream.get(name, "") != value for name, value in chosen.items()):
            continue
        seen.add(identity)
        if all(step(line) for step in steps):
            expected.append(line.row())
    return sorted(map(repr, rows)), sorted(map(repr, expected))
