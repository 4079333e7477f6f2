"""Proof `dashboards`: 20 dashboards refresh every 5 s while 20,000 lines a second arrive in a store of millions.

A dashboard asks all its panels at once, as a browser does; where the answers take longer than its interval, refreshes
are left out, and counted. Lines are due at their time, whatever became of those before. Dashboards and pusher are this
process: the processor time it took is told.
"""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from benchmarks.bodies import ORIGIN_S, Stock, make_stock
from benchmarks.client import Client, Deed, Done, do, flood, paced
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


@dataclass(slots=True)
class Dashboard:
    """One open page. A refresh for which the last one's answers have not come is left out, as browsers do it."""

    number: int
    done: list[Done] = field(default_factory=list)
    left_out: int = 0

    def show(self, port: int, begin_s: float, seconds: float) -> None:
        """Refreshes until the end; each dashboard at a phase of its own."""
        panels = MIXES[self.number % len(MIXES)]
        clients = [Client(port) for _ in panels]
        due_s = self.number * EVERY_S / DASHBOARDS
        with ThreadPoolExecutor(len(panels)) as connections:
            while due_s < seconds:
                time.sleep(max(0.0, begin_s + due_s - time.monotonic()))
                asked = [connections.submit(_asked, *pair, begin_s) for pair in zip(panels, clients, strict=True)]
                self.done += [one.result() for one in asked]
                due_s += EVERY_S
                while due_s < seconds and begin_s + due_s < time.monotonic():
                    due_s += EVERY_S
                    self.left_out += 1


def _asked(panel: Panel, client: Client, begin_s: float) -> Done:
    return do(Deed(time.monotonic() - begin_s, panel.kind, panel.ask), client, begin_s)


def arrivals(stock: Stock, begin_s: int) -> list[Deed]:
    """Pushes of the lines that come meanwhile, which get the instants at which they are due."""
    bodies = (body.moved(begin_s - ORIGIN_S).packed() for body in stock.bodies)
    # A body is complete, and can be sent, when its last line has been written.
    return [Deed((number + 1) * LINES / LINES_PER_S, "push", pushing(body)) for number, body in enumerate(bodies)]


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of it all."""

    dashboards: list[Dashboard]
    pushed: list[Done]
    tails: list[Tail]
    server_cores: float
    client_cores: float


def run(server: Server, seconds: int) -> Seen:
    """What the dashboards were answered, what became of the pushes, and what the tails saw."""
    coming = make_stock(LINES_PER_S * seconds, LINES_PER_S, LINES, seed=12, run="live")
    begin_s = int(time.time()) + 3 + seconds // 8  # by then all bodies are ready
    pushes, dashboards = arrivals(coming, begin_s), [Dashboard(number) for number in range(DASHBOARDS)]
    begin = time.monotonic() + begin_s - time.time()
    tails = [Tail(server.port, query) for query in TAILS]
    time.sleep(max(0.0, begin - time.monotonic()))
    before = [cpu_seconds(pid) for pid in (server.pid, os.getpid())]
    with ThreadPoolExecutor(1 + DASHBOARDS) as all_of_them:
        arriving = all_of_them.submit(paced, server.port, pushes, 4, begin)
        for showing in [all_of_them.submit(one.show, server.port, begin, seconds) for one in dashboards]:
            showing.result()
        pushed = arriving.result()
    took_s = time.monotonic() - begin
    cores = [(cpu_seconds(pid) - was) / took_s for pid, was in zip((server.pid, os.getpid()), before, strict=True)]
    for tail in tails:
        tail.close()
    return Seen(dashboards, pushed, tails, *cores)


def query_rows(dashboards: Sequence[Dashboard]) -> list[Row]:
    """All requests together, then each kind."""
    done = [one for dashboard in dashboards for one in dashboard.done]
    problems, left_out = [one.problem for one in done if one.problem], sum(one.left_out for one in dashboards)
    rows = [
        Row("requests that failed", len(problems), "", at_most(0), problems[0] if problems else f"of {len(done):,}"),
        Row("refreshes left out", left_out, "", at_most(0), f"{len(done) // len(MIXES[0])} took place"),
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


def _clients(seen: Seen) -> str:
    return f"the clients took {seen.client_cores * 100:.0f} %"


def prove(stock: Stock, seconds: int, rest_s: float) -> Report:
    """So many seconds, over a store that holds the stock."""
    with serving() as server:
        flood(server.port, stock.packed(int(time.time()) - stock.span_s - 30), 4)
        server.rest(rest_s)
        seen = run(server, seconds)
        lines, found = len(seen.pushed) * LINES, server.total('{run="live"}')
        rows = [
            *query_rows(seen.dashboards),
            *push_rows(seen.pushed),
            Row("lines not found afterwards", lines - found, "", at_most(0), f"of {lines:,}"),
            *[Row(f"tail {tail.query}", tail.frames, "frames", note=tail.note) for tail in seen.tails],
            Row("server", round(seen.server_cores * 100), "% of a core", note=_clients(seen)),
            Row("memory", server.memory_mib(), "MiB"),
        ]
        numbers = {"lines": stock.lines, "seconds": seconds, "others_cores": server.company.cores()}
    return Report("dashboards", rows, numbers)
