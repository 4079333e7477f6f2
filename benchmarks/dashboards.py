"""Proof `dashboards`: 20 dashboards refresh every 5 s while 20,000 lines a second arrive in a store of millions.

A dashboard asks all its panels at once, as a browser does, and does not wait for the last refresh before the next: an
answer's time counts from the refresh. Lines are due at their time, too. Both clients are this process: it is told how
much processor time it took.
"""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks.bodies import ORIGIN_S, Stock, make_stock
from benchmarks.client import Client, Deed, Done, flood, paced
from benchmarks.drip import pushing
from benchmarks.machine import cpu_seconds
from benchmarks.report import Report, Row, at_most, quantile
from benchmarks.server import Server, serving
from benchmarks.tail import Tail

DASHBOARDS = 20
EVERY_S = 5.0
LINES_PER_S = 20_000
LINES = 1000
SECOND = 10**9
API = "/loki/api/v1/"
EVERYTHING = '{job=~".+"}'
P95 = at_most(1000)


@dataclass(frozen=True, slots=True)
class Panel:
    """One request of a refresh. `asked` may name the query's parameter otherwise than `query`."""

    kind: str
    path: str
    query: str = ""
    minutes: int = 15
    step_s: int = 0
    named: str = "query"

    def ask(self, client: Client) -> None:
        now = time.time_ns()
        asked = {"start": str(now - self.minutes * 60 * SECOND), "end": str(now)}
        if self.query:
            asked[self.named] = self.query
        if self.step_s:
            asked["step"] = str(self.step_s)
        client.get(API + self.path, **asked)


NEWEST = Panel("newest lines", "query_range", '{job="nginx"}')
ERRORS = Panel("newest errors", "query_range", '{job="backend"} | json | level="ERROR"', 60)
DELETES = Panel("newest deletes", "query_range", '{job="database"} |~ "(?i)delete from|truncate"')
BY_JOB = Panel("lines a minute", "query_range", f"sum by (job) (count_over_time({EVERYTHING}[1m]))", 60, 60)
BY_LEVEL = Panel(
    "lines by level", "query_range", f"sum by (detected_level) (count_over_time({EVERYTHING}[1m]))", 60, 60
)
BY_STATUS = Panel(
    "status by regexp",
    "query_range",
    'sum by (status) (rate({job="nginx"} | regexp `" (?P<status>\\d{3}) ` [1m]))',
    step_s=60,
)
DURATION = Panel(
    "p95 by unwrap",
    "query_range",
    'quantile_over_time(0.95, {job="backend"} | json | unwrap took_ms [1m]) by (job)',
    step_s=60,
)
LABELS = Panel("labels", "labels", minutes=60)
HOSTS = Panel("values of a label", "label/host/values", minutes=60)
SERIES = Panel("series", "series", EVERYTHING, 60, named="match[]")
VOLUME = Panel("volume", "index/volume_range", EVERYTHING, 60, 60)
MIXES: Sequence[Sequence[Panel]] = (
    (LABELS, NEWEST, BY_JOB, VOLUME),
    (HOSTS, ERRORS, BY_LEVEL, DURATION),
    (SERIES, DELETES, BY_STATUS, NEWEST),
    (LABELS, BY_JOB, DELETES, ERRORS),
    (SERIES, VOLUME, BY_STATUS, BY_LEVEL),
)
"""What a dashboard consists of; dashboard n shows mix n modulo their number."""
TAILS = ('{job="auth"}', '{job="database"} |= "TRUNCATE"')


def refreshes(seconds: float) -> list[Deed]:
    """All requests of all dashboards, each dashboard at a phase of its own."""
    deeds = []
    for number in range(DASHBOARDS):
        due_s = number * EVERY_S / DASHBOARDS
        while due_s < seconds:
            deeds += [Deed(due_s, panel.kind, panel.ask) for panel in MIXES[number % len(MIXES)]]
            due_s += EVERY_S
    return deeds


