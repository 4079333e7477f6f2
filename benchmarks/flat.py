"""Proof `flat`: the newest 100 lines and a needle cost the same in a store of ten times the lines and the time.

The larger store holds the same lines again and again, each time earlier, pushed in order of time. The needle is in five
lines of both, spread evenly over all of the time, and all of it is asked about.
"""

import statistics
import time

from benchmarks.bodies import Stock, encode
from benchmarks.client import flood
from benchmarks.queries import EVERYTHING, SECOND, Question, Window, ask
from benchmarks.report import Report, Row, at_most
from benchmarks.server import serving

TIMES = 10
NEEDLE = "zebra4711"
NEEDLES = 5
FLAT = at_most(1.5)
QUESTIONS = (
    Question("newest 100 of a stream", '{job="nginx"}', at_most(25)),
    Question("newest 100 of a filter", '{job="nginx"} |= " 502 "', at_most(40)),
    Question("needle in a stream", f'{{job="database"}} |= "{NEEDLE}"', at_most(15)),
    Question("needle everywhere", f'{EVERYTHING} |= "{NEEDLE}"', at_most(60)),
)


def needles(begin_s: int, span_s: int) -> bytes:
    """One body with the lines that are looked for, evenly from the first moment on."""
    instants = [begin_s + number * span_s // NEEDLES for number in range(NEEDLES)]
    lines = [(0, instant * SECOND, f"LOG:  statement: SELECT '{NEEDLE}'") for instant in instants]
    return next(encode(lines, NEEDLES)).packed()


def measured(stock: Stock, times: int, rest_s: float, runs: int) -> tuple[dict[str, list[float]], float]:
    """Times in ms by question in a store of so many stocks; the share of cores that others took."""
    end_s = int(time.time()) - 30
    begin_s = end_s - times * stock.span_s
    with serving() as server:
        flood(server.port, [needles(begin_s, end_s - begin_s)], 1)
        for number in range(times):
            flood(server.port, stock.packed(begin_s + number * stock.span_s), 4)
        server.rest(rest_s * times)
        window = Window(begin_s * SECOND, (end_s + 1) * SECOND)
        taken = {question.name: ask(server.client, question, window, runs) for question in QUESTIONS}
        return taken, server.company.cores()


def prove(stock: Stock, rest_s: float, runs: int = 7) -> Report:
    """Each question in the small store and in the large one."""
    small, others = measured(stock, 1, rest_s, runs)
    large, others_large = measured(stock, TIMES, rest_s, runs)
    rows = []
    for question in QUESTIONS:
        few, many = statistics.median(small[question.name]), statistics.median(large[question.name])
        note = f"{few:.1f} ms → {many:.1f} ms; first {small[question.name][0]:.1f} → {large[question.name][0]:.1f} ms"
        rows.append(Row(question.name, round(many / few, 2), "×", FLAT, note))
    numbers = {
        "lines": [stock.lines, stock.lines * TIMES],
        "others_cores": max(others, others_large),
        "times_ms": {"small": small, "large": large},
    }
    return Report("flat", rows, numbers)
