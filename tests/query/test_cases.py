"""Runs every script in cases/*.case. The form (see cases/README.md):

load {job="nginx"}                         lines of a stream: time, ~metadata, text (a text in "quotes" is JSON)
  10:00:20 ~user=ana GET /x 500
logs 10:00..10:05 limit 2 {job="nginx"}    rows newest first (`forward` turns it round), [start, end)
  10:00:20 {job="nginx", user="ana"} GET /x 500
range 10:00..10:01 step 30s sum(…)         values from the first instant on, `_` where there is no point
  {app="nginx"} 0 1 _
instant 10:05 sum(…)                       one value for each series
  {} 3
fail QUERY                                 as a range query; the error must hold each of these texts
  not executed
plan QUERY                                 what the engine filters by, and the number of stages left to Python
  sql position(line, 'x') > 0
  python 1
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kit.query_bench import BASE_NS, QueryBench
from whodid.errors import WhodidError
from whodid.logql.ast import LogQuery
from whodid.logql.parser import parse
from whodid.model.clock import SECOND, parse_duration, to_datetime
from whodid.model.labels import format_labels
from whodid.model.result import Matrix, Row, Scalar, Streams
from whodid.query.engine import RangeRequest
from whodid.query.planner import plan

CASES = Path(__file__).parent / "cases"
VERBS = ("load", "logs", "range", "instant", "fail", "plan")
DAY_NS = BASE_NS - 10 * 3600 * SECOND


@dataclass(frozen=True)
class Command:
    file: str
    line: int
    verb: str
    argument: str
    body: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def commands(path: Path) -> Iterator[Command]:
    head: tuple[int, str] | None = None
    body: list[str] = []
    for number, line in enumerate([*path.read_text().splitlines(), "end"], 1):
        if line.startswith("  "):
            body.append(line[2:])
        elif line and not line.startswith("#"):
            if head is not None:
                verb, _, argument = head[1].partition(" ")
                assert verb in VERBS, f"{path.name}:{head[0]}: unknown command {verb}"
                yield Command(path.stem, head[0], verb, argument, tuple(body))
            head, body = (number, line), []


ALL = [command for path in sorted(CASES.glob("*.case")) for command in commands(path)]
ASKED = [command for command in ALL if command.verb != "load"]


def instant_ns(text: str) -> int:
    """`10:00`, `10:00:20`, `10:00:20.5` on the day of the cases."""
    parts = text.split(":")
    seconds = [*parts, "0"][:3]
    whole, _, fraction = seconds[2].partition(".")
    total = int(seconds[0]) * 3600 + int(seconds[1]) * 60 + int(whole)
    return DAY_NS + total * SECOND + int(fraction.ljust(9, "0") or 0)


def clock_text(ns: int) -> str:
    rest = ns % SECOND
    return to_datetime(ns).strftime("%H:%M:%S") + (f".{rest:09d}".rstrip("0") if rest else "")


def stored_line(text: str) -> tuple[int, str, dict[str, str]]:
    at, _, rest = text.partition(" ")
    metadata = {}
    while match := re.match(r"~(\w+)=(\S*) ?", rest):
        metadata[match[1]] = match[2]
        rest = rest[match.end() :]
    return instant_ns(at), json.loads(rest) if rest.startswith('"') else rest, metadata


benches: dict[str, QueryBench] = {}


async def bench_of(file: str) -> QueryBench:
    """The file's own tenant, loaded once."""
    if file not in benches:
        bench = benches[file] = QueryBench()
        for command in ALL:
            if command.file == file and command.verb == "load":
                matchers = parse(command.argument).selector.matchers  # type: ignore[union-attr]
                await bench.load({m.name: m.value for m in matchers}, map(stored_line, command.body))
    return benches[file]


def row_text(row: Row) -> str:
    labels = format_labels({**row.labels, **row.metadata, **row.parsed})
    line = json.dumps(row.line) if row.line != row.line.strip() or "\n" in row.line or not row.line else row.line
    return f"{clock_text(row.ns)} {labels} {line}"


async def logs(bench: QueryBench, argument: str) -> list[str]:
    match = re.fullmatch(r"(\S+?)\.\.(\S+)( forward)?(?: limit (\d+))?(?: interval (\S+))? (\{.*)", argument)
    assert match is not None, argument
    request = RangeRequest(
        match[6],
        instant_ns(match[1]),
        instant_ns(match[2]),
        SECOND,
        int(match[4] or 100),
        "forward" if match[3] else "backward",
        parse_duration(match[5] or "0"),
        bench.tenant,
    )
    result = await bench.engine.range(request)
    assert isinstance(result, Streams)
    return [row_text(row) for row in result.rows]


async def matrix(bench: QueryBench, argument: str) -> list[str]:
    match = re.fullmatch(r"(\S+?)\.\.(\S+) step (\S+) (.*)", argument)
    assert match is not None, argument
    start, end, step = instant_ns(match[1]), instant_ns(match[2]), parse_duration(match[3])
    result = await bench.engine.range(RangeRequest(match[4], start, end, step, 100, "backward", 0, bench.tenant))
    assert isinstance(result, Matrix)
    first, last = start // step * step, -(-end // step) * step
    out = []
    for series in result.series:
        points = dict(series.points)
        values = [f"{points[ns]:g}" if ns in points else "_" for ns in range(first, last + 1, step)]
        out.append(" ".join([format_labels(series.labels), *values]))
    return out


async def vector(bench: QueryBench, argument: str) -> list[str]:
    at, _, query = argument.partition(" ")
    result = await bench.engine.instant(query, instant_ns(at), bench.tenant)
    if isinstance(result, Scalar):
        return [f"{result.value:g}"]
    return [f"{format_labels(labels)} {value:g}" for labels, value in result.samples]


def planned(bench: QueryBench, argument: str) -> list[str]:
    query = parse(argument)
    assert isinstance(query, LogQuery)
    streams = bench.index.streams(bench.tenant)
    made = plan(query, streams)
    named = {str(number): format_labels(labels) for number, labels in streams.items()}
    conditions = [re.sub(r"\d{15,}", lambda m: named.get(m[0], m[0]), text) for text in made.conditions]
    return [*(f"sql {text}" for text in conditions), f"python {len(made.steps)}"]


@pytest.mark.parametrize("command", ASKED, ids=str)
async def test_case(command: Command) -> None:
    bench = await bench_of(command.file)
    match command.verb:
        case "logs":
            assert await logs(bench, command.argument) == list(command.body)
        case "range":
            assert await matrix(bench, command.argument) == list(command.body)
        case "instant":
            assert await vector(bench, command.argument) == list(command.body)
        case "plan":
            assert planned(bench, command.argument) == list(command.body)
        case "fail":
            with pytest.raises(WhodidError) as caught:
                request = RangeRequest(command.argument, DAY_NS, DAY_NS + 86400 * SECOND, 60 * SECOND, 100, "backward")
                await bench.engine.range(RangeRequest(**{**vars(request), "tenant": bench.tenant}))
            for text in command.body:
                assert text in str(caught.value)


def test_every_file_asks_something() -> None:
    assert {path.stem for path in CASES.glob("*.case")} == {command.file for command in ASKED}