def arrivals(seconds: int, begin_s: int) -> list[Deed]:
    """The lines that come meanwhile, with the instants at which they are due."""
    stock = make_stock(LINES_PER_S * seconds, LINES_PER_S, LINES, seed=12, run="live")
    bodies = (body.moved(begin_s - ORIGIN_S).packed() for body in stock.bodies)
    # A body is complete, and can be sent, when its last line has been written.
    return [Deed((number + 1) * LINES / LINES_PER_S, "push", pushing(body)) for number, body in enumerate(bodies)]


def run(server: Server, seconds: int) -> tuple[list[Done], list[Done], list[Tail]]:
    """What became of the requests and of the pushes, and what the tails saw."""
    begin_s = int(time.time()) + 3 + seconds // 2  # by then all bodies are ready
    pushes, asked = arrivals(seconds, begin_s), refreshes(seconds)
    begin = time.monotonic() + begin_s - time.time()
    tails = [Tail(server.port, query) for query in TAILS]
    time.sleep(max(0.0, begin - time.monotonic()))
    with ThreadPoolExecutor(2) as both:
        arriving = both.submit(paced, server.port, pushes, 4, begin)
        asking = both.submit(paced, server.port, asked, DASHBOARDS * len(MIXES[0]), begin)
        done = asking.result(), arriving.result()
    for tail in tails:
        tail.close()
    return *done, tails


def query_rows(done: Sequence[Done]) -> list[Row]:
    """All requests together, then each kind."""
    problems = [one.problem for one in done if one.problem]
    rows = [
        Row("requests that failed", len(problems), "", at_most(0), problems[0] if problems else f"of {len(done):,}")
    ]
    for kind in ("", *sorted({one.kind for one in done})):
        took = [one.took_s * 1e3 for one in done if kind in ("", one.kind)]
        note = f"median {quantile(took, 0.5):,.0f} ms, longest {max(took):,.0f} ms"
        rows.append(Row(f"p95, {kind or 'all'}", round(quantile(took, 0.95)), "ms", None if kind else P95, note))
    return rows


def push_rows(done: Sequence[Done]) -> list[Row]:
    """Whether the lines got in, and in time."""
    problems, took = [one.problem for one in done if one.problem], [one.took_s * 1e3 for one in done]
    late = max(one.late_s for one in done) * 1e3
    return [
        Row("pushes that failed", len(problems), "", at_most(0), problems[0] if problems else f"of {len(done):,}"),
        Row("push, median", round(quantile(took, 0.5)), "ms", note=f"sent {late:,.0f} ms late at most"),
        Row("push, p99", round(quantile(took, 0.99)), "ms", at_most(1000), f"longest {max(took):,.0f} ms"),
    ]


def prove(stock: Stock, seconds: int, rest_s: float) -> Report:
    """So many seconds, over a store that holds the stock."""
    with serving() as server:
        flood(server.port, stock.packed(int(time.time()) - stock.span_s - 30), 4)
        server.rest(rest_s)
        own_s, server_s, begin = cpu_seconds(os.getpid()), cpu_seconds(server.pid), time.monotonic()
        asked, pushed, tails = run(server, seconds)
        took_s = time.monotonic() - begin
        own, used = (cpu_seconds(os.getpid()) - own_s) / took_s, (cpu_seconds(server.pid) - server_s) / took_s
        lines, found = len(pushed) * LINES, server.total('{run="live"}')
        rows = [
            *query_rows(asked),
            *push_rows(pushed),
            Row("lines not found afterwards", lines - found, "", at_most(0), f"of {lines:,}"),
            *[Row(f"tail {tail.query}", tail.frames, "frames", note=tail.note) for tail in tails],
            Row("server", round(used * 100), "% of a core", note=f"the clients took {own * 100:.0f} %"),
            Row("memory", server.memory_mib(), "MiB"),
        ]
        numbers = {"lines": stock.lines, "seconds": seconds, "others_cores": server.company.cores()}
    return Report("dashboards", rows, numbers)
