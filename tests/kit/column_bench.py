"""Holds metric queries against each other: labels read by the engine, and the same lines read one by one in Python.

Lines are ordinary ones and many that are almost sound, made of pieces by a fixed seed, so that every run asks the same.
"""

import asyncio
import random
from collections.abc import Sequence
from functools import cache
from unittest import mock

from kit.query_bench import BASE_NS, QueryBench
from whodid.errors import WhodidError
from whodid.logql.ast import Grouping, LogQuery, RangeAggregation, VectorAggregation
from whodid.logql.parser import parse
from whodid.model.clock import MILLISECOND, SECOND
from whodid.model.result import Matrix
from whodid.query import planner, statements
from whodid.query.columns import fields_of_line
from whodid.query.engine import RangeRequest
from whodid.query.grid import Window
from whodid.query.in_engine import EnginePlans, in_engine
from whodid.query.wanted import wanted
from whodid.store.sql import number_list

STREAMS = ({"job": "one"}, {"job": "two", "level": "of the stream"}, {"job": "three", "a_b": "5"})
METADATA = (
    {},
    {},
    {},
    {"level": "stored"},
    {"a_b": "7", "ms": "1.5"},
    {"ms_extracted": "2"},
    {"detected_level": "warn"},
)
NUMBERS = (
    "0", "5", "-5", "05", "+7", "12", "1.5", "0.1", "1.50", ".5", "1.", "1e3", "1E-2", "0x1p4", "inf", "NaN", "1_000",
    " 5", "5s", "1.5h", "250ms", "12.3456µs", "1h5m", "10MB", "5kb", "7 KiB", "1.5kb", "9007199254740993", "",
    "0.30000000000000004", "123456789012345", "123456789.123456", "0.123456789", "1234567890123456", "1e999", "x",
)  # fmt: skip
WIDTH_S = 60


