"""A source that is read in the wrong way is told, once, and only when nothing of it is understood."""

import logging
from pathlib import Path

import pytest

from kit.agent_parts import TinyFormat
from whodid.agent.misread import TAIL_BYTES, Misread, misread_tail
from whodid.agent.settings import SourceSettings
from whodid.formats import FormatSettings, make_format

TINY = SourceSettings("j", "tiny", ("/a",))


def test_the_first_records_are_all_unread(caplog: pytest.LogCaptureFixture) -> None:
    misread = Misread(SourceSettings("database", "postgres", ("/a",), line_prefix="%t "))
    for records in (12, 0, 7):
        misread.look("/a", records, records)
    assert caplog.messages == []
    for _ in range(5):
        misread.look("/b", 1, 1)
    assert caplog.messages == [
        'job database: /b: none of its first 20 records begins with line_prefix "%t "; '
        "set it to what SHOW log_line_prefix prints"
    ]
    assert caplog.records[0].levelno == logging.WARNING


def test_in_an_envelope_it_is_what_is_inside_that_is_told(caplog: pytest.LogCaptureFixture) -> None:
    misread = Misread(SourceSettings("docker", "docker", ("/a",), options={"inner": "nginx_access"}))
    misread.look("/a", 20, 20)
    assert caplog.messages == ["job docker: /a: none of its first 20 records is understood as nginx_access"]


def test_one_record_that_is_read_settles_it(caplog: pytest.LogCaptureFixture) -> None:
    misread = Misread(TINY)
    misread.look("/a", 19, 19)
    misread.look("/a", 100, 99)
    misread.look("/a", 100, 100)
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("content", "wrong_lines"),
    [
        (b"", 0),
        (b"no\n" * 4, 0),
        (b"no\n" * 4 + b"no", 0),
        (b"\n" * 9, 0),
        (b"no\n" * 5, 5),
        (b"no\n" * 5 + b"1 yes\n", 0),
        (b"\tfurther\n" * 9, 0),
        (b"\xff\0\n" * 5, 5),
        (b"1 yes\n" + b"x" * TAIL_BYTES + b"\n" + b"no\n" * 5, 5),
        (b"x" * 3 * TAIL_BYTES + b"\n", 0),
    ],
)
def test_the_end_of_a_file(tmp_path: Path, content: bytes, wrong_lines: int) -> None:
    file = tmp_path / "a.log"
    file.write_bytes(content)
    told = f"none of its last {wrong_lines} lines is understood as tiny" if wrong_lines else None
    assert misread_tail(TINY, file, TinyFormat()) == told


def test_programs_that_auth_does_not_know_are_no_reason(tmp_path: Path) -> None:
    file = tmp_path / "auth.log"
    file.write_text("2026-11-23T06:32:35.186+00:00 db1 stranger[7]: something unheard of\n" * 9)
    assert misread_tail(SourceSettings("auth", "auth", ()), file, make_format("auth", FormatSettings())) is None


def test_without_a_prefix_debian_s_and_postgresql_s_own_are_read() -> None:
    """Both, since the one reads the other's lines."""
    for who in ("", "noa@shop "):
        line = f"2026-11-23 06:32:35.186 UTC [10317] {who}LOG:  statement: select 1"
        parsed = make_format("postgres", FormatSettings()).parse(line)
        assert (parsed.understood, parsed.attributes.get("user")) == (True, "noa" if who else None)
        assert parsed.attributes["statement"] == "select 1"
