"""`find` on the cases in cases/*.yaml: rows in, findings out. Add a case there, not here."""

from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from kit.stories import Log, instant, people_of, rows_of
from whodid.investigate import find, has_deeds
from whodid.investigate.finding import Finding
from whodid.investigate.who import TooManyStatementsError

CASES = Path(__file__).parent / "cases"
PEOPLE = yaml.safe_load((CASES / "people.yaml").read_text())
FILES = sorted(path for path in CASES.glob("*.yaml") if path.name != "people.yaml")
ALL = [
    pytest.param(case, id=f"{path.stem}: {case['case']}") for path in FILES for case in yaml.safe_load(path.read_text())
]
START, END = instant("01:00:00"), instant("06:00:00")


def told(finding: Finding) -> dict[str, Any]:
    """A finding under the names that the cases use."""
    printed = finding.to_json()
    person = printed["person"]
    lines = [evidence["line"] for evidence in person["because"]]
    return {
        **{name: printed[name] for name in ("at", "statement", "session", "client", "trust")},
        "is": f"{finding.operation} {finding.object} -> {finding.outcome}",
        "why": finding.outcome_why,
        "trust_why": printed.get("why", ""),
        "verdict": person["verdict"],
        "person": person["id"],
        "kinds": [evidence["kind"] for evidence in person["because"]],
        "line": lines[0] if lines else "",
        "alternatives": [other["id"] for other in person["alternatives"]],
    }


@pytest.mark.parametrize("case", ALL)
async def test_case(case: dict[str, Any]) -> None:
    log = Log(rows_of(case["rows"]))
    findings = await find(log.fetch, people_of(case.get("people", PEOPLE)), START, END, tuple(case.get("words", ())))
    answers = [told(finding) for finding in findings]
    assert [answer["is"] for answer in answers] == [wanted["is"] for wanted in case["findings"]]
    for answer, wanted in zip(answers, case["findings"], strict=True):
        for name, value in wanted.items():
            if name in ("why", "trust_why"):
                assert value in answer[name]
            elif name == "session":
                assert fnmatch(answer[name], value)
            else:
                assert answer[name] == value, name


async def test_the_json_is_the_promised_shape() -> None:
    log = Log(
        rows_of("""
        03:52:50.5 ssh login @user=deploy @client=192.0.2.77 @port=5001 @key=SHA256:noa
        03:53:06 db 41 connect @client=192.0.2.77
        03:53:06 db 41 login @user=shop @db=store @app=psql
        03:53:07 db 41 sql TRUNCATE "User" CASCADE;
        03:53:07 db 41 duration
    """)
    )
    [finding] = await find(log.fetch, people_of(PEOPLE), START, END)
    assert finding.to_json() == {
        "at": "2026-11-23T03:53:07Z",
        "operation": "TRUNCATE",
        "object": "User",
        "statement": 'TRUNCATE "User" CASCADE;',
        "outcome": "completed",
        "account": "shop",
        "client": "192.0.2.77",
        "app": "psql",
        "database": "store",
        "session": f"{instant('03:53:06') // 10**9:x}.29",
        "trust": "ok",
        "person": {
            "id": "noa",
            "name": "Noa Adler",
            "verdict": "strong",
            "because": [
                {
                    "kind": "ssh_key_same_address",
                    "at": "2026-11-23T03:52:50.5Z",
                    "line": "Accepted publickey for deploy from 192.0.2.77 port 5001 ssh2: ED25519 SHA256:noa",
                }
            ],
            "alternatives": [],
        },
    }


async def test_only_the_interval_is_answered_but_the_session_is_read_beyond_it() -> None:
    log = Log(
        rows_of("""
        00:59:58 db 41 connect @client=192.0.2.14
        00:59:59 db 41 sql TRUNCATE early
        00:59:59 db 41 duration
        01:00:00 db 41 sql BEGIN
        05:59:59 db 41 sql TRUNCATE late
        06:00:10 db 41 sql COMMIT
        06:00:10 db 41 duration
        06:00:11 db 41 sql TRUNCATE later
    """)
    )
    findings = await find(log.fetch, (), START, END)
    assert [(finding.object, finding.outcome) for finding in findings] == [("late", "completed")]


async def test_the_number_of_queries_is_bounded() -> None:
    lines = []
    for hour in range(1, 6):
        for minute in range(0, 60, 7):
            pid = hour * 100 + minute
            lines.append(f"{hour:02}:{minute:02}:00 db {pid} connect @client=192.0.2.{minute + 1}")
            lines.append(f"{hour:02}:{minute:02}:01 db {pid} sql TRUNCATE t{pid}")
            lines.append(f"{hour:02}:{minute:02}:02 db {pid} duration")
    log = Log(rows_of("\n".join(lines)))
    findings = await find(log.fetch, people_of(PEOPLE), START, END)
    assert len(findings) == 45
    assert {finding.outcome for finding in findings} == {"completed"}
    assert [finding.at_ns for finding in findings] == sorted(finding.at_ns for finding in findings)
    assert len(log.asked) <= 12


async def test_nothing_dangerous_costs_one_query() -> None:
    log = Log(rows_of("03:53:07 db 41 sql SELECT 1"))
    assert await find(log.fetch, (), START, END) == []
    assert len(log.asked) == 1


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("03:53:07 db 41 sql SELECT 1", True),
        ("03:53:07 db 41 sql @job=shop SELECT 1", True),
        ("06:53:07 db 41 sql SELECT 1", False),
        ('03:53:07 db 41 sql @operation="" SELECT 1', False),
        ("03:53:07 ssh login @user=deploy", False),
        ("03:53:07 web GET @status=200", False),
        ("", False),
    ],
)
async def test_whether_there_was_anything_to_judge(row: str, told: bool) -> None:
    assert await has_deeds(Log(rows_of(row)).fetch, START, END) is told


async def test_too_many_are_refused_and_never_cut_silently(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whodid.investigate.who.MAX_CANDIDATES", 40)
    [row] = rows_of("03:53:07 db 41 sql DELETE FROM a")
    log = Log([row] * 41)
    with pytest.raises(TooManyStatementsError, match="narrow it"):
        await find(log.fetch, (), START, END)
    assert await find(log.fetch, (), START, END, ["truncate"]) == []