class ColumnBench:
    """Lines of one shape, a third in each stream."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.bench, self.count = QueryBench(), len(texts)
        dice = random.Random(11)
        for index, labels in enumerate(STREAMS):
            mine = texts[index :: len(STREAMS)]
            rows = [
                (BASE_NS + dice.randrange(0, WIDTH_S * 1000, 250) * MILLISECOND, text, dice.choice(METADATA))
                for text in mine
            ]
            asyncio.run(self.bench.load(labels, rows))

    async def keep(self, names: Sequence[str]) -> int:
        """Writes what is found under the names beside two thirds of the lines; how many have it then."""
        of_us = f"has({number_list(self.bench.index.streams(self.bench.tenant))}, stream_id)"
        kept = f"UPDATE json_fields = {fields_of_line(names)} WHERE {of_us} AND seq % 3 > 0"
        await self.bench.store.write(f"ALTER TABLE lines {kept} SETTINGS mutations_sync = 1")
        count = f"SELECT countIf(notEmpty(json_fields.names)) AS kept FROM lines WHERE {of_us}"
        kept_lines: int = (await self.bench.store.select(count))["kept"][0].as_py()
        return kept_lines

    def answers(self, query: str) -> tuple[str, str]:
        """What the engine and Python say: all series, or the error."""
        # in_engine.py answers None to a query that SQL cannot say.
        with (
            mock.patch("whodid.query.samples.in_engine", return_value=None),
            mock.patch("whodid.query.unwrapped.in_engine", return_value=None),
        ):
            expected = self._answer(query)
        return self._answer(query), expected

    def plans(self, query: str) -> EnginePlans | None:
        """What SQL says of a query."""
        return self._planned(query)[1]

    def doubtful(self, query: str) -> int:
        """How many lines are left to Python."""
        plan, engine = self._planned(query)
        assert engine is not None, f"not in the engine: {query}"
        window = Window(BASE_NS, BASE_NS + 3600 * SECOND, 3600 * SECOND, 1, 1)
        tallies = statements.tallies(plan, engine.text, window, [], with_bytes=False)
        table = asyncio.run(self.bench.store.select(tallies))
        return sum(row["lines"] for row in table.to_pylist() if row["state"] == statements.IN_DOUBT)

    def _planned(self, query: str) -> tuple[planner.Plan, EnginePlans | None]:
        leaf = parse(query)
        keep = None
        while isinstance(leaf, VectorAggregation):
            keep, leaf = leaf.grouping or Grouping(()), leaf.expr
        assert isinstance(leaf, RangeAggregation)
        assert isinstance(leaf.range.query, LogQuery)
        needs = wanted(leaf.range.query, leaf.range.unwrap, keep or leaf.grouping)
        reduced = needs.reduced(leaf.range.query)
        plan = planner.plan(reduced, self.bench.index.streams(self.bench.tenant))
        return plan, in_engine(reduced, plan, needs, leaf.range.unwrap)

    def _answer(self, query: str) -> str:
        end_ns = BASE_NS + WIDTH_S * SECOND
        request = RangeRequest(
            query, BASE_NS, end_ns, 20 * SECOND, 1, "forward", tenant=self.bench.tenant, cached=False
        )
        try:
            result = asyncio.run(self.bench.engine.range(request))
        except WhodidError as e:
            return f"error: {str(e).split(' for series')[0]}"  # which line fails first is left open
        assert isinstance(result, Matrix)
        return "\n".join(f"{dict(sorted(s.labels.items()))} {s.points}" for s in result.series)


def made_of(pieces: Sequence[str], count: int, longest: int, seed: int = 5) -> list[str]:
    """Texts of random pieces."""
    dice = random.Random(seed)
    return ["".join(dice.choices(pieces, k=dice.randint(0, longest))) for _ in range(count)]


JSON_PIECES = (
    '{"', '"}', '{', '}', '": "', '":"', '": ', '":', '", "', '","', ', "', 'level', 'level', 'a_b', 'ms', 'a', 'b',
    'a-b',
    '{"level": "INFO", "', '{"ms": 1.5, "', '{"a": {"b": 3}, "', '{"": {"level": "x"}, "', ' level', 'lev\\u0065l',
    '\\"',
    '\\u05d0', '\\n', '\t', ' ', '\u00a0', '1', '-0', '1.50', '1e3', 'true', 'null', '[1, 2]', '[{"level": 1}]',
    '\\', 'é',
    '"level"', '"level" :', '"level": ', '"level":"ERROR"', '\ufffd',
    '"a_b": "x"', '"ms": 250', ', ', '""', '\\ud800', '\x01',
)  # fmt: skip
JSON_NAMES = (
    "level", "level", "level", "a_b", "a_b", "ms", "ms", "status", "status", "a", "b", "a-b", "x", "y", "said_0",
    " level", "lev\\u0065l", "Level", "",
)  # fmt: skip
JSON_VALUES = ("null", '""', "[1, 2]", '[{"level": 1}]', '" "', '"\\u05d0"', '"\\ud800"', '"\ufffd"', '"5s"', '"é"')
LOGFMT_PIECES = (
    "level=", "level=info", ' level="a b"', " level=error", "ms=", " ms=5", " a_b=1", " a-b=2", "a.b=3", " ", "  ",
    '"', "=",
    "x", 'msg="', 'msg="level=warn "', '" ', "\\", '\\"', "\t", "\n", "level", " level ", "\u00a0level=x", "é", "\x01",
    ' msg="it said \\"level=no\\""', "level=x=y", 'level=x"y', "a_b", "=5", "ms=1.5 ", "level=\x7f ",
    "\ufffd", "ms=5\ufffd ",
)  # fmt: skip
ORDINARY_JSON = tuple(
    f'{{"level": "{level}", "msg": "user \\"ana\\" came, level 5", "ms": {ms}, '
    f'"ctx": {{"id": "7"}}, "status": {status}}}'
    for level in ("INFO", "ERROR")
    for ms in (1, 2.5)
    for status in (200, 500)
)
ORDINARY_LOGFMT = tuple(
    f'ts=2026-01-05T10:00:00Z level={level} msg="user came" ms={ms} path=/a?b'
    for level in ("info", "error")
    for ms in (1, 2.5)
)


@cache
def json_bench() -> ColumnBench:
    return ColumnBench(
        [*ORDINARY_JSON, "", "plain text", "[1]", "5", *made_of(JSON_PIECES, 3000, 9), *_numbers('{"ms": "', '"}')]
    )


@cache
def objects_bench() -> ColumnBench:
    """Sound JSON with names that look alike."""
    return ColumnBench(_objects(3000))


@cache
def kept_objects_bench() -> ColumnBench:
    """The same and others, with some labels kept beside two thirds of those of which that is sure."""
    bench = ColumnBench([*ORDINARY_JSON, *_objects(3000), *made_of(JSON_PIECES, 1000, 9)])
    assert asyncio.run(bench.keep(("level", "a_b", "ms", "status", "said_0"))) > 600
    return bench


def _objects(count: int) -> list[str]:
    dice = random.Random(3)

    def value(depth: int) -> str:
        if depth and dice.random() < 0.1:
            return members(depth - 1)
        return dice.choice(('"INFO"', '"ERROR"', '"a \\"level\\": b"', "5", "1.50", "-0", "1e3", "true", *JSON_VALUES))

    def members(depth: int) -> str:
        names = dice.sample(JSON_NAMES, dice.randint(0, 4))
        return "{" + ",".join(f'"{name}":{dice.choice(("", " "))}{value(depth)}' for name in names) + "}"

    # No two alike: of equal lines of one instant only the first is looked at.
    return [f'{{"n": {number}, {members(2)[1:]}'.replace(", }", "}") for number in range(count)]


@cache
def logfmt_bench() -> ColumnBench:
    return ColumnBench([*ORDINARY_LOGFMT, "", *made_of(LOGFMT_PIECES, 3000, 7), *_numbers("ms=", "")])


@cache
def text_bench() -> ColumnBench:
    """For regexp and pattern."""
    pieces = (
        "a",
        "b",
        " - ",
        "-",
        " ",
        "5",
        "12",
        '"',
        "\n",
        "é",
        "שלום",
        "10.0.0.1",
        "ms ",
        "took ",
        "\0",
        "[",
        "]",
        "x",
    )
    return ColumnBench([*made_of(pieces, 1500, 9), *_numbers("took ", " ms")])


def _numbers(before: str, behind: str) -> list[str]:
    return [f"{before}{text}{behind}" for text in NUMBERS]
