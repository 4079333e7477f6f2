"""The December story: the same every time, inside its twenty minutes, and solved by what reads it."""

from pathlib import Path

from kit.parsed_files import rows_of_file
from kit.stories import Log
from whodid.cli.december import CULPRIT, write_story
from whodid.formats.format import FormatSettings
from whodid.investigate import find, headline
from whodid.model.clock import SECOND, parse_rfc3339

END = parse_rfc3339("2026-12-23T00:07:30Z")
START = END - 20 * 60 * SECOND


def test_the_same_end_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = write_story(tmp_path / "one", END), write_story(tmp_path / "two", END)
    assert [file.path.read_bytes() for file in first.files] == [file.path.read_bytes() for file in second.files]
    assert all(len(file.path.read_text().splitlines()) > 20 for file in first.files)


def test_every_line_is_understood_and_lies_in_the_last_twenty_minutes(tmp_path: Path) -> None:
    story = write_story(tmp_path, END)
    settings = FormatSettings(line_prefix=story.line_prefix)
    for file in story.files:
        rows = rows_of_file(file.path, file.job, file.format, settings)
        assert all(START <= row.ns < END for row in rows), file.path
        assert all(row.metadata for row in rows), file.path
        assert [row.ns for row in rows] == sorted(row.ns for row in rows), file.path


async def test_the_story_is_solved(tmp_path: Path) -> None:
    story = write_story(tmp_path, END)
    settings = FormatSettings(line_prefix=story.line_prefix)
    log = Log([row for file in story.files for row in rows_of_file(file.path, file.job, file.format, settings)])
    findings = await find(log.fetch, story.people, START, END)
    assert [(finding.operation, finding.outcome) for finding in findings] == [
        ("DROP TRIGGER", "completed"),
        ("DELETE", "completed"),
        ("TRUNCATE", "completed"),
    ]
    for finding in findings:
        assert (finding.person.id, finding.person.verdict, finding.trust) == (CULPRIT, "strong", "ok")
        assert [evidence.kind for evidence in finding.person.because] == ["ssh_key_same_address"]
    assert headline(findings).startswith('TRUNCATE "User" took effect at ')
    assert (
        'by Noa Adler (strong): their SSH key was used from the same address – "Accepted publickey for deploy'
        in headline(findings)
    )
