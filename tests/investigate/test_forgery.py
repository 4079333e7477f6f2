"""Nobody is blamed for what a hostile client had written into the log: real recordings and invented logs, to the end.

The logs are those of tests/formats (recorded/, forgeries.yaml); here they are read by their formats and asked.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from kit.log_samples import join_records
from kit.postgres_heads import PREFIX, written
from kit.stories import Log
from whodid.formats import make_format
from whodid.formats.format import FormatSettings
from whodid.investigate import find
from whodid.investigate.finding import Finding
from whodid.model.person import Person
from whodid.model.result import Row

FORMATS_TESTS = Path(__file__).parents[1] / "formats"
CASES: list[dict[str, Any]] = yaml.safe_load((FORMATS_TESTS / "forgeries.yaml").read_text("utf-8"))
FORMATS = {"log": "postgres", "csv": "postgres_csv", "json": "postgres_json"}
RECORDINGS = [(13, "log"), (13, "csv"), (15, "log"), (15, "csv"), (15, "json"), (18, "log"), (18, "json")]


def person(name: str, address: str) -> Person:
    return Person(id=name, name=name, addresses=(address,))


async def findings(text: str, kind: str, prefix: str, people: tuple[Person, ...]) -> list[Finding]:
    settings = FormatSettings(line_prefix=prefix)
    log = make_format(FORMATS[kind], settings)
    labels = {"job": "database", "host": "prod", "filename": f"/var/log/postgresql.{kind}"}
    rows = []
    for seq, record in enumerate(join_records(make_format(FORMATS[kind], settings), text.rstrip("\n").split("\n")), 1):
        parsed = log.parse(record)
        assert parsed.ns is not None
        rows.append(Row(parsed.ns, parsed.line, labels, parsed.attributes, {}, seq))
    return await find(Log(rows).fetch, people, rows[0].ns, rows[-1].ns + 10**9)


@pytest.mark.parametrize(("version", "kind"), RECORDINGS)
async def test_recordings(version: int, kind: str) -> None:
    """The victim works from 127.0.0.2 and only selects; the attacker is at 127.0.0.3."""
    text = (FORMATS_TESTS / "recorded" / f"postgresql-{version}.{kind}").read_text("utf-8")
    found = await findings(text, kind, PREFIX, ())
    assert "127.0.0.2" not in {one.client for one in found}
    deeds = [(one.account, one.operation, one.outcome, one.trust) for one in found if one.client == "127.0.0.3"]
    # In the text log his disguised lines are no witnesses, so that of what he did as himself the outcome stays open.
    disguised, outcome = ("suspect", "unknown") if kind == "log" else ("ok", "completed")
    assert deeds == [("bob", "DELETE", "completed", disguised), ("bob", "DELETE", outcome, "ok")]
    told = {(one.operation, one.object, one.outcome) for one in found if one.client == "127.0.0.1"}
    assert ("TRUNCATE", "User", "rolled_back") in told and ("DROP TABLE", "User", "completed") not in told


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
async def test_invented_logs(case: dict[str, Any]) -> None:
    """10.9.9.9 is the address that forged lines name; its owner never did anything."""
    prefix = case.get("prefix", PREFIX)
    found = await findings(written(case["log"], prefix), "log", prefix, (person("victim", "10.9.9.9"),))
    assert all(one.trust == "suspect" for one in found), "a forged statement is believed"
    blamed = [one.person.verdict for one in found if one.person.id == "victim"]
    # Where nothing at all is known of a session, both of two that contradict each other are doubted.
    assert blamed == (["weak"] if "just begun" in case["name"] else [])
