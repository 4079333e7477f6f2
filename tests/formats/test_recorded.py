"""The text log against the JSON log of the same server and the same events (recorded from PostgreSQL 15, see SOURCE).

jsonlog escapes every name, so it is the authority: whatever the text log is read as must agree with it.
"""

import json
from collections import defaultdict
from pathlib import Path

import pytest

from kit.log_samples import join_records
from whodid.formats import Parsed, make_format
from whodid.formats.format import FormatSettings

RECORDED = Path(__file__).parent / "recorded"
PREFIX = "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h "
SAME = ("user", "client", "app", "db", "pid", "operation", "table", "statement", "severity", "outcome", "duration_ms",
        "detail", "hint", "context", "identity", "method")  # fmt: skip


def text_records() -> list[str]:
    text = (RECORDED / "postgresql-15.log").read_text(encoding="utf-8")
    return join_records(make_format("postgres", FormatSettings(line_prefix=PREFIX)), text.split("\n")[:-1])


def by_pid(parsed: list[Parsed]) -> dict[str, list[Parsed]]:
    found: dict[str, list[Parsed]] = defaultdict(list)
    for one in parsed:
        found[one.attributes["pid"]].append(one)
    return found


def json_records() -> dict[str, list[Parsed]]:
    log = make_format("postgres_json", FormatSettings())
    text = (RECORDED / "postgresql-15.json").read_text(encoding="utf-8")
    return by_pid([log.parse(line) for line in text.split("\n")[:-1]])


def test_the_text_log_says_what_the_json_log_says() -> None:
    log = make_format("postgres", FormatSettings(line_prefix=PREFIX))
    texts, jsons = by_pid([log.parse(record) for record in text_records()]), json_records()
    assert texts.keys() == jsons.keys()
    compared = 0
    for pid, expected in jsons.items():
        assert len(texts[pid]) == len(expected)
        for text, authority in zip(texts[pid], expected, strict=True):
            assert text.understood and authority.understood
            got = {name: text.attributes.get(name) for name in SAME}
            assert got == {name: authority.attributes.get(name) for name in SAME}, text.line
            assert text.ns is not None and authority.ns is not None
            assert abs(text.ns - authority.ns) < 2 * 10**9  # %t has no fraction, and the two are stamped in turn
            if "session" in text.attributes:
                assert text.attributes["session"] == authority.attributes["session"]
            compared += 1
    assert compared > 110


def test_each_record_alone_is_read_rightly_too() -> None:
    """As after a restart in the middle: no session is known, so forged lines are told by their structure only."""
    jsons = json_records()
    position: dict[str, int] = defaultdict(int)
    for record in text_records():
        alone = make_format("postgres", FormatSettings(line_prefix=PREFIX)).parse(record)
        pid = alone.attributes["pid"]
        authority = jsons[pid][position[pid]]
        position[pid] += 1
        for name in ("user", "client", "app", "db", "operation", "statement"):
            assert alone.attributes.get(name) == authority.attributes.get(name), record


def test_exactly_the_forged_lines_are_suspect() -> None:
    log = make_format("postgres", FormatSettings(line_prefix=PREFIX))
    parsed = [log.parse(record) for record in text_records()]
    suspect = [one.line for one in parsed if one.attributes.get("trust") == "suspect"]
    assert len(suspect) == 7
    assert all("app=x,client=10.0.0.1" in line or "user=x\n" in line for line in suspect)
    assert all("trust_why" in one.attributes for one in parsed if "trust" in one.attributes)
    assert "7" not in by_pid(parsed), "the forged startup packet became a line of its own"


@pytest.mark.parametrize("name", ["postgresql-15.log", "postgresql-15.json"])
def test_no_secret_is_kept(name: str) -> None:
    log = make_format("postgres_json" if name.endswith("json") else "postgres", FormatSettings(line_prefix=PREFIX))
    text = (RECORDED / name).read_text(encoding="utf-8")
    assert "first-secret" in text and "second-secret" in text
    kept = []
    for record in join_records(log, text.split("\n")[:-1]):
        parsed = log.parse(record)
        kept += [parsed.line, *parsed.attributes.values()]
    assert not [line for line in kept if "-secret" in line]
    assert [line for line in kept if "<redacted:password>" in line]


def test_a_masked_json_record_is_still_json() -> None:
    log = make_format("postgres_json", FormatSettings())
    record = json.dumps({"error_severity": "LOG", "pid": 1, "message": "statement: ALTER ROLE a PASSWORD 'x\"y'"})
    assert json.loads(log.parse(record).line)["message"] == "statement: ALTER ROLE a PASSWORD '<redacted:password>'"
