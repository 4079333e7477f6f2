"""Which records of a log cannot be what they say: forgeries.yaml (add yours there), read both quickly and with care."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from kit.log_samples import join_records
from kit.postgres_heads import PREFIX, written
from kit.quick_postgres import check
from whodid.formats import Format, make_format
from whodid.formats.format import FormatSettings
from whodid.formats.postgres_witness import Sessions

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "forgeries.yaml").read_text("utf-8"))


def records(text: str, prefix: str) -> tuple[Format, list[str]]:
    settings = FormatSettings(line_prefix=prefix)
    joined = join_records(make_format("postgres", settings), written(text, prefix).rstrip("\n").split("\n"))
    return make_format("postgres", settings), joined


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    log, texts = records(case["log"], case.get("prefix", PREFIX))
    left = dict(case.get("suspect", {}))
    for text in texts:
        told = log.parse(text).attributes
        named = next((piece for piece in left if piece in text), None)
        if named is None:
            assert "trust" not in told, f"{text}: {told['trust_why']}"
        else:
            assert left.pop(named) in told.get("trust_why", "it is trusted"), text
            assert told["trust"] == "suspect"
    assert not left, "no such records"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_both_ways_agree(case: dict[str, Any]) -> None:
    check(case.get("prefix", PREFIX), records(case["log"], case.get("prefix", PREFIX))[1])


def test_the_memory_is_bounded() -> None:
    sessions = Sessions()
    for pid in range(50_000):
        sessions.of(str(pid), {"client": "10.0.0.1"}, 0, "connection received: host=10.0.0.1 port=5", own=True)
    assert len(sessions.by_pid) <= 20_000


@pytest.mark.parametrize("format", ["postgres_json", "postgres_csv"])
def test_the_other_logs_count_their_lines_as_well(format: str) -> None:
    log = make_format(format, FormatSettings())

    def line(number: int) -> str:
        if format == "postgres_json":
            return (
                f'{{"user":"a","pid":7,"session_id":"6b.7","line_num":{number},"error_severity":"LOG","message":"x"}}'
            )
        stamp = "2026-11-23 06:32:35.186 UTC"
        return f'{stamp},"a","b",7,"[local]",6b.7,{number},"idle",{stamp},3/9,0,LOG,00000,"x",,,,,,,,,"","",,0'

    told = [log.parse(line(number)).attributes.get("trust_why", "") for number in (7, 8, 10, 10)]
    assert told == [
        "",
        "",
        "line 10 of the session follows line 8",
        "line 10 of the session comes again, after line 10",
    ]
