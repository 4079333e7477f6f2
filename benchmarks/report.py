"""What a proof hands back, and how it is shown: rows with the mark beside the number, a table and a JSON file.

Nothing here measures. A mark that is missed is shown, and fails nothing: machines are noisy, and the reader has the
yardsticks of the same run beside it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Mark:
    """What must be reached."""

    bound: float
    at_least: bool = False
    """Else the bound is a ceiling."""

    def is_reached(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value <= self.bound


@dataclass(frozen=True, slots=True)
class Row:
    """One number of a table."""

    what: str
    value: float
    unit: str
    mark: Mark | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        if self.mark is None:
            return ""
        return "ok" if self.mark.is_reached(self.value) else "MISSED"


@dataclass(frozen=True, slots=True)
class Report:
    """One proof, measured."""

    proof: str
    rows: Sequence[Row]
    numbers: Mapping[str, Any] = field(default_factory=dict)
    """What does not fit in a row: courses over time, all single times."""


def at_most(bound: float) -> Mark:
    return Mark(bound)


def at_least(bound: float) -> Mark:
    return Mark(bound, at_least=True)


def table(report: Report) -> str:
    """The rows for a person."""
    cells = [("", "measured", "mark", "", "")]
    for row in report.rows:
        mark = f"{'≥' if row.mark.at_least else '≤'} {_number(row.mark.bound)}" if row.mark else ""
        cells.append((row.what, f"{_number(row.value)} {row.unit}".rstrip(), mark, row.verdict, row.note))
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    shown = (
        f"{a:<{widths[0]}}  {b:>{widths[1]}}  {c:>{widths[2]}}  {d:<{widths[3]}}  {e}".rstrip()
        for a, b, c, d, e in cells
    )
    return "\n".join((f"== {report.proof}", *shown))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:,.2f}".rstrip("0")


def write(report: Report, circumstances: Mapping[str, Any], directory: Path) -> Path:
    """The same for a program, one file a proof."""
    directory.mkdir(parents=True, exist_ok=True)
    rows = [{**asdict(row), "verdict": row.verdict} for row in report.rows]
    document = {"proof": report.proof, **circumstances, "rows": rows, "numbers": report.numbers}
    path = directory / f"{report.proof}.json"
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    return path


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of them do not exceed. Raises IndexError when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]
