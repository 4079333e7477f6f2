"""Proof `drip`: 200 pushes a second of 10 lines each. Neither the store's parts nor the merging may grow with time.

An insert for each push would make 12,000 parts a minute, and the engine refuses them long before. Each push is due at
its time, whatever became of those before it, and its latency counts from then.
"""

import time
from collections.abc import Callable

from benchmarks.bodies import ORIGIN_S, Stock, make_stock
from benchmarks.client import Client, Deed, Done, paced
from benchmarks.report import Report, Row, at_most, quantile
from benchmarks.server import Server, serving
from benchmarks.watch import Course, Watch

PUSHES_PER_S = 200
LINES = 10
WARM_S = 20
"""Before anything is counted: a new store has nothing to merge."""
CONNECTIONS = 100
"""A push waits for a commit, of which there are few a second: more than 30 are on their way at a time."""
PARTS, MERGED, MERGE_S = "whodid_store_parts", "whodid_store_merged_bytes_total", "whodid_store_merge_seconds_total"
COMMITS = "whodid_commits_total"
STEADY = at_most(1.5)


def deeds(stock: Stock, begin_s: int) -> list[Deed]:
    """All pushes; their lines get the instants at which they are due."""
    bodies = (body.moved(begin_s - ORIGIN_S).packed() for body in stock.bodies)
    return [Deed(number / PUSHES_PER_S, "push", pushing(body)) for number, body in enumerate(bodies)]


def pushing(body: bytes) -> Callable[[Client], None]:
    """Sends this body."""
    return lambda client: client.push(body)


def run(server: Server, seconds: int) -> tuple[list[Done], Course]:
    """What became of each push, and the server all the while."""
    coming = make_stock(PUSHES_PER_S * LINES * seconds, PUSHES_PER_S * LINES, LINES, run="drip")
    begin_s = int(time.time()) + 2 + seconds // 20  # by then all bodies are ready
    planned = deeds(coming, begin_s)
    begin = time.monotonic() + begin_s - time.time()
    time.sleep(max(0.0, begin - time.monotonic()))
    with Watch(server, (PARTS, MERGED, MERGE_S, COMMITS)) as course:
        done = paced(server.port, planned, CONNECTIONS, begin)
    return done, course


def latency_rows(done: list[Done]) -> list[Row]:
    """Failures, and how long those took that were acknowledged."""
    took = [one.took_s * 1e3 for one in done if not one.problem]
    problems = [one.problem for one in done if one.problem]
    late = max(one.late_s for one in done) * 1e3
    return [
        Row("pushes that failed", len(problems), "", at_most(0), problems[0] if problems else f"of {len(done):,}"),
        Row("push, median", round(quantile(took, 0.5), 1), "ms", note=f"sent {late:.0f} ms late at most"),
        Row("push, p99", round(quantile(took, 0.99), 1), "ms", at_most(1000), f"longest {max(took):.0f} ms"),
    ]


def course_rows(course: Course) -> list[Row]:
    """First third against last third."""
    parts, merged = course.thirds(PARTS), course.paces(MERGED)
    rows = [
        Row("parts, mean of the first third", round(parts[0], 1), ""),
        Row("parts, last to first third", round(parts[1] / max(1, parts[0]), 2), "×", STEADY, f"{parts[1]:.1f} parts"),
        Row("merged in the first third", round(merged[0] / 1e6, 3), "MB/s"),
        Row("merged, last to first third", round(merged[1] / max(1, merged[0]), 2), "×", STEADY),
    ]
    merging, cpu = course.pace(MERGE_S), course.pace("cpu_s")
    rows.append(Row("merging", round(merging * 100, 1), "% of a core"))
    rows.append(Row("server", round(cpu * 100, 1), "% of a core", note=f"{course.pace(COMMITS):.1f} commits a second"))
    return rows


def prove(seconds: int) -> Report:
    """So many seconds of it, after the warming up."""
    with serving() as server:
        done, course = run(server, WARM_S + seconds)
        lines, found = len(done) * LINES, server.total('{run="drip"}')
        kept = course.since(WARM_S)
        lost = Row("lines not found afterwards", lines - found, "", at_most(0), f"of {lines:,}")
        rows = [*latency_rows([one for one in done if one.due_s >= WARM_S]), lost, *course_rows(kept)]
        numbers = {
            "seconds": seconds,
            "course": {"at_s": [round(at, 1) for at in course.at_s], **course.seen},
            "others_cores": server.company.cores(),
        }
    return Report("drip", rows, numbers)
