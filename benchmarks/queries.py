"""Proof `queries`: pushing with 4 and with 16 connections, then every kind of query after a minute of rest.

Caches that know answers are defeated: each time the window is a millisecond wider. Every answer is looked at once for
holding what it must, so that an empty one cannot be a fast one.
"""

import json
import statistics
import time
from dataclasses import dataclass
from typing import Any

from benchmarks.bodies import Stock
from benchmarks.client import Client, flood
from benchmarks.machine import cpu_seconds
from benchmarks.report import Mark, Report, Row, at_least, at_most, quantile
from benchmarks.server import Server, serving

SECOND = 10**9
MARK_LINES_PER_S = {4: at_least(300_000), 16: at_least(450_000)}
MARK_DISK_SHARE = 60e6 / (334 << 20)
"""The issue's 60 MB for 334 MiB of lines."""
MARK_MEMORY_MIB = at_most(700e6 / (1 << 20))
EVERYTHING = '{job=~".+"}'


@dataclass(frozen=True, slots=True)
class Question:
    """One kind of query. `step_s` is 0 for lines; `first_ms` is the mark of the first time, where it has one."""

    name: str
    logql: str
    mark: Mark
    step_s: int = 0
    first: Mark | None = None
    is_empty: bool = False
    """The right answer is nothing."""


QUESTIONS = (
    Question("needle in a stream", '{job="database"} |= "TRUNCATE"', at_most(15), first=at_most(40)),
    Question("absent word, everywhere", f'{EVERYTHING} |= "f3a9c1d2"', at_most(60), is_empty=True),
    Question("regex, rare", '{job="database"} |~ "(?i)truncate|drop table"', at_most(200)),
    Question("newest 100 of a stream", '{job="nginx"}', at_most(25)),
    Question("newest 100 of a filter", '{job="nginx"} |= " 502 "', at_most(40)),
    Question("json fields, newest 100", '{job="backend"} | json | level="ERROR" | status=500', at_most(40)),
    Question("count a minute by job", f"sum by (job) (count_over_time({EVERYTHING}[1m]))", at_most(40), 60),
    Question("count of a regex", 'sum(count_over_time({job="database"} |~ "(?i)delete from" [5m]))', at_most(200), 300),
    Question(
        "top addresses by pattern",
        'topk(10, sum by (ip) (count_over_time({job="nginx"} | pattern `<ip> - <_>` [1h])))',
        at_most(160),
        3600,
    ),
    Question(
        "status a minute by regexp",
        'sum by (status) (count_over_time({job="nginx"} | regexp `" (?P<status>\\d{3}) ` [1m]))',
        at_most(160),
        60,
    ),
    Question(
        "p95 of duration by unwrap",
        'quantile_over_time(0.95, {job="database"} | regexp `duration: (?P<ms>[0-9.]+) ms` | ms!="" | unwrap ms [5m]) '
        "by (job)",
        at_most(250),
        300,
    ),
    Question("rate by level after json", 'sum by (level) (rate({job="backend"} | json [1m]))', at_most(100), 60),
)


@dataclass(frozen=True, slots=True)
class Window:
    """What is asked about, in ns; `wider` makes another question of the same one."""

    begin_ns: int
    end_ns: int

    def wider(self, runs: int) -> "Window":
        return Window(self.begin_ns - runs * 10**6, self.end_ns + runs * 10**6)


def ask(client: Client, question: Question, window: Window, runs: int, limit: int = 100) -> list[float]:
    """Times of all runs in ms. Raises WrongAnswer if the last answer does not hold what it must."""
    times, body = [], b""
    for run in range(1, runs + 1):
        edges = window.wider(run)
        asked = {"query": question.logql, "start": str(edges.begin_ns), "end": str(edges.end_ns), "limit": str(limit)}
        if question.step_s:
            asked["step"] = str(question.step_s)
        begin = time.perf_counter()
        body = client.get("/loki/api/v1/query_range", cached=False, **asked)
        times.append((time.perf_counter() - begin) * 1e3)
    result = json.loads(body)["data"]["result"]
    if bool(result) == question.is_empty:
        raise WrongAnswer(f"{question.name}: {question.logql} has {len(result)} series or streams")
    return times


class WrongAnswer(Exception):
    """An answer without what it must hold."""


def push(server: Server, bodies: list[bytes], connections: int, lines: int) -> Row:
    """One row: acknowledged lines a second."""
    before = cpu_seconds(server.pid)
    seconds, waits = flood(server.port, bodies, connections)
    cpu_us = (cpu_seconds(server.pid) - before) / lines * 1e6
    note = (
        f"median {statistics.median(waits) * 1e3:.0f} ms, p99 {quantile(waits, 0.99) * 1e3:.0f} ms a push; "
        f"server's CPU {cpu_us:.1f} µs a line"
    )
    mark = MARK_LINES_PER_S.get(connections)
    return Row(f"push, {connections} connections", round(lines / seconds), "lines/s", mark, note)


def answers(server: Server, window: Window, runs: int) -> tuple[list[Row], dict[str, list[float]]]:
    """A row for each kind of query, and all times."""
    rows, times = [], {}
    for question in QUESTIONS:
        times[question.name] = taken = [round(ms, 1) for ms in ask(server.client, question, window, runs)]
        median, first = statistics.median(taken), taken[0]
        if question.first is not None:
            rows.append(Row(f"{question.name}, first", first, "ms", question.first))
        rows.append(Row(question.name, median, "ms", question.mark, f"first {first:g} ms"))
    return rows, times


def prove(stock: Stock, rest_s: float, runs: int = 7) -> Report:
    """Both pushes and all queries."""
    begin_s = int(time.time()) - stock.span_s - 60
    bodies = stock.packed(begin_s)
    with serving() as server:
        many = push(server, bodies, 16, stock.lines)
    with serving() as server:
        few = push(server, bodies, 4, stock.lines)
        rested_s = server.rest(rest_s)
        window = Window(begin_s * SECOND, (begin_s + stock.span_s + 1) * SECOND)
        rows, times = answers(server, window, runs)
        disk = Row("disk", server.disk_mb(), "MB", at_most(round(stock.raw_bytes * MARK_DISK_SHARE / 1e6, 1)))
        memory = Row("memory", server.memory_mib(), "MiB", MARK_MEMORY_MIB)
        others = server.company.cores()
    numbers: dict[str, Any] = {
        "lines": stock.lines,
        "MiB": round(stock.raw_bytes / (1 << 20), 1),
        "rested_s": round(rested_s, 1),
        "others_cores": others,
        "times_ms": times,
    }
    return Report("queries", [few, many, *rows, disk, memory], numbers)
