"""The three logs of one server, of the same events (recorded by recorded/record.py from PostgreSQL 13, 15 and 18).

Nobody can forge a field of the CSV and JSON logs, so they are the authority: whatever the text log is read as must
agree with them, attribute by attribute. In the recordings hostile clients try to look like others, in every way that
recorded/record.py knows.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

from kit.log_samples import join_records
from whodid.formats import Parsed, make_format
from whodid.formats.format import FormatSettings

RECORDED = Path(__file__).parent / "recorded"
PREFIX = "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h "
VERSIONS = (13, 15, 18)
FORMATS = {"log": "postgres", "csv": "postgres_csv", "json": "postgres_json"}
ELSEWHERE = {"line_no", "session", "backend", "txid", "query_id", "sqlstate", "imitates", "trust", "trust_why"}
"""What the text log does not hold, counts otherwise, or says because it can be forged."""
BOTH = [(version, "json" if version > 13 else "csv") for version in VERSIONS]


@lru_cache
def records(version: int, kind: str, name: str = "postgresql") -> list[str]:
    lines = (RECORDED / f"{name}-{version}.{kind}").read_text("utf-8").split("\n")[:-1]
    return join_records(make_format(FORMATS[kind], FormatSettings(line_prefix=PREFIX)), lines)


@lru_cache
def parsed(version: int, kind: str, name: str = "postgresql") -> list[Parsed]:
    log = make_format(FORMATS[kind], FormatSettings(line_prefix=PREFIX))
    return [log.parse(record) for record in records(version, kind, name)]


def side_by_side(version: int, one: str, other: str) -> Iterator[tuple[Parsed, Parsed]]:
    """Each process writes its records in order, whatever the order of the processes."""
    found: tuple[dict[str, list[Parsed]], dict[str, list[Parsed]]] = (defaultdict(list), defaultdict(list))
    for kind, by_pid in zip((one, other), found, strict=True):
        for record in parsed(version, kind):
            by_pid[record.attributes["pid"]].append(record)
    assert found[0].keys() == found[1].keys()
    for pid, told in found[0].items():
        yield from zip(told, found[1][pid], strict=True)


@pytest.mark.parametrize(("version", "authority"), BOTH)
def test_the_text_log_says_what_the_authority_says(version: int, authority: str) -> None:
    compared = 0
    for text, known in side_by_side(version, "log", authority):
        assert text.understood and known.understood
        assert without(text, ELSEWHERE) == without(known, ELSEWHERE), text.line
        assert text.ns is not None and known.ns is not None
        assert abs(text.ns - known.ns) < 2 * 10**9  # %t has no fraction, and they are stamped in turn
        assert text.attributes.get("session", known.attributes["session"]) == known.attributes["session"]
        compared += 1
    assert compared > 200


@pytest.mark.parametrize("version", [15, 18])
def test_csv_says_what_json_says(version: int) -> None:
    for csv, json_ in side_by_side(version, "csv", "json"):
        assert csv.understood and json_.understood
        assert csv.attributes == json_.attributes
        assert csv.ns is not None and json_.ns is not None
        assert abs(csv.ns - json_.ns) < 10**9


def without(record: Parsed, names: set[str]) -> dict[str, str]:
    return {name: value for name, value in record.attributes.items() if name not in names}


@pytest.mark.parametrize(("version", "authority"), BOTH)
def test_each_record_alone_is_read_rightly_too(version: int, authority: str) -> None:
    """As after a restart in the middle: no session is known, so forged lines are told by their structure only."""
    known: dict[str, list[Parsed]] = defaultdict(list)
    for record in parsed(version, authority):
        known[record.attributes["pid"]].append(record)
    for text in records(version, "log"):
        alone = make_format("postgres", FormatSettings(line_prefix=PREFIX)).parse(text).attributes
        right = known[alone["pid"]].pop(0).attributes
        names = ["user", "client", "app", "db", "statement"] + ["operation"] * ("silent" not in right)
        assert {name: alone.get(name) for name in names} == {name: right.get(name) for name in names}, text


@pytest.mark.parametrize("version", VERSIONS)
def test_exactly_the_forged_lines_are_suspect(version: int) -> None:
    """The text log marks each name that looks like a line, and each line that a function put in; the others say of the
    names that they tried."""
    for text, known in side_by_side(version, "log", "csv"):
        assert (text.attributes.get("trust") == "suspect") == (
            "imitates" in known.attributes or "trust" in known.attributes
        )
        assert ("trust" in text.attributes) == ("trust_why" in text.attributes)
        assert known.attributes.get("trust_why") in (None, text.attributes.get("trust_why"))
    put_in = [one for one in parsed(version, "csv") if "trust" in one.attributes]
    assert len(put_in) == 7
    assert all("RAISE" in one.attributes["context"] and "operation" not in one.attributes for one in put_in)
    assert "7" not in {one.attributes["pid"] for one in parsed(version, "log")}, "a forged packet became a line"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", FORMATS)
def test_nobody_is_blamed_for_what_they_did_not_run(version: int, kind: str) -> None:
    """anna works from 127.0.0.2. Whatever others had written into the log, her lines are those that she ran."""
    if kind == "json" and version < 15:
        return
    hers = [one.attributes for one in parsed(version, kind) if one.attributes.get("client") == "127.0.0.2"]
    assert [one["statement"] for one in hers if "statement" in one] == ["SELECT 1", "SELECT 2", "SELECT 5"]
    assert {one.get("user", "anna") for one in hers} == {"anna"}
    assert not [one for one in hers if one.get("trust") == "suspect"]
    assert hers[-1]["operation"] == "disconnect"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", FORMATS)
def test_every_change_of_logging_is_told(version: int, kind: str) -> None:
    if kind == "json" and version < 15:
        return
    told = [one.attributes for one in parsed(version, kind) if one.attributes.get("operation") == "logging_changed"]
    silent = [one["silent"] for one in told if "silent" in one]
    assert [one.split(",")[0] for one in silent] == [
        "nothing was logged of the session",
        "nothing was logged of the session after it had changed log_statement",
    ]
    refused = [one for one in told if one.get("severity") == "FATAL"]
    assert [(one["user"], one["setting"]) for one in refused] == [("anna", "log_statement")]
    settings = [one["setting"] for one in told if one.get("severity") == "LOG" and "statement" in one]
    assert settings == ["log_statement"] * 3 + ["ALL", "log_statement", "log_min_duration_statement", "ALL"] + [
        "log_min_duration_statement",
        "log_statement",
        "log_statement",
    ]
    assert [one["setting"] for one in told if "user" not in one] == ["log_statement", "log_min_duration_statement"] * 2


@pytest.mark.parametrize(
    "name", [f"postgresql-{version}.{kind}" for version, kind in [(13, "csv"), (15, "log"), (15, "json")]]
)
def test_no_secret_is_kept(name: str) -> None:
    text = (RECORDED / name).read_text(encoding="utf-8")
    assert "first-secret" in text and "second-secret" in text
    version, kind = name.removeprefix("postgresql-").split(".")
    kept = [part for one in parsed(int(version), kind) for part in (one.line, *one.attributes.values())]
    assert not [line for line in kept if "-secret" in line]
    assert [line for line in kept if "<redacted:password>" in line]


@pytest.mark.parametrize("kind", FORMATS)
def test_pgaudit(kind: str) -> None:
    """Its record repeats a statement that has a line of its own; what runs inside of a DO has no other. It was recorded
    with the same sessions in all three logs."""
    told = [one.attributes for one in parsed(15, kind, "pgaudit") if "command" in one.attributes]
    assert [(one["operation"], one["command"], one["rows"]) for one in told] == [
        ("audit", "CREATE TABLE", "0"),
        ("audit", "INSERT", "2"),
        ("audit", "DO", "0"),
        ("TRUNCATE", "TRUNCATE TABLE", "0"),
        ("audit", "DELETE", "0"),
        ("audit", "SELECT", "1"),
        ("ALTER ROLE", "ALTER ROLE", "0"),  # pgaudit masks the password, so the texts differ
        ("audit", "INSERT", "1"),
        ("audit", "SELECT", "1"),
    ]
    nested = told[3]
    assert (nested["table"], nested["statement"], nested["client"]) == ("w", "TRUNCATE w", "127.0.0.3")
    assert not [one for one in parsed(15, kind, "pgaudit") if "trust" in one.attributes]


def test_a_masked_json_record_is_still_json() -> None:
    log = make_format("postgres_json", FormatSettings())
    record = json.dumps({"error_severity": "LOG", "pid": 1, "message": "statement: ALTER ROLE a PASSWORD 'x\"y'"})
    assert json.loads(log.parse(record).line)["message"] == "statement: ALTER ROLE a PASSWORD '<redacted:password>'"
