"""The door: `python -m benchmarks [PROOF …]` runs proofs one after the other, prints a table of each, and writes JSON.

Each proof has a server of its own and stands in a module of its own. The yardsticks are taken before and after each.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

sys.path.insert(
    0, str(Path(__file__).parents[1] / "tests")
)  # real processes are started as the acceptance tests do it (tests/kit)

from benchmarks import agent, dashboards, drip, files, flat, queries
from benchmarks.bodies import Stock, make_stock
from benchmarks.machine import description, yardsticks
from benchmarks.report import Report, table, write

ROOT = Path(__file__).parents[1]
STOCK_LINES_PER_S = 1000.0
"""Of the stock's own time: two million lines are 33 minutes."""


class Run:
    """What was asked for, and what several proofs share."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self.lines: int = asked.lines
        self.per_body: int = asked.per_body
        self.seconds: int = asked.seconds
        self.rest_s: float = asked.rest

    @cached_property
    def stock(self) -> Stock:
        return make_stock(self.lines, STOCK_LINES_PER_S, self.per_body)


PROOFS: dict[str, Callable[[Run], Report]] = {
    "agent": lambda run: agent.prove(min(run.lines, 300_000), min(run.rest_s, 5)),
    "files": lambda run: files.prove(5000 if run.lines >= 1_000_000 else 300, run.seconds / 2),
    "queries": lambda run: queries.prove(run.stock, run.rest_s),
    "drip": lambda run: drip.prove(2 * run.seconds),
    "dashboards": lambda run: dashboards.prove(run.stock, run.seconds, min(run.rest_s, 10)),
    "flat": lambda run: flat.prove(run.stock, run.rest_s),
}
QUICK = ("agent", "files", "queries", "drip", "dashboards")
"""Together ten minutes at most."""


def measured(name: str, run: Run) -> tuple[Report, dict[str, Any]]:
    """One proof, between two looks at what the machine can do."""
    with tempfile.TemporaryDirectory(prefix="whodid-yardstick-") as directory:
        before = yardsticks(Path(directory))
        report = PROOFS[name](run)
        after = yardsticks(Path(directory))
    return report, {**description(), "yardsticks": {"before": before, "after": after}}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("proofs", nargs="*", metavar="PROOF", help=f"{', '.join(PROOFS)}; none: {', '.join(QUICK)}")
    parser.add_argument("--all", action="store_true", help="the long ones, too")
    parser.add_argument("--lines", type=int, default=2_000_000, help="in the store that is asked (%(default)s)")
    parser.add_argument("--per-body", type=int, default=5000, help="lines of a push (%(default)s)")
    parser.add_argument("--seconds", type=int, default=60, help="length of what goes on for a while (%(default)s)")
    parser.add_argument("--rest", type=float, default=60, help="seconds between pushing and asking (%(default)s)")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results", help="where the JSON goes")
    asked = parser.parse_args()
    if unknown := set(asked.proofs) - PROOFS.keys():
        parser.error(f"no such proof: {', '.join(sorted(unknown))}; there are {', '.join(PROOFS)}")
    run = Run(asked)
    for name in asked.proofs or (PROOFS if asked.all else QUICK):
        report, circumstances = measured(name, run)
        path = write(report, circumstances, asked.results)
        print(table(report))
        print(f"   {circumstances['machine']}; yardsticks {circumstances['yardsticks']}")
        print(f"   others took {report.numbers.get('others_cores', 0)} cores; written to {path}\n", flush=True)


if __name__ == "__main__":
    main()
