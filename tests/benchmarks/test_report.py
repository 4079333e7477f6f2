"""How numbers are judged and shown."""

import json
from pathlib import Path

import pytest

from benchmarks.report import Report, Row, at_least, at_most, quantile, table, write

REPORT = Report(
    "some",
    [
        Row("push", 310_000, "lines/s", at_least(300_000), "p99 70 ms"),
        Row("needle", 41.26, "ms", at_most(40)),
        Row("memory", 512, "MiB"),
    ],
    {"lines": 7},
)


def test_a_mark_is_a_floor_or_a_ceiling_and_may_be_met_exactly() -> None:
    verdicts = [Row("", value, "", mark).verdict for mark in (at_most(40), at_least(40)) for value in (39.9, 40, 40.1)]
    assert verdicts == ["ok", "ok", "MISSED", "MISSED", "ok", "ok"]
    assert Row("", 1, "").verdict == ""


def test_the_table_has_the_mark_beside_the_number() -> None:
    lines = [line.split() for line in table(REPORT).splitlines()]
    assert lines == [
        ["==", "some"],
        ["measured", "mark"],
        ["push", "310,000", "lines/s", "≥", "300,000", "ok", "p99", "70", "ms"],
        ["needle", "41.26", "ms", "≤", "40", "MISSED"],
        ["memory", "512", "MiB"],
    ]


def test_the_file_holds_rows_numbers_and_circumstances(tmp_path: Path) -> None:
    path = write(REPORT, {"machine": "2 cores"}, tmp_path / "results")
    assert path.name == "some.json"
    document = json.loads(path.read_text())
    assert (document["proof"], document["machine"], document["numbers"]) == ("some", "2 cores", {"lines": 7})
    assert [row["verdict"] for row in document["rows"]] == ["ok", "MISSED", ""]
    assert document["rows"][1]["mark"] == {"bound": 40, "at_least": False}


@pytest.mark.parametrize(("share", "value"), [(0, 1), (0.5, 50), (0.95, 95), (0.99, 99), (1, 100)])
def test_quantiles(share: float, value: int) -> None:
    assert quantile(list(range(100, 0, -1)), share) == value


def test_a_single_value_is_every_quantile() -> None:
    assert {quantile([7.0], share) for share in (0, 0.5, 0.99, 1)} == {7.0}
    with pytest.raises(IndexError):
        quantile([], 0.5)
