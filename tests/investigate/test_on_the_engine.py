"""`find` over the real query engine: the December story in a store, asked in real LogQL."""

from pathlib import Path

from kit.parsed_files import rows_of_file
from kit.query_bench import QueryBench
from whodid.cli.december import CULPRIT, write_story
from whodid.formats.format import FormatSettings
from whodid.investigate import find
from whodid.model.clock import SECOND, parse_rfc3339
from whodid.model.result import Row, Streams
from whodid.query.engine import RangeRequest

END = parse_rfc3339("2026-12-23T00:07:30Z")
ROWS = 5000


async def test_the_story_is_solved_by_the_real_queries(tmp_path: Path) -> None:
    story, bench = write_story(tmp_path, END), QueryBench()
    settings = FormatSettings(line_prefix=story.line_prefix)
    for file in story.files:
        rows = rows_of_file(file.path, file.job, file.format, settings)
        await bench.load(rows[0].labels, [(row.ns, row.line, row.metadata) for row in rows])
    answers: list[int] = []

    async def fetch(query: str, start_ns: int, end_ns: int) -> list[Row]:
        request = RangeRequest(query, start_ns, end_ns, SECOND, ROWS, "forward", tenant=bench.tenant)
        result = await bench.engine.range(request)
        assert isinstance(result, Streams)
        answers.append(len(result.rows))
        return result.rows

    findings = await find(fetch, story.people, END - 3600 * SECOND, END)
    told = [(finding.operation, finding.outcome, finding.person.id, finding.person.verdict) for finding in findings]
    assert told == [(word, "completed", CULPRIT, "strong") for word in ("DROP TRIGGER", "DELETE", "TRUNCATE")]
    # The store holds some two thousand lines; what was asked for is what bears on three sessions.
    assert sum(answers) < 60
