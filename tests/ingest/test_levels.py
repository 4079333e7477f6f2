"""The level of a line: the cases of levels.cases, all stored in one push."""

import json
import re
from pathlib import Path
from typing import NamedTuple

from kit.ingest_bench import IngestBench
from whodid.model.entry import Entry, Stream
from whodid.wire.push_protobuf import encode_push


class Case(NamedTuple):
    where: str
    level: str
    line: str
    metadata: dict[str, str]
    labels: dict[str, str]


def read_cases(path: Path) -> list[Case]:
    cases = []
    for number, text in enumerate(path.read_text().splitlines(), 1):
        if not text or text.startswith("#"):
            continue
        level, rest = re.split(r" {2}", text, maxsplit=1)
        line, _, more = rest.partition(" %% ")
        extra = json.loads(more or "{}")
        # The column is ten wide; blanks beyond it belong to the line.
        line = text[10:].partition(" %% ")[0] if len(level) < 9 else line
        cases.append(Case(f"{path.name}:{number}", level, line, extra.get("metadata", {}), extra.get("labels", {})))
    return cases


CASES = read_cases(Path(__file__).parent / "levels.cases")


async def test_every_case_has_its_level(bench: IngestBench) -> None:
    streams = [Stream(case.labels, [Entry(bench.now + n, case.line, case.metadata)]) for n, case in enumerate(CASES)]
    first = bench.now
    assert await bench.push(encode_push(streams)) == []
    found = {row.ns - first: row.level for row in await bench.rows()}
    wrong = [f"{c.where}: {c.level}, not {found[n]}: {c.line}" for n, c in enumerate(CASES) if found[n] != c.level]
    assert wrong == []


def test_there_are_cases() -> None:
    assert len(CASES) > 50
    assert {case.level for case in CASES} >= {"trace", "debug", "info", "warn", "error", "critical", "fatal", "unknown"}
